#include "host/network/onnx_patterns.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

namespace crossloop::network {

namespace {

/// The nodes of a graph by what they make, and how often each value is read.
class Graph {
 public:
  explicit Graph(Network& network) {
    for (Node& node : network.nodes) {
      makers_[node.output] = &node;
      for (const std::string& value : node.inputs) ++uses_[value];
    }
    ++uses_[network.output_name];
  }

  /// The node that makes `value` for a single reader, if it has the operator `Op`.
  template <class Op>
  const Node* sole(const std::string& value) const {
    const auto found = makers_.find(value);
    const bool fits = found != makers_.end() && uses_.at(value) == 1 &&
                      std::holds_alternative<Op>(found->second->op);
    return fits ? found->second : nullptr;
  }

 private:
  std::map<std::string, Node*> makers_;
  std::map<std::string, int> uses_;
};

/// `expected` to the last bit but one.
bool is(float found, float expected) {
  return std::abs(found - expected) <= 1.2e-7F * std::abs(expected);
}
bool all_are(const std::vector<float>& values, float expected) {
  return !values.empty() && std::all_of(values.begin(), values.end(),
                                        [&](float value) { return is(value, expected); });
}

bool is_sixth(const Node& node) {
  const auto* scale = std::get_if<ScaleShift>(&node.op);
  return scale && scale->offset.empty() && all_are(scale->factor, 1.0F / 6.0F);
}

/// True if `value` is clamp(x + 3, 0, 6), computed for one reader.
bool is_relu6_of_x_plus_3(const Graph& graph, const std::string& value, const std::string& x) {
  const Node* clip = graph.sole<Clip>(value);
  if (!clip) return false;
  const auto& range = std::get<Clip>(clip->op);
  const Node* plus = graph.sole<ScaleShift>(clip->inputs[0]);
  if (!plus || range.low != 0.0F || range.high != 6.0F) return false;
  const auto& shift = std::get<ScaleShift>(plus->op);
  return shift.factor.empty() && all_are(shift.offset, 3.0F) && plus->inputs[0] == x;
}

/// True if `value` is min(max(x / 6 + 1/2, 0), 1), computed for one reader.
bool is_hard_sigmoid(const Graph& graph, const std::string& value, const std::string& x) {
  if (const Node* gate = graph.sole<HardSigmoid>(value)) {
    const auto& op = std::get<HardSigmoid>(gate->op);
    return gate->inputs[0] == x && is(op.alpha, 1.0F / 6.0F) && op.beta == 0.5F;
  }
  const Node* sixth = graph.sole<ScaleShift>(value);
  return sixth && is_sixth(*sixth) && is_relu6_of_x_plus_3(graph, sixth->inputs[0], x);
}

/// The x of a node that computes HardSwish(x) with what stands before it.
std::optional<std::string> hard_swish_input(const Graph& graph, const Node& node) {
  const bool divides = is_sixth(node);
  const Node* product = divides ? graph.sole<Multiply>(node.inputs[0]) : &node;
  if (!product || !std::holds_alternative<Multiply>(product->op)) return std::nullopt;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const std::string& x = product->inputs[i];
    const std::string& gate = product->inputs[1 - i];
    if (divides ? is_relu6_of_x_plus_3(graph, gate, x) : is_hard_sigmoid(graph, gate, x)) return x;
  }
  return std::nullopt;
}

/// Clip(Relu(x)) as one Clip.
void join_relu(const Graph& graph, Node& node) {
  auto* clip = std::get_if<Clip>(&node.op);
  const Node* relu = clip ? graph.sole<Relu>(node.inputs[0]) : nullptr;
  if (!relu || clip->low > 0.0F || clip->high <= 0.0F) return;
  clip->low = 0.0F;
  node.inputs = relu->inputs;
}

/// Slice(Slice(x)) as one Slice.
void join_slices(const Graph& graph, Node& node) {
  auto* slice = std::get_if<Slice>(&node.op);
  const Node* before = slice ? graph.sole<Slice>(node.inputs[0]) : nullptr;
  if (!before) return;
  const auto& first = std::get<Slice>(before->op);
  for (std::size_t i = 0; i < slice->start.size(); ++i) {
    slice->start[i] = first.start[i] + first.step[i] * slice->start[i];
    slice->step[i] = slice->count[i] > 1 ? first.step[i] * slice->step[i] : 1;
  }
  node.inputs = before->inputs;
}

}  // namespace

void recognise_patterns(Network& network) {
  const Graph graph(network);
  for (Node& node : network.nodes) {
    if (const auto x = hard_swish_input(graph, node)) {
      node.op = HardSwish{};
      node.inputs = {*x};
    }
    join_relu(graph, node);
    join_slices(graph, node);
  }
  drop_unused_nodes(network);
}

void drop_unused_nodes(Network& network) {
  std::set<std::string> used = {network.output_name};
  for (auto node = network.nodes.rbegin(); node != network.nodes.rend(); ++node) {
    if (used.contains(node->output)) used.insert(node->inputs.begin(), node->inputs.end());
  }
  std::erase_if(network.nodes, [&](const Node& node) { return !used.contains(node.output); });
}

}  // namespace crossloop::network
