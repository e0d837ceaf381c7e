// Group lasso on the rows, columns or tiles of crossbars (methods.md 2.2): pulls whole groups of
// weights towards zero.
#pragma once

#include <memory>

#include "pruning/penalty.hpp"
#include "pruning/tile_grid.hpp"

namespace crossloop::pruning {

struct GroupLassoOptions {
  Grain grain = Grain::kColumns;
  double lambda = 5e-4;  ///< at least 0; 1e-4 and 5e-4 in the code of Ibrayev et al. 2024
};

/// lambda * sum over layers and groups of sqrt(sum of w^2 in the group), the groups being those of
/// segments_of(tiles_of(layer, tile), grain). The gradient lambda * w / norm is 0 for a group of
/// zeros. Throws InputError as check_tile does.
std::unique_ptr<Penalty> group_lasso(const std::vector<PrunableLayer>& layers,
                                     const TileShape& tile, const GroupLassoOptions& options);

}  // namespace crossloop::pruning
