// A small network with every kind of layer that can be pruned.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/tiny_training.hpp"

namespace crossloop::tests {

/// 3x8x8 -> conv, grouped conv, depthwise conv, pointwise conv -> pool -> two Linear.
inline network::Network every_kind_of_layer() {
  std::mt19937 rng(5);
  network::Network net;
  net.name = "kinds";
  net.input_shape = {3, 8, 8};
  net.output_name = "fc2.out";
  std::string last = "input";
  const auto add = [&](const std::string& name, network::Operator op) {
    net.nodes.push_back({name, std::move(op), {last}, name + ".out", {}});
    last = name + ".out";
  };
  const auto conv = [&](int in, int out, int kernel, int groups) {
    network::Conv made = random_conv(in / groups, out, square_window(kernel, 1, kernel / 2), rng);
    made.in_channels = in;
    made.groups = groups;
    return made;
  };
  add("conv", conv(3, 8, 3, 1));
  add("grouped", conv(8, 12, 3, 2));
  add("relu", network::Relu{});
  add("depthwise", conv(12, 12, 3, 12));
  add("pointwise", conv(12, 20, 1, 1));
  add("relu2", network::Relu{});
  add("pool", network::GlobalAveragePool{});
  add("flatten", network::Flatten{});
  add("fc1", network::Linear{20, 24, random_floats(480, 0.5F, rng), std::vector<float>(24, 0.1F)});
  add("fc2", network::Linear{24, 4, random_floats(96, 0.5F, rng), std::vector<float>(4, 0.1F)});
  return net;
}

}  // namespace crossloop::tests
