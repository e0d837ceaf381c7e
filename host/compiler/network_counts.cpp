#include "host/compiler/network_counts.hpp"

#include "host/compiler/place.hpp"

namespace crossloop::compiler {
namespace {

/// A Linear layer reads its whole input at one position.
LayerGeometry geometry_of(const network::Node& node, const network::Shape& output) {
  LayerGeometry geometry;
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
    geometry.inputs = conv->in_channels;
    geometry.outputs = conv->out_channels;
    geometry.groups = conv->groups;
    geometry.window = conv->window;
    geometry.out_height = output.height;
    geometry.out_width = output.width;
    return geometry;
  }
  const auto& linear = std::get<network::Linear>(node.op);
  geometry.inputs = linear.in_features;
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
    const LayerGeometry geometry = geometry_of(node, shapes.at(node.output));
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
