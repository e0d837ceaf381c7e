// Networks of random weights, written node by node.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/tiny_training.hpp"

namespace crossloop::tests {

/// A network in the making: each node's output is NAME.out, the last one's that of the network.
struct Chain {
  std::mt19937 rng{5};
  network::Network net;

  explicit Chain(network::Shape input) {
    net.name = "chain";
    net.input_shape = input;
  }
  Chain& add(const std::string& name, network::Operator op, std::vector<std::string> inputs = {}) {
    if (inputs.empty()) inputs = {net.nodes.empty() ? "input" : net.output_name};
    net.output_name = name + ".out";
    net.nodes.push_back({name, std::move(op), std::move(inputs), net.output_name, {}});
    return *this;
  }
  /// With a bias.
  Chain& conv(const std::string& name, int in, int out, int kernel = 3, int groups = 1,
              std::vector<std::string> inputs = {}) {
    network::Conv op = random_conv(in / groups, out, square_window(kernel, 1, kernel / 2), rng);
    op.in_channels = in;
    op.groups = groups;
    op.bias = random_floats(static_cast<std::size_t>(out), 0.5F, rng);
    return add(name, std::move(op), std::move(inputs));
  }
  Chain& linear(const std::string& name, int in, int out) {
    return add(
        name, network::Linear{in, out, random_floats(static_cast<std::size_t>(in * out), 0.5F, rng),
                              random_floats(static_cast<std::size_t>(out), 0.5F, rng)});
  }
  Chain& norm(const std::string& name, int channels) {
    return add(name, random_norm(channels, rng));
  }
};

}  // namespace crossloop::tests
