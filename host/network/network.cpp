#include "host/network/network.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <set>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

[[noreturn]] void refuse(const Node& node, const std::string& why) {
  throw InputError("node " + node.name + " (" + operator_name(node) + "): " + why);
}

std::size_t product(std::initializer_list<int> factors) {
  std::size_t result = 1;
  for (const int factor : factors) result *= static_cast<std::size_t>(factor);
  return result;
}

void check_length(const Node& node, const char* what, std::size_t found, std::size_t expected) {
  if (found != expected) {
    refuse(node, std::string(what) + " has " + std::to_string(found) + " values, expected " +
                     std::to_string(expected));
  }
}

void check_bias(const Node& node, std::size_t found, int outputs) {
  if (found != 0) check_length(node, "bias", found, product({outputs}));
}

void check_window(const Node& node, const Window& w) {
  if (std::min({w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w}) < 1) {
    refuse(node, "kernel, stride and dilation must be at least 1");
  }
  if (std::min({w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) < 0) {
    refuse(node, "padding must not be negative");
  }
}

Shape slide(const Node& node, const Window& w, const Shape& in, int channels) {
  check_window(node, w);
  // int64: hostile files may hold anything.
  const auto room = [](int size, int before, int after, int dilation, int kernel) {
    return std::int64_t{size} + before + after - std::int64_t{dilation} * (kernel - 1) - 1;
  };
  const std::int64_t high = room(in.height, w.pad_top, w.pad_bottom, w.dilation_h, w.kernel_h);
  const std::int64_t wide = room(in.width, w.pad_left, w.pad_right, w.dilation_w, w.kernel_w);
  if (high < 0 || wide < 0) {
    refuse(node, "window of " + std::to_string(w.kernel_h) + "x" + std::to_string(w.kernel_w) +
                     " is larger than its padded input " + to_string(in));
  }
  if (std::max(high, wide) > std::numeric_limits<int>::max() / 2) {
    refuse(node, "padding is out of range");
  }
  return {channels, w.out_height(in.height), w.out_width(in.width)};
}

void check_pool(const Node& node, const Window& w) {
  // A window that sees nothing but padding has no maximum and no mean.
  if (std::max(w.pad_top, w.pad_bottom) >= w.kernel_h ||
      std::max(w.pad_left, w.pad_right) >= w.kernel_w) {
    refuse(node, "padding must be smaller than the kernel");
  }
}

Shape shape_of(const Node& node, const Conv& op, const Shape& in) {
  if (op.out_channels < 1 || op.in_channels != in.channels) {
    refuse(node, std::to_string(op.in_channels) + " input and " + std::to_string(op.out_channels) +
                     " output channels, its input is " + to_string(in));
  }
  check_window(node, op.window);
  check_length(node, "weight", op.weight.size(),
               product({op.out_channels, op.in_channels, op.window.kernel_h, op.window.kernel_w}));
  check_bias(node, op.bias.size(), op.out_channels);
  return slide(node, op.window, in, op.out_channels);
}

Shape shape_of(const Node& node, const Linear& op, const Shape& in) {
  if (in != Shape{.channels = op.in_features} || op.out_features < 1) {
    refuse(node, std::to_string(op.in_features) + " input and " + std::to_string(op.out_features) +
                     " output features, its input is " + to_string(in));
  }
  check_length(node, "weight", op.weight.size(), product({op.out_features, op.in_features}));
  check_bias(node, op.bias.size(), op.out_features);
  return {.channels = op.out_features};
}

Shape shape_of(const Node& node, const BatchNorm& op, const Shape& in) {
  const std::size_t channels = product({in.channels});
  check_length(node, "gamma", op.gamma.size(), channels);
  check_length(node, "beta", op.beta.size(), channels);
  check_length(node, "mean", op.mean.size(), channels);
  check_length(node, "variance", op.variance.size(), channels);
  const bool positive = std::all_of(op.variance.begin(), op.variance.end(),
                                    [&](float v) { return v + op.epsilon > 0.0F; });
  if (!positive) refuse(node, "variance + epsilon must be positive in every channel");
  return in;
}

Shape shape_of(const Node& node, const MaxPool& op, const Shape& in) {
  check_pool(node, op.window);
  return slide(node, op.window, in, in.channels);
}

Shape shape_of(const Node& node, const AveragePool& op, const Shape& in) {
  check_pool(node, op.window);
  if (op.window.dilation_h != 1 || op.window.dilation_w != 1) refuse(node, "dilation must be 1");
  return slide(node, op.window, in, in.channels);
}

std::size_t input_count(const Node& node) { return std::holds_alternative<Add>(node.op) ? 2 : 1; }

void check_normalisation(const Network& network) {
  const auto check = [&](const char* what, const std::vector<float>& values) {
    if (!values.empty() && values.size() != product({network.input_shape.channels})) {
      throw InputError("network " + network.name + ": input " + what + " has " +
                       std::to_string(values.size()) + " values, the input has " +
                       std::to_string(network.input_shape.channels) + " channels");
    }
  };
  check("mean", network.normalisation.mean);
  check("std", network.normalisation.std);
  for (const float s : network.normalisation.std) {
    if (!(s > 0.0F)) throw InputError("network " + network.name + ": input std must be positive");
  }
}

void check_graph_edges(const Network& network, const std::map<std::string, Shape>& shapes) {
  const Shape& in = network.input_shape;
  if (std::min({in.channels, in.height, in.width}) < 1) {
    throw InputError("network " + network.name + ": input shape " + to_string(in) +
                     " must be positive");
  }
  if (!shapes.contains(network.output_name)) {
    throw InputError("network " + network.name + ": its output " + network.output_name +
                     " is made by no node");
  }
  check_normalisation(network);
}

void check_scale(const Node& node) {
  if (node.weight_scale.empty()) return;
  if (!has_weight(node)) refuse(node, "has a weight scale but no weight");
  const auto* conv = std::get_if<Conv>(&node.op);
  const int outputs = conv ? conv->out_channels : std::get<Linear>(node.op).out_features;
  check_length(node, "weight scale", node.weight_scale.size(), product({outputs}));
  for (const float scale : node.weight_scale) {
    if (!(scale > 0.0F)) refuse(node, "weight scale must be positive");
  }
}

const Node* find_node(const Network& network, const std::string& name) {
  const auto found = std::find_if(network.nodes.begin(), network.nodes.end(),
                                  [&](const Node& n) { return n.name == name; });
  if (found == network.nodes.end()) {
    throw InputError("network " + network.name + " has no node " + name);
  }
  return &*found;
}

}  // namespace

