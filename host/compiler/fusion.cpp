#include "host/compiler/fusion.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "host/compiler/output_table.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using network::Network;
using network::Node;

template <class Op>
bool is(const Node& node) {
  return std::holds_alternative<Op>(node.op);
}

/// Who reads which value.
class Readers {
 public:
  explicit Readers(const Network& network) : output_(network.output_name) {
    for (const Node& node : network.nodes) {
      for (const std::string& input : node.inputs) readers_[input].push_back(&node);
    }
  }

  bool any(const std::string& value) const {
    return value == output_ || readers_.count(value) != 0;
  }

  /// The only reader of `value`; nullptr where there are several or it is the network's output.
  const Node* only(const std::string& value) const {
    const auto found = readers_.find(value);
    const bool single = found != readers_.end() && found->second.size() == 1 && value != output_;
    return single ? found->second.front() : nullptr;
  }

 private:
  std::string output_;
  std::map<std::string, std::vector<const Node*>> readers_;
};

bool is_part_of_a_layer(const Node& node) {
  return is<network::BatchNorm>(node) || is<network::Relu>(node) || is<network::Clip>(node) ||
         is<network::Quantise>(node) || makes_table(node);
}

bool is_layer(const Node& node) {
  return network::has_weight(node) || is<network::Add>(node) || is<network::MaxPool>(node) ||
         is<network::GlobalMaxPool>(node) || is<network::AveragePool>(node) ||
         is<network::GlobalAveragePool>(node) || is<network::Concat>(node) ||
         is<network::Pad>(node) || is<network::Slice>(node);
}

[[noreturn]] void refuse_unfused(const Node& node) {
  const std::string places = is<network::BatchNorm>(node)  ? "Conv or Linear"
                             : is<network::Quantise>(node) ? "the operators of one layer"
                                                           : "Conv, Linear, their BatchNorm or Add";
  throw InputError("node '" + node.name + "': a " + network::operator_name(node) +
                   " has no integer rule of its own; expected it right after " + places +
                   " as the only reader of '" + node.inputs.at(0) + "'");
}

[[noreturn]] void refuse_last_table(const Node& node) {
  throw InputError("node '" + node.name + "': a " + network::operator_name(node) +
                   " makes the network's output, which is 32-bit logits and not 8-bit codes of a "
                   "table; expected a Conv or Linear behind it, or the network without it");
}

/// Throws InputError for what the integer rules of docs/numerics.md do not cover.
void check_has_integer_rule(const Node& node) {
  if (is_layer(node) || is_part_of_a_layer(node) || is<network::Flatten>(node)) return;
  throw InputError(
      "node '" + node.name + "': " + network::operator_name(node) +
      " has no integer rule, it can be evaluated in float only; expected Conv, "
      "Linear, BatchNormalization, Relu, Clip, LeakyRelu, Sigmoid, HardSigmoid, "
      "HardSwish, MaxPool, GlobalMaxPool, AveragePool, GlobalAveragePool, Add, Concat, "
      "Pad, Slice or Flatten");
}

/// Follows `clip` with a Relu or Clip node.
void tighten(network::Clip& clip, const Node& node) {
  const auto* next = std::get_if<network::Clip>(&node.op);
  const network::Clip bounds = next != nullptr ? *next : network::Clip{.low = 0.0F};
  clip.low = std::clamp(clip.low, bounds.low, bounds.high);
  clip.high = std::clamp(clip.high, bounds.low, bounds.high);
}

/// Absorbs the operators behind `fused.node` that cost nothing and notes them in `absorbed`.
void absorb(FusedNode& fused, const Readers& readers, std::set<const Node*>& absorbed) {
  const Node* next = readers.only(fused.output);
  const auto take = [&] {
    fused.output = next->output;
    absorbed.insert(next);
    next = readers.only(fused.output);
  };
  if (next != nullptr && network::has_weight(*fused.node) && is<network::BatchNorm>(*next)) {
    fused.batch_norm = &std::get<network::BatchNorm>(next->op);
    take();
  }
  const bool may_activate = network::has_weight(*fused.node) || is<network::Add>(*fused.node);
  while (next != nullptr && may_activate &&
         (is<network::Relu>(*next) || is<network::Clip>(*next))) {
    tighten(fused.clip, *next);
    take();
  }
  if (next != nullptr && may_activate && makes_table(*next)) {
    fused.table = next;
    fused.table_input = fused.output;
    take();
  }
  if (next != nullptr && is<network::Quantise>(*next)) {
    fused.quantise = &std::get<network::Quantise>(next->op);
    take();
  }
}

}  // namespace

std::vector<FusedNode> fuse(const Network& network) {
  if (!network.extra_inputs.empty()) {
    throw InputError("network '" + network.name + "': " +
                     std::to_string(1 + network.extra_inputs.size()) + " inputs, expected one");
  }
  const Readers readers(network);
  std::set<const Node*> absorbed;
  std::map<std::string, std::string> flattened;  // output of what vanishes -> its input
  const auto origin = [&flattened](const std::string& value) {
    const auto found = flattened.find(value);
    return found == flattened.end() ? value : found->second;
  };

  std::vector<FusedNode> result;
  for (const Node& node : network.nodes) {
    check_has_integer_rule(node);
    if (!readers.any(node.output)) {
      throw InputError("node '" + node.name + "': nobody reads its output '" + node.output + "'");
    }
    if (absorbed.count(&node) != 0) continue;
    const bool of_image = is<network::Quantise>(node) && node.inputs.at(0) == network.input_name;
    if (is<network::Flatten>(node) || of_image) {
      flattened[node.output] = origin(node.inputs.at(0));
      continue;
    }
    if (is_part_of_a_layer(node)) refuse_unfused(node);
    FusedNode fused;
    fused.node = &node;
    fused.output = node.output;
    for (const std::string& input : node.inputs) fused.inputs.push_back(origin(input));
    absorb(fused, readers, absorbed);
    result.push_back(std::move(fused));
  }
  if (result.empty() || result.back().output != origin(network.output_name)) {
    throw InputError("network '" + network.name + "': output '" + network.output_name +
                     "' is not made by the last operator");
  }
  if (result.back().table != nullptr) refuse_last_table(*result.back().table);
  return result;
}

}  // namespace crossloop::compiler
