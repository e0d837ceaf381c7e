// Small networks, images and a plain integer evaluation for the tests of host/compiler.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/engine/requantise.hpp"
#include "host/network/network.hpp"
#include "host/network/zoo.hpp"

namespace crossloop::compiler {

/// Uniform in [low, high); the same with every standard library.
inline double draw(std::mt19937& rng, double low, double high) {
  return low + (high - low) * (static_cast<double>(rng()) * 0x1p-32);
}

/// Noisy images around a random colour per image.
inline data::Dataset noisy_images(network::Shape shape, int count, unsigned seed) {
  std::mt19937 rng(seed);
  data::Dataset images{.name = "noisy",
                       .count = count,
                       .height = shape.height,
                       .width = shape.width,
                       .channels = shape.channels,
                       .classes = 4,
                       .pixels = {},
                       .labels = std::vector<std::uint16_t>(static_cast<std::size_t>(count))};
  for (int image = 0; image < count; ++image) {
    std::vector<double> colour;
    for (int c = 0; c < shape.channels; ++c) colour.push_back(draw(rng, 40.0, 215.0));
    for (int pixel = 0; pixel < shape.height * shape.width; ++pixel) {
      for (const double base : colour) {
        images.pixels.push_back(static_cast<std::uint8_t>(base + draw(rng, -40.0, 40.0)));
      }
    }
  }
  return images;
}

/// Gives every batch norm random terms, a third of the gammas negative, and every bias a value.
inline void randomise_affine(network::Network& network, unsigned seed) {
  std::mt19937 rng(seed);
  for (network::Node& node : network.nodes) {
    if (auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
      for (std::size_t c = 0; c < norm->gamma.size(); ++c) {
        const double sign = draw(rng, 0.0, 3.0) < 1.0 ? -1.0 : 1.0;
        norm->gamma[c] = static_cast<float>(sign * draw(rng, 0.5, 1.5));
        norm->beta[c] = static_cast<float>(draw(rng, -0.5, 0.5));
        norm->mean[c] = static_cast<float>(draw(rng, -0.3, 0.3));
        norm->variance[c] = static_cast<float>(draw(rng, 0.5, 2.0));
      }
    } else if (auto* linear = std::get_if<network::Linear>(&node.op)) {
      for (float& bias : linear->bias) bias = static_cast<float>(draw(rng, -0.5, 0.5));
    }
  }
}

/// A residual network on 8x8 images with the usual normalisation and random batch norms.
inline network::Network small_resnet(unsigned seed = 1) {
  network::Network network = network::make_network("resnet8", {3, 8, 8}, 4, seed);
  network.normalisation = {.mean = {0.49F, 0.48F, 0.45F}, .std = {0.25F, 0.24F, 0.26F}};
  randomise_affine(network, seed);
  return network;
}

/// "fc" alone: input of `features` one-pixel channels, all weights 0.5.
inline network::Network single_linear(int features, int outputs) {
  network::Network network;
  network.name = "single";
  network.input_shape = {features, 1, 1};
  network.output_name = "fc";
  network::Linear linear;
  linear.in_features = features;
  linear.out_features = outputs;
  linear.weight.assign(static_cast<std::size_t>(features) * static_cast<std::size_t>(outputs),
                       0.5F);
  network.nodes = {{"fc", linear, {"input"}, "fc", {}}};
  return network;
}

inline analog::Device test_device() {
  analog::Device device;
  device.name = "test";
  device.g_min_us = 5.0;
  device.g_max_us = 50.0;
  return device;
}

inline TileFormat test_tile(int rows = 64, int columns = 64, int cell_bits = 2) {
  TileFormat tile;
  tile.rows = rows;
  tile.columns = columns;
  tile.code = analog::code_format(test_device(), cell_bits, 8, cell_bits == 4 ? 3 : 5);
  return tile;
}

/// The codes of ideal cells.
inline std::vector<std::uint16_t> ideal_codes(const Crossbar& crossbar,
                                              const analog::CodeFormat& format) {
  std::vector<std::uint16_t> codes;
  for (const std::uint8_t level : crossbar.levels) {
    codes.push_back(static_cast<std::uint16_t>(format.nominal(level)));
  }
  return codes;
}

/// acc[o] = sum_k w_q[o][k] x[k].
inline std::vector<std::int32_t> integer_product(const Layer& layer,
                                                 std::span<const std::uint8_t> input) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(layer.outputs));
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    sums[i / input.size()] += layer.weights[i] * input[i % input.size()];
  }
  return sums;
}

/// A tensor of the integer evaluation, HWC.
using IntegerTensor = std::vector<std::int32_t>;

/// One output position of a crossbar layer or pool: the window's content, channel by channel.
/// `inside` tells which elements are not padding.
struct WindowContent {
  std::vector<std::int32_t> values;
  std::vector<bool> inside;
};

