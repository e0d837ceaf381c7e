// Holds the float executor to the reference operators on random inputs.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>

#include "host/network/executor.hpp"
#include "host/network/zoo_builder.hpp"
#include "tests/reference_operators.hpp"

namespace crossloop::tests {

/// In -1..1.
inline std::vector<float> random_floats(std::int64_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = static_cast<float>(rng()) * 0x1p-31F - 1.0F;
  return values;
}

/// A square window with the same padding on all sides.
inline network::Window square(int kernel, int stride = 1, int pad = 0) {
  return network::square_window(kernel, stride, pad);
}

/// A convolution with random weights.
inline network::Conv random_conv(int in, int out, const network::Window& window, int groups,
                                 bool with_bias) {
  const int weights = out * (in / groups) * window.kernel_h * window.kernel_w;
  return {.in_channels = in,
          .out_channels = out,
          .window = window,
          .weight = random_floats(weights, 11),
          .bias = random_floats(with_bias ? out : 0, 12),
          .groups = groups};
}

/// One node "node" from inputs "input", "input1", ... to "output".
inline network::Network network_of(network::Operator op,
                                   const std::vector<network::Shape>& inputs) {
  network::Network network;
  network.name = "single";
  network.output_name = "output";
  network.input_shape = inputs.at(0);
  std::vector<std::string> names = {network.input_name};
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    names.push_back("input" + std::to_string(i));
    network.extra_inputs.push_back({names.back(), inputs[i]});
  }
  network.nodes = {{"node", std::move(op), names, "output", {}}};
  return network;
}

/// Image `i` of a batch.
inline Tensor image_of(const std::vector<float>& batch, const network::Shape& shape, int i) {
  const auto first = batch.begin() + std::ptrdiff_t{i} * shape.size();
  return {shape, {first, first + shape.size()}};
}

/// 1e-4 relative; beside zero, 1e-6 of the largest value.
inline void expect_close(const Tensor& found, const Tensor& expected) {
  ASSERT_EQ(network::to_string(found.shape), network::to_string(expected.shape));
  double largest = 0.0;
  for (const double v : expected.values) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    ASSERT_NEAR(found.values[i], expected.values[i],
                1e-4 * std::abs(expected.values[i]) + 1e-6 * largest)
        << "value " << i;
  }
}

/// Runs the operator on a batch of inputs, each value times `magnitude`.
inline void expect_reference(const network::Operator& op, const std::vector<network::Shape>& inputs,
                             float magnitude = 1.0F) {
  constexpr int kBatch = 3;
  const network::Network network = network_of(op, inputs);
  const network::Shape shape = network::infer_shapes(network).at("output");
  std::vector<std::vector<float>> batches;
  for (const network::Shape& each : inputs) {
    batches.push_back(random_floats(std::int64_t{kBatch} * each.size(),
                                    static_cast<unsigned>(21 + batches.size())));
    for (float& v : batches.back()) v *= magnitude;
  }
  const std::vector<std::span<const float>> views(batches.begin(), batches.end());
  const std::vector<float> found = network::run(network, views, kBatch);
  ASSERT_EQ(found.size(), static_cast<std::size_t>(kBatch * shape.size()));
  for (int i = 0; i < kBatch; ++i) {
    Tensors images;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      images.push_back(image_of(batches[k], inputs[k], i));
    }
    SCOPED_TRACE("image " + std::to_string(i));
    expect_close(image_of(found, shape, i), reference(op, images));
  }
}

}  // namespace crossloop::tests
