// The families of the zoo; each writes one network into its builder and returns the output. Inputs
// have been checked against the sizes that zoo.cpp states.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "host/network/zoo_builder.hpp"

namespace crossloop::network {

std::string linear_classifier(Builder& b);

/// The variant with full connections, rectifiers, max pools and linear layers at the end: 61,706
/// parameters for grey images of 10 classes, where the paper connects some maps only.
std::string lenet5(Builder& b);

/// "One weird trick for parallelizing convolutional neural networks": without response
/// normalisation, as torchvision has it.
std::string alexnet(Builder& b);

/// The channels of the 3x3 convolutions of each stage; a 2x2 max pool ends the stage.
using VggStages = std::vector<std::vector<int>>;

/// The convolutions have biases, beside batch norms too, as torchvision's.
std::string vgg(Builder& b, const VggStages& stages, bool batch_norm);

/// Six convolutions with batch norm and without biases in three stages of `width`, twice and four
/// times as many channels, and two linear layers, the first of 8 * width features.
std::string vgg8(Builder& b, int width);

/// What a residual block adds to its result where its shape changes.
enum class Shortcut {
  kProjection,  ///< a 1x1 convolution and batch norm: option B of the paper
  kPadded       ///< every second pixel, and channels of zeros on both sides: option A
};

/// 6 * blocks_per_stage + 2 layers of 16, 32 and 64 channels.
std::string cifar_resnet(Builder& b, int blocks_per_stage, Shortcut shortcut);

/// Four stages from 64 channels on. A bottleneck block has 1x1, 3x3 (which carries the stride) and
/// 1x1 convolutions, the last with four times the channels.
std::string imagenet_resnet(Builder& b, const std::array<int, 4>& blocks, bool bottleneck);

std::string mobilenet_v1(Builder& b);
std::string mobilenet_v2(Builder& b);
std::string squeezenet1_1(Builder& b);

}  // namespace crossloop::network
