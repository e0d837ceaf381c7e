#include "host/cli/prune_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace crossloop::cli {

namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

PrunedLayer total_of(const std::vector<PrunedLayer>& layers) {
  PrunedLayer total{.name = "total", .crossbars = {}};
  for (const PrunedLayer& layer : layers) {
    total.weights += layer.weights;
    total.pruned += layer.pruned;
    total.outputs += layer.outputs;
    total.silent_outputs += layer.silent_outputs;
    total.crossbars.dense += layer.crossbars.dense;
    total.crossbars.pruned += layer.crossbars.pruned;
  }
  return total;
}

std::string line(const PrunedLayer& layer, std::size_t width) {
  return fmt::format("{:<{}}  {:>9}  {:>6.1f} %  {:>7}  {:>6}  {:>6}  {:>6}", layer.name, width,
                     layer.weights, 100.0 * share(layer.pruned, layer.weights), layer.outputs,
                     layer.silent_outputs, layer.crossbars.dense, layer.crossbars.pruned);
}

}  // namespace

std::vector<PrunedLayer> pruned_layers(const network::Network& network,
                                       const compiler::Deployment* deployment) {
  std::vector<PrunedLayer> layers;
  for (network::Node node : network.nodes) {
    if (!network::has_weight(node)) continue;
    const auto values = network::weight_values(node);
    PrunedLayer layer{.name = node.name, .crossbars = {}};
    layer.weights = static_cast<std::int64_t>(values.size());
    layer.pruned = std::count(values.begin(), values.end(), 0.0F);
    layer.outputs = network::weight_of(node).outputs;
    const std::size_t inputs = values.size() / static_cast<std::size_t>(layer.outputs);
    for (std::size_t first = 0; first < values.size(); first += inputs) {
      const auto row = values.subspan(first, inputs);
      layer.silent_outputs +=
          std::all_of(row.begin(), row.end(), [](float w) { return w == 0.0F; });
    }
    for (std::size_t i = 0; deployment != nullptr && i < deployment->layers.size(); ++i) {
      if (deployment->layers[i].name != node.name) continue;
      layer.crossbars = deployment->count(static_cast<int>(i));
    }
    layers.push_back(layer);
  }
  return layers;
}

std::string pruned_layers_table(const std::vector<PrunedLayer>& layers) {
  std::size_t width = 5;
  for (const PrunedLayer& layer : layers) width = std::max(width, layer.name.size());
  std::string text =
      fmt::format("{:<{}}  {:>9}  {:>8}  {:>7}  {:>6}  {:>6}  {:>6}\n", "layer", width, "weights",
                  "pruned", "outputs", "silent", "dense", "placed");
  for (const PrunedLayer& layer : layers) text += line(layer, width) + "\n";
  const PrunedLayer total = total_of(layers);
  return text + line(total, width) +
         fmt::format("  ({:.1f} % of the crossbars)\n",
                     100.0 * share(total.crossbars.pruned, total.crossbars.dense));
}

nlohmann::json pruned_layers_json(const std::vector<PrunedLayer>& layers) {
  auto all = nlohmann::json::array();
  for (const PrunedLayer& layer : layers) {
    all.push_back(
        {{"name", layer.name},
         {"weights", layer.weights},
         {"weights_pruned", layer.pruned},
         {"outputs", layer.outputs},
         {"silent_outputs", layer.silent_outputs},
         {"crossbars", {{"dense", layer.crossbars.dense}, {"pruned", layer.crossbars.pruned}}}});
  }
  return all;
}

nlohmann::json pruned_weights_json(const std::vector<PrunedLayer>& layers) {
  const PrunedLayer total = total_of(layers);
  return {{"total", total.weights},
          {"pruned", total.pruned},
          {"share", share(total.pruned, total.weights)}};
}

std::string survivors_table(const std::vector<pruning::GroupSurvivors>& layers, int group) {
  std::string text = fmt::format("survivors per group of {} input channels: least, most\n", group);
  for (const pruning::GroupSurvivors& layer : layers) {
    text += fmt::format("  {:<24}{:>4}{:>4}{}\n", layer.layer, layer.least, layer.most,
                        layer.equal ? "  equal" : "");
  }
  return text;
}

nlohmann::json survivors_json(const std::vector<pruning::GroupSurvivors>& layers, int group) {
  auto all = nlohmann::json::array();
  for (const pruning::GroupSurvivors& layer : layers) {
    all.push_back({{"name", layer.layer},
                   {"groups", layer.groups},
                   {"least", layer.least},
                   {"most", layer.most},
                   {"equal", layer.equal},
                   {"histogram", layer.histogram}});
  }
  return {{"group", group}, {"layers", all}};
}

}  // namespace crossloop::cli
