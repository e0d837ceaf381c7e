// Writes down a network of the zoo node by node, without its weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/network/zoo.hpp"

namespace crossloop::network {

/// A convolution with a square kernel.
struct ConvSettings {
  int out = 0;
  int kernel = 3;
  int stride = 1;
  std::optional<int> pad = {};  ///< kernel / 2 by default, which keeps the size at stride 1
  int groups = 1;
  bool bias = false;
};

/// A square window with the same padding on all sides.
Window square_window(int kernel, int stride, int pad = 0);

/// Appends nodes to a plan; every method returns the name of the value it made, which is the name
/// of the node.
class Builder {
 public:
  Builder(const std::string& name, Shape input, int classes);

  const Shape& input() const { return plan_.network.input_shape; }
  const Shape& shape(const std::string& value) const { return plan_.shapes.at(value); }
  int classes() const { return classes_; }
  /// Whether the input is as small as CIFAR's: the shorter side is below 64 pixels.
  bool is_small() const;

  /// Throws InputError if the node cannot take its inputs.
  std::string append(const std::string& name, Operator op, const std::vector<std::string>& inputs);

  std::string conv(const std::string& name, const std::string& from, const ConvSettings& settings);
  std::string batch_norm(const std::string& name, const std::string& from);
  std::string relu(const std::string& name, const std::string& from);
  std::string max_pool(const std::string& name, const std::string& from, const Window& window);
  /// From a value with one row and one column.
  std::string linear(const std::string& name, const std::string& from, int out);

  /// NAME.conv, NAME.bn and NAME.relu, which is `activation`.
  std::string conv_block(const std::string& name, const std::string& from,
                         const ConvSettings& settings, const Operator& activation);
  /// Global average pool, flatten, and a linear layer of one output per class.
  std::string classify(const std::string& from);

  /// The plan, its output being `output`.
  NetworkPlan finish(const std::string& output);

 private:
  NetworkPlan plan_;
  int classes_;
};

}  // namespace crossloop::network
