// One network run by LibTorch and by the plain executor.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "host/network/executor.hpp"
#include "pruning/train.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::tests {

inline constexpr double kRelative = 1e-4;  // of the largest output; float sums in another order

inline void expect_equal_to_executor(const network::Network& net, int batch, unsigned seed) {
  std::mt19937 rng(seed);
  const auto size = static_cast<std::size_t>(batch * net.input_shape.size());
  const std::vector<float> input = random_floats(size, 1.0F, rng);
  const std::vector<float> expected = network::run(net, input, batch);
  const std::vector<float> found = pruning::forward(net, input, batch);
  ASSERT_EQ(found.size(), expected.size());
  double largest = 0.0;
  for (const float value : expected) largest = std::max(largest, std::abs(double{value}));
  ASSERT_GT(largest, 0.0);
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], kRelative * largest) << "output " << i;
  }
}

/// One operator between the input and the output.
inline network::Network single(network::Operator op, network::Shape input) {
  network::Network net;
  net.name = "single";
  net.input_shape = input;
  net.output_name = "out";
  net.nodes.push_back({"node", std::move(op), {"input"}, "out", {}});
  return net;
}

}  // namespace crossloop::tests
