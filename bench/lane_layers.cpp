#include "bench/lane_layers.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <variant>

#include "bench/resnet20_chip.hpp"

namespace crossloop::bench {

namespace {

constexpr int kGroup = 16;
constexpr int kSurvivors = 4;
constexpr double kPruned = 0.75;

/// Standard deviation of log(rms) over slices: slice s holds the weights at(s, i), i < size.
template <typename At>
double log_spread(int slices, int size, const At& at) {
  double sum = 0.0;
  double squares = 0.0;
  for (int s = 0; s < slices; ++s) {
    double energy = 0.0;
    for (int i = 0; i < size; ++i) energy += std::pow(static_cast<double>(at(s, i)), 2);
    const double value = 0.5 * std::log(energy / size);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / slices;
  return std::sqrt(squares / slices - mean * mean);
}

ChannelSpread spread_of(const network::Conv& conv) {
  const int positions = conv.window.kernel_h * conv.window.kernel_w;
  const int inputs = conv.in_channels * positions;
  const auto weight = [&](int output, int k) {
    return conv.weight[static_cast<std::size_t>(output * inputs + k)];
  };
  return {log_spread(conv.out_channels, inputs, weight),
          log_spread(conv.in_channels, conv.out_channels * positions, [&](int channel, int i) {
            return weight(i / positions, channel * positions + i % positions);
          })};
}

/// Per channel in 8 bits by the scale of the unpruned layer.
std::vector<std::int8_t> quantised(const FloatLayer& layer, std::span<const float> pruned) {
  const auto inputs = static_cast<std::size_t>(layer.geometry.inputs());
  std::vector<std::int8_t> weights;
  for (std::size_t row = 0; row < pruned.size(); row += inputs) {
    float largest = 0.0F;
    for (std::size_t k = 0; k < inputs; ++k) {
      largest = std::max(largest, std::abs(layer.weights[row + k]));
    }
    for (std::size_t k = 0; k < inputs; ++k) {
      weights.push_back(static_cast<std::int8_t>(std::lround(127.0F * pruned[row + k] / largest)));
    }
  }
  return weights;
}

}  // namespace

FloatLayer resnet20_layer(const std::string& name) {
  const network::Network network = resnet20();
  const network::Node& node = network.node(name);
  const auto& conv = std::get<network::Conv>(node.op);
  const network::Shape out = network::infer_shapes(network).at(node.output);
  return {{name, conv.out_channels, conv.in_channels, conv.window.kernel_h, conv.window.kernel_w},
          conv.weight,
          static_cast<std::size_t>(out.height * out.width)};
}

ChannelSpread resnet20_spread(int channels) {
  ChannelSpread squares;
  int layers = 0;
  const network::Network network = resnet20();
  for (const network::Node& node : network.nodes) {
    const auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv == nullptr || conv->window.kernel_h != 3 || conv->in_channels < channels) continue;
    const ChannelSpread one = spread_of(*conv);
    squares.outputs += one.outputs * one.outputs;
    squares.inputs += one.inputs * one.inputs;
    ++layers;
  }
  return {std::sqrt(squares.outputs / layers), std::sqrt(squares.inputs / layers)};
}

FloatLayer vgg16_layer(const ChannelSpread& spread, std::uint64_t seed) {
  FloatLayer layer{{"vgg16 conv5", 512, 512, 3, 3}, {}, 14 * 14};
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  const auto factors = [&](double sigma) {
    std::vector<double> values(512);
    for (double& value : values) value = std::exp(sigma * normal(rng));
    return values;
  };
  const auto outputs = factors(spread.outputs);
  const auto inputs = factors(spread.inputs);
  const double deviation = std::sqrt(2.0 / layer.geometry.inputs());
  for (const double output : outputs) {
    for (const double input : inputs) {
      for (int i = 0; i < layer.geometry.positions(); ++i) {
        layer.weights.push_back(static_cast<float>(deviation * output * input * normal(rng)));
      }
    }
  }
  return layer;
}

std::vector<std::int8_t> dense_weights(const FloatLayer& layer) {
  return quantised(layer, layer.weights);
}

std::vector<std::int8_t> balanced_weights(const FloatLayer& layer) {
  auto pruned = layer.weights;
  lanes::prune_groups(pruned, layer.geometry, kGroup, kSurvivors);
  return quantised(layer, pruned);
}

std::vector<std::int8_t> unstructured_weights(const FloatLayer& layer) {
  auto pruned = layer.weights;
  lanes::prune_smallest(pruned, kPruned);
  return quantised(layer, pruned);
}

}  // namespace crossloop::bench
