// Which groups of weights leave: the weakest segments or tiles, by magnitude, in bundles that free
// crossbars where the grain allows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/method.hpp"
#include "pruning/tile_grid.hpp"

namespace crossloop::pruning {

/// Blocks of one layer that leave together or not at all.
struct WeightBundle {
  std::vector<WeightBlock> blocks;
  double strength = 0.0;  ///< root mean square of their weights over that of the layer
  std::int64_t weights = 0;
};

/// Every segment or tile by itself.
std::vector<WeightBundle> single_groups(std::span<const float> weights, const PrunableLayer& layer,
                                        const TileShape& tile, Grain grain);

/// Column segments of each band, weakest first, in bundles that leave a multiple of `tile.outputs`
/// of them: what the compiler packs side by side then fills crossbars (XCS). The strongest segment
/// of every output is in no bundle.
std::vector<WeightBundle> column_bundles(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile);

/// Row segments of each tile, weakest first, in bundles that leave rows / 2, rows / 4, .., 1 of
/// them: remnants of several bands that the compiler stacks (its pass `share`) then fill all
/// crossbars but the last (XRS). The strongest row segment of every tile is in no bundle.
std::vector<WeightBundle> row_bundles(std::span<const float> weights, const PrunableLayer& layer,
                                      const TileShape& tile);

/// How much leaves.
struct BundleChoice {
  double ratio = 0.5;      ///< largest share of the weights that leaves
  double threshold = 0.0;  ///< above 0: instead, every bundle of at most this strength
  bool global = true;      ///< ratio over all layers together, weakest bundles first; else in each
  double layer_limit = 0.1;  ///< smallest share of its weights that a layer keeps
};

/// The options `ratio`, `scope` and `layer_limit` of a method that chooses so.
std::vector<OptionSpec> bundle_options(double ratio);
BundleChoice bundle_choice(const MethodOptions& options);

/// Drops bundles, `bundles` by layer of the context, weakest first.
Selection drop_weakest(const std::vector<std::vector<WeightBundle>>& bundles,
                       const PruningContext& context, const BundleChoice& choice);

}  // namespace crossloop::pruning
