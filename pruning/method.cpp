#include "pruning/method.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <variant>

#include "host/error.hpp"
#include "pruning/penalty.hpp"

namespace crossloop::pruning {

std::unique_ptr<Penalty> Method::penalty(int /*stage*/, const network::Network& /*network*/,
                                         const PruningContext& /*context*/) const {
  return nullptr;
}

const MethodInfo& find_method(const std::string& name) {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  throw InputError(
      fmt::format("pruning method {}: expected one of {}", name, fmt::join(names, ", ")));
}

std::unique_ptr<Method> make_method(const MethodInfo& info, const MethodOptions::Given& given) {
  return info.make(MethodOptions(info.name, info.options, given));
}

void check_ratios(const std::string& method, const std::vector<double>& ratios,
                  const PruningContext& context) {
  if (ratios.empty() || ratios.size() == context.layers.size()) return;
  throw InputError(
      fmt::format("method {}, option ratios: {} numbers found, expected one for each of {} layers",
                  method, ratios.size(), context.layers.size()));
}

PrunableLayer layer_of(const network::Network& network, std::size_t index) {
  const network::Node& node = network.nodes[index];
  PrunableLayer layer{.node = index, .name = node.name};
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    layer.outputs = conv->out_channels;
    layer.taps = conv->window.kernel_h * conv->window.kernel_w;
    layer.groups = conv->groups;
    layer.inputs = conv->in_channels / conv->groups * layer.taps;
  } else {
    const auto& linear = std::get<network::Linear>(node.op);
    layer.outputs = linear.out_features;
    layer.inputs = linear.in_features;
  }
  return layer;
}

std::vector<PrunableLayer> prunable_layers(const network::Network& network,
                                           const LayerPolicy& policy) {
  std::vector<PrunableLayer> layers;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (network::has_weight(network.nodes[i])) layers.push_back(layer_of(network, i));
  }
  for (const std::string& name : policy.keep) {
    if (std::none_of(layers.begin(), layers.end(),
                     [&name](const PrunableLayer& layer) { return layer.name == name; })) {
      throw InputError("node " + name + " to keep: network " + network.name +
                       " has no Conv or Linear of that name");
    }
  }
  if (policy.keep_last && !layers.empty()) layers.pop_back();
  if (policy.keep_first && !layers.empty()) layers.erase(layers.begin());
  std::erase_if(layers, [&policy](const PrunableLayer& layer) {
    return std::find(policy.keep.begin(), policy.keep.end(), layer.name) != policy.keep.end();
  });
  if (layers.empty()) {
    throw InputError("network " + network.name +
                     ": no Conv or Linear to prune beside those that stay as they are");
  }
  return layers;
}

}  // namespace crossloop::pruning
