#include "host/compiler/network_counts.hpp"

#include "host/compiler/place.hpp"
#include "host/compiler/quantise.hpp"

namespace crossloop::compiler {
namespace {

/// `input` is what a Flatten in between reads: a Linear layer takes it whole, at one position.
LayerGeometry geometry_of(const network::Node& node, const network::Shape& input,
                          const network::Shape& output) {
  LayerGeometry geometry;
  geometry.window = crossbar_window(node, input);
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    geometry.inputs = conv->in_channels;
    geometry.outputs = conv->out_channels;
    geometry.groups = conv->groups;
    geometry.out_height = output.height;
    geometry.out_width = output.width;
    return geometry;
  }
  const auto& linear = std::get<network::Linear>(node.op);
  geometry.inputs = input.channels;
  geometry.outputs = linear.out_features;
  return geometry;
}

}  // namespace

std::vector<NodeCounts> network_counts(const network::Network& network,
                                       const std::map<std::string, network::Shape>& shapes,
                                       const TileFormat& tile) {
  std::vector<NodeCounts> counts;
  for (const network::Node& node : network.nodes) {
    if (!network::has_weight(node)) continue;
    outputs_per_crossbar(tile, node.name);
    const auto& input = shapes.at(network::before_flatten(network, node.inputs[0]));
    const LayerGeometry geometry = geometry_of(node, input, shapes.at(node.output));
    counts.push_back({node.name, geometry, mapping_counts(geometry, tile)});
  }
  return counts;
}

MappingCounts total(const std::vector<NodeCounts>& counts) {
  MappingCounts sum;
  for (const NodeCounts& node : counts) {
    sum.folded += node.crossbars.folded;
    sum.semi_folded += node.crossbars.semi_folded;
    sum.unfolded += node.crossbars.unfolded;
  }
  return sum;
}

}  // namespace crossloop::compiler
