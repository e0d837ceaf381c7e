// Column-grain magnitude pruning: XCS segments of tile height.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/network/network.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

/// A segment is the weights of one output channel in one band of `rows` consecutive im2col inputs,
/// i.e. the height of a tile. Whole bundles of outputs leave a band, so that crossbars vanish:
/// with `outputs_per_crossbar` outputs side by side the survivors of a band are a multiple of it
/// (or all outputs).
struct ColumnGrainOptions {
  int rows = 64;
  int outputs_per_crossbar = 8;  ///< tile columns / (2 * slices)
  /// Largest share of the dense crossbars that may stay (0..1]. Segments with the smallest
  /// root-mean-square weight, relative to their layer, go first, over the whole network; the
  /// layers not in `prunable` stay dense.
  double crossbar_ratio = 0.6;
  double layer_limit = 0.25;  ///< smallest share of segments a band keeps, so that no layer dies
  /// Indices of the nodes that may lose segments; none: all but the first and the last with
  /// weights.
  std::vector<std::size_t> prunable = {};
};

struct LayerPruning {
  std::string node;
  int dense_crossbars = 0;
  int pruned_crossbars = 0;
  double weights_kept = 1.0;
};

struct PruningResult {
  Masks masks;
  std::vector<LayerPruning> layers;
};

/// The segments that stay, by magnitude alone. Convolutions in groups stay dense and do not count.
/// Throws InputError if the ratio cannot be reached.
PruningResult prune_column_grain(const network::Network& network,
                                 const ColumnGrainOptions& options);

/// The masks a pruned network stands for: its zeros.
Masks masks_of(const network::Network& network);

}  // namespace crossloop::pruning
