#include "pruning/weight_groups.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <variant>

#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

/// Least and most survivors by the size of the group.
using Extremes = std::map<int, std::pair<int, int>>;

void count_row(std::span<const float> row, const std::vector<lanes::Group>& groups,
               GroupSurvivors& survivors, Extremes& extremes) {
  for (const lanes::Group& group : groups) {
    int count = 0;
    for (int i = 0; i < group.size; ++i) {
      count += row[static_cast<std::size_t>(group.first + i * group.step)] != 0.0F ? 1 : 0;
    }
    ++survivors.groups;
    ++survivors.histogram[static_cast<std::size_t>(count)];
    auto& [least, most] = extremes.try_emplace(group.size, count, count).first->second;
    least = std::min(least, count);
    most = std::max(most, count);
  }
}

GroupSurvivors survivors_of_layer(const network::Network& network, std::size_t node, int group) {
  const PrunableLayer layer = layer_of(network, node);
  const lanes::LayerGeometry geometry = lane_geometry(network, layer);
  const auto weights = network::weight_values(network.nodes[node]);
  GroupSurvivors survivors{.layer = layer.name, .histogram = {}};
  survivors.histogram.assign(static_cast<std::size_t>(group) + 1, 0);
  Extremes extremes;
  const int outputs_per_group = layer.outputs / layer.groups;
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  for (int c = 0; c < layer.groups; ++c) {
    const auto groups = weight_groups(geometry, layer, c, group);
    for (int o = c * outputs_per_group; o < (c + 1) * outputs_per_group; ++o) {
      count_row(weights.subspan(static_cast<std::size_t>(o) * inputs, inputs), groups, survivors,
                extremes);
    }
  }
  const auto& [largest, range] = *extremes.rbegin();
  survivors.largest = largest;
  survivors.least = range.first;
  survivors.most = range.second;
  survivors.equal = std::all_of(extremes.begin(), extremes.end(), [](const auto& entry) {
    return entry.second.first == entry.second.second;
  });
  return survivors;
}

}  // namespace

lanes::LayerGeometry lane_geometry(const network::Network& network, const PrunableLayer& layer) {
  const network::Node& node = network.nodes[layer.node];
  lanes::LayerGeometry geometry{.name = layer.name, .outputs = layer.outputs};
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    geometry.channels = conv->in_channels;
    geometry.kernel_h = conv->window.kernel_h;
    geometry.kernel_w = conv->window.kernel_w;
    return geometry;
  }
  const network::Shape shape =
      network::infer_shapes(network).at(network::before_flatten(network, node.inputs[0]));
  geometry.channels = shape.channels;
  geometry.kernel_h = shape.height;
  geometry.kernel_w = shape.width;
  return geometry;
}

std::vector<lanes::Group> weight_groups(const lanes::LayerGeometry& geometry,
                                        const PrunableLayer& layer, int conv_group, int group) {
  const int channels = geometry.channels / layer.groups;
  const int from = conv_group * channels, to = from + channels;
  std::vector<lanes::Group> groups;
  for (lanes::Group one : lanes::groups_of(geometry, group)) {
    const int first = std::max(one.block * group, from);
    const int end = std::min(one.block * group + one.size, to);
    if (first >= end) continue;
    one.size = end - first;
    one.first = (first - from) * geometry.positions() + one.position;
    groups.push_back(one);
  }
  return groups;
}

std::vector<GroupSurvivors> survivors_per_group(const network::Network& network, int group) {
  if (group < 1) {
    throw InputError("survivors per group: groups of " + std::to_string(group) +
                     " weights, expected at least 1");
  }
  std::vector<GroupSurvivors> layers;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (!network::has_weight(network.nodes[i])) continue;
    layers.push_back(survivors_of_layer(network, i, group));
  }
  return layers;
}

}  // namespace crossloop::pruning