std::string to_string(const Shape& shape) {
  return fmt::format("[{}, {}, {}]", shape.channels, shape.height, shape.width);
}

const char* operator_name(const Node& node) {
  return std::visit(
      Overloaded{[](const Conv&) { return "Conv"; }, [](const Linear&) { return "Linear"; },
                 [](const BatchNorm&) { return "BatchNormalization"; },
                 [](const Relu&) { return "Relu"; }, [](const MaxPool&) { return "MaxPool"; },
                 [](const AveragePool&) { return "AveragePool"; },
                 [](const GlobalAveragePool&) { return "GlobalAveragePool"; },
                 [](const Add&) { return "Add"; }, [](const Flatten&) { return "Flatten"; }},
      node.op);
}

const Node& Network::node(const std::string& node_name) const {
  return *find_node(*this, node_name);
}

Node& Network::node(const std::string& node_name) {
  return const_cast<Node&>(*find_node(*this, node_name));
}

Shape output_shape(const Node& node, std::span<const Shape> inputs) {
  if (inputs.size() != input_count(node)) {
    refuse(node, std::to_string(inputs.size()) + " inputs, expected " +
                     std::to_string(input_count(node)));
  }
  const Shape& in = inputs[0];
  return std::visit(
      Overloaded{[&](const Relu&) { return in; },
                 [&](const GlobalAveragePool&) { return Shape{.channels = in.channels}; },
                 [&](const Flatten&) { return Shape{.channels = in.size()}; },
                 [&](const Add&) {
                   if (inputs[1] == in) return in;
                   refuse(node,
                          "its inputs differ: " + to_string(in) + " and " + to_string(inputs[1]));
                 },
                 [&](const auto& op) { return shape_of(node, op, in); }},
      node.op);
}

std::map<std::string, Shape> infer_shapes(const Network& network) {
  std::map<std::string, Shape> shapes = {{network.input_name, network.input_shape}};
  std::set<std::string> names;
  for (const Node& node : network.nodes) {
    if (!names.insert(node.name).second) refuse(node, "another node has the same name");
    std::vector<Shape> inputs;
    for (const std::string& value : node.inputs) {
      const auto found = shapes.find(value);
      if (found == shapes.end()) refuse(node, "input " + value + " is made by no earlier node");
      inputs.push_back(found->second);
    }
    check_scale(node);
    if (!shapes.emplace(node.output, output_shape(node, inputs)).second) {
      refuse(node, "output " + node.output + " is already made by another node");
    }
  }
  check_graph_edges(network, shapes);
  return shapes;
}

bool has_weight(const Node& node) {
  return std::holds_alternative<Conv>(node.op) || std::holds_alternative<Linear>(node.op);
}

WeightView weight_of(Node& node) {
  assert(has_weight(node));
  if (auto* conv = std::get_if<Conv>(&node.op)) {
    const int k = conv->in_channels * conv->window.kernel_h * conv->window.kernel_w;
    return {conv->out_channels, k, conv->weight, conv->bias};
  }
  auto& linear = std::get<Linear>(node.op);
  return {linear.out_features, linear.in_features, linear.weight, linear.bias};
}

std::span<const float> weight_values(const Node& node) {
  assert(has_weight(node));
  const auto* conv = std::get_if<Conv>(&node.op);
  return conv ? conv->weight : std::get<Linear>(node.op).weight;
}

ParameterCount count_parameters(const Network& network) {
  ParameterCount count;
  const auto add = [&](const std::vector<float>& values) {
    count.parameters += static_cast<std::int64_t>(values.size());
  };
  for (const Node& node : network.nodes) {
    if (const auto* norm = std::get_if<BatchNorm>(&node.op)) {
      add(norm->gamma);
      add(norm->beta);
    }
    if (!has_weight(node)) continue;
    const auto* conv = std::get_if<Conv>(&node.op);
    add(conv ? conv->bias : std::get<Linear>(node.op).bias);
    const std::span<const float> weights = weight_values(node);
    const auto size = static_cast<std::int64_t>(weights.size());
    count.parameters += size;
    count.weights += size;
    count.nonzero_weights += size - std::count(weights.begin(), weights.end(), 0.0F);
  }
  return count;
}

}  // namespace crossloop::network
