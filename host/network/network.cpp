#include "host/network/network.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>

#include "host/error.hpp"
#include "host/network/shape_rules.hpp"

namespace crossloop::network {

namespace {

void check_normalisation(const Network& network) {
  const auto check = [&](const char* what, const std::vector<float>& values) {
    if (!values.empty() &&
        values.size() != static_cast<std::size_t>(network.input_shape.channels)) {
      throw InputError("network " + network.name + ": input " + what + " has " +
                       std::to_string(values.size()) + " values, the input has " +
                       std::to_string(network.input_shape.channels) + " channels");
    }
  };
  check("mean", network.normalisation.mean);
  check("std", network.normalisation.std);
  for (const float mean : network.normalisation.mean) {
    if (!std::isfinite(mean)) {
      throw InputError("network " + network.name + ": input mean must be finite");
    }
  }
  for (const float s : network.normalisation.std) {
    if (!(s > 0.0F) || !std::isfinite(s)) {
      throw InputError("network " + network.name + ": input std must be positive and finite");
    }
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
  check_length(node, "weight scale", node.weight_scale.size(), outputs);
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

const Node& Network::node(const std::string& node_name) const {
  return *find_node(*this, node_name);
}

Node& Network::node(const std::string& node_name) {
  return const_cast<Node&>(*find_node(*this, node_name));
}

std::map<std::string, Shape> infer_shapes(const Network& network) {
  std::map<std::string, Shape> shapes = {{network.input_name, network.input_shape}};
  for (const ExtraInput& input : network.extra_inputs) {
    if (std::min({input.shape.channels, input.shape.height, input.shape.width}) < 1 ||
        !shapes.emplace(input.name, input.shape).second) {
      throw InputError("network " + network.name + ": input " + input.name + " of shape " +
                       to_string(input.shape) + ", expected a name of its own and positive sizes");
    }
  }
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

std::string before_flatten(const Network& network, std::string value) {
  for (auto node = network.nodes.rbegin(); node != network.nodes.rend(); ++node) {
    if (node->output == value && std::holds_alternative<Flatten>(node->op)) value = node->inputs[0];
  }
  return value;
}

bool has_weight(const Node& node) {
  return std::holds_alternative<Conv>(node.op) || std::holds_alternative<Linear>(node.op);
}

WeightView weight_of(Node& node) {
  assert(has_weight(node));
  if (auto* conv = std::get_if<Conv>(&node.op)) {
    const int k = conv->in_channels / conv->groups * conv->window.kernel_h * conv->window.kernel_w;
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
