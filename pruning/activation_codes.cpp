#include "pruning/activation_codes.hpp"

#include <map>
#include <utility>
#include <variant>

#include "host/error.hpp"

namespace crossloop::pruning {

network::Network with_activation_codes(const network::Network& network,
                                       const std::vector<ActivationCodes>& codes) {
  std::map<std::string, ActivationCodes> waiting;
  for (const ActivationCodes& one : codes) {
    if (!waiting.emplace(one.value, one).second) {
      throw InputError("activation codes of value " + one.value + ": found twice, expected once");
    }
  }
  network::Network result = network;
  result.nodes.clear();
  for (network::Node node : network.nodes) {
    const auto found = waiting.find(node.output);
    if (found == waiting.end()) {
      result.nodes.push_back(std::move(node));
      continue;
    }
    const std::string exact = node.output + "/exact";
    network::Node rounding;
    rounding.name = node.name + "/codes";
    rounding.op = network::Quantise{.scale = found->second.scale, .zero_point = found->second.zero};
    rounding.inputs = {exact};
    rounding.output = std::exchange(node.output, exact);
    result.nodes.push_back(std::move(node));
    result.nodes.push_back(std::move(rounding));
    waiting.erase(found);
  }
  if (!waiting.empty()) {
    throw InputError("activation codes of value " + waiting.begin()->first + ": network " +
                     network.name + " has no such value");
  }
  return result;
}

void take_parameters(network::Network& network, const network::Network& trained) {
  std::map<std::string, const network::Node*> by_name;
  for (const network::Node& node : trained.nodes) by_name[node.name] = &node;
  for (network::Node& node : network.nodes) {
    const auto found = by_name.find(node.name);
    if (found == by_name.end() || found->second->op.index() != node.op.index()) {
      throw InputError("node " + node.name + ": not in the trained copy of " + network.name);
    }
    node.op = found->second->op;
  }
}

}  // namespace crossloop::pruning
