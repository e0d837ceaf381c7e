// The layers on which the lanes are compared: real ones of ResNet-20, and one of VGG16's size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/lanes/patterns.hpp"
#include "host/network/network.hpp"

namespace crossloop::bench {

/// Float weights of a convolution, unpruned, and how many windows an image has.
struct FloatLayer {
  lanes::LayerGeometry geometry;
  std::vector<float> weights;  ///< [outputs][inputs()]
  std::size_t windows = 0;
};

/// A 3 x 3 convolution of models/resnet20_cifar10.onnx by name.
FloatLayer resnet20_layer(const std::string& name);

/// How unequal the channels of trained layers are: standard deviations of log(rms weight) over
/// output and over input channels.
struct ChannelSpread {
  double outputs = 0.0;
  double inputs = 0.0;
};

/// The root of the mean square over the 3 x 3 convolutions of that model with at least `channels`
/// input channels.
ChannelSpread resnet20_spread(int channels);

/// conv5 of VGG16, 512 x 512 x 3 x 3 at 14 x 14: weights normal as of He et al. 2015, times a
/// log-normal factor for each output and each input channel (trained weights are not at hand).
FloatLayer vgg16_layer(const ChannelSpread& spread, std::uint64_t seed);

/// The layer in 8 bits, per channel: w_q = round(127 w / max |w|), max before pruning.
std::vector<std::int8_t> dense_weights(const FloatLayer& layer);
/// 4 of every 16 kept, (g, p) = (16, 12).
std::vector<std::int8_t> balanced_weights(const FloatLayer& layer);
/// The smallest 75 % of the layer zeroed, wherever they are.
std::vector<std::int8_t> unstructured_weights(const FloatLayer& layer);

}  // namespace crossloop::bench