inline WindowContent window_content(const Layer& layer, const TensorInfo& info,
                                    const IntegerTensor& tensor, int y, int x) {
  const network::Window& w = layer.window;
  WindowContent content;
  for (int c = 0; c < info.shape.channels; ++c) {
    for (int ky = 0; ky < w.kernel_h; ++ky) {
      for (int kx = 0; kx < w.kernel_w; ++kx) {
        const int row = y * w.stride_h - w.pad_top + ky * w.dilation_h;
        const int column = x * w.stride_w - w.pad_left + kx * w.dilation_w;
        const bool inside =
            row >= 0 && row < info.shape.height && column >= 0 && column < info.shape.width;
        const int pad = layer.pad_values.empty() ? 0 : layer.pad_values[std::size_t(c)];
        const int index = (row * info.shape.width + column) * info.shape.channels + c;
        content.values.push_back(inside ? tensor[std::size_t(index)] : pad);
        content.inside.push_back(inside);
      }
    }
  }
  return content;
}

/// What a pool or crossbar layer makes at one position.
inline std::vector<std::int32_t> evaluate_position(const Layer& layer, const TensorInfo& input,
                                                   const WindowContent& content) {
  std::vector<std::int32_t> result;
  if (layer.kind == LayerKind::kCrossbar) {
    const std::vector<std::uint8_t> vector(content.values.begin(), content.values.end());
    const auto sums = integer_product(layer, vector);
    for (std::size_t o = 0; o < sums.size(); ++o) {
      result.push_back(layer.table(engine::requantise(sums[o], layer.scales[o], layer.range)));
    }
    return result;
  }
  const auto taps = static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w);
  for (std::size_t first = 0; first < content.values.size(); first += taps) {
    std::int32_t largest = 0;
    std::int32_t sum = 0;
    for (std::size_t i = first; i < first + taps; ++i) {
      if (!content.inside[i]) continue;
      largest = std::max(largest, content.values[i]);
      sum += content.values[i] - input.zero;
    }
    const bool max = layer.kind == LayerKind::kMaxPool;
    result.push_back(max ? largest : engine::requantise(sum, layer.scales.at(0), layer.range));
  }
  return result;
}

/// What a copy layer makes of the tensors.
inline IntegerTensor evaluate_copy(const Deployment& deployment, const Layer& layer,
                                   const std::vector<IntegerTensor>& tensors) {
  const network::Shape& out = deployment.tensors[std::size_t(layer.output)].shape;
  IntegerTensor made(std::size_t(out.size()), layer.range.zero);
  for (std::size_t i = 0; i < layer.copies.size(); ++i) {
    const CopyPart& part = layer.copies[i];
    const network::Shape& in = deployment.tensors[std::size_t(layer.inputs[i])].shape;
    for (int element = 0; element < part.count[0] * part.count[1] * part.count[2]; ++element) {
      const int c = element / (part.count[1] * part.count[2]);
      const int y = element / part.count[2] % part.count[1];
      const int x = element % part.count[2];
      const int row = part.start[1] + y * part.step[1];
      const int column = part.start[2] + x * part.step[2];
      const int source = (row * in.width + column) * in.channels + part.start[0] + c * part.step[0];
      const int target = ((part.offset[1] + y) * out.width + part.offset[2] + x) * out.channels +
                         part.offset[0] + c;
      made[std::size_t(target)] = tensors[std::size_t(layer.inputs[i])][std::size_t(source)];
    }
  }
  return made;
}

/// All tensors of one image (HWC pixels), with exact integer products in place of crossbars: the
/// accumulator unit must be 1.
inline std::vector<IntegerTensor> evaluate(const Deployment& deployment,
                                           std::span<const std::uint8_t> image) {
  std::vector<IntegerTensor> tensors = {IntegerTensor(image.begin(), image.end())};
  for (const Layer& layer : deployment.layers) {
    const TensorInfo& input = deployment.tensors[std::size_t(layer.inputs[0])];
    const network::Shape& shape = deployment.tensors[std::size_t(layer.output)].shape;
    const IntegerTensor& a = tensors[std::size_t(layer.inputs[0])];
    IntegerTensor out;
    if (layer.kind == LayerKind::kAdd) {
      const IntegerTensor& b = tensors[std::size_t(layer.inputs[1])];
      for (std::size_t i = 0; i < a.size(); ++i) {
        out.push_back(layer.table(engine::requantised_add(a[i], b[i], layer.add, layer.range)));
      }
    } else if (layer.kind == LayerKind::kCopy) {
      out = evaluate_copy(deployment, layer, tensors);
    } else {
      for (int position = 0; position < shape.height * shape.width; ++position) {
        const auto content =
            window_content(layer, input, a, position / shape.width, position % shape.width);
        const auto values = evaluate_position(layer, input, content);
        out.insert(out.end(), values.begin(), values.end());
      }
    }
    tensors.push_back(std::move(out));
  }
  return tensors;
}

}  // namespace crossloop::compiler
