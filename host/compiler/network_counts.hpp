// Crossbars of a dense network from its structure alone, in the three mappings.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/compiler/mapping.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

struct NodeCounts {
  std::string node;
  LayerGeometry geometry;
  MappingCounts crossbars;
};

/// Of every Conv and Linear node. Needs no weights; `shapes` are those of infer_shapes() or of a
/// NetworkPlan. Throws InputError naming the node where a tile does not hold one weight.
std::vector<NodeCounts> network_counts(const network::Network& network,
                                       const std::map<std::string, network::Shape>& shapes,
                                       const TileFormat& tile);

MappingCounts total(const std::vector<NodeCounts>& counts);

}  // namespace crossloop::compiler
