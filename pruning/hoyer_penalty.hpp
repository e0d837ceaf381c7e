// The regulariser of D.U.B. (Ibrayev et al. 2024, methods.md 3.3): columns of a tile that are
// denser than its others are pushed towards sparser ones.
#pragma once

#include <memory>
#include <vector>

#include "pruning/method.hpp"
#include "pruning/penalty.hpp"

namespace crossloop::pruning {

/// How much one tile counts.
enum class HoyerScale {
  /// H / rows in place of H, and the mean over the tiles of all layers in place of the sum: the
  /// penalty is at most lambda * outputs / (4 (outputs - 1)) whatever the size of tiles and
  /// network, and equal lambdas push no weight harder in large tiles than in small ones.
  kMean,
  /// As published, with a lambda of about 0.001. Runs with tiles of 256 often diverged.
  kSum
};

struct HoyerOptions {
  double lambda = 1.0;       ///< on the variance, at least 0
  double lambda_mean = 0.0;  ///< on mean_c H_c - 1, at least 0; a variant of the published code
  bool gated = true;         ///< columns sparser than the mean of their tile are left alone
  HoyerScale scale = HoyerScale::kMean;
};

/// With H_c = (sum |w|)^2 / (sum w^2 + 1e-6) of column c of a tile, from 0 (all zero) or 1 (one
/// nonzero) to `tile.rows` (all alike), and m = tile.outputs columns:
///
///   kSum   lambda sum_tiles Var_c(H_c) + lambda_mean sum_tiles (mean_c H_c - 1)
///   kMean  the same with H_c / rows and 1 / rows for H_c and 1, over the number of tiles
///
/// Var divides by m - 1. Tiles at the edge are padded: a padded column has H = 0 and takes part.
/// The gate sets dVar/dH_c to 0 where it is not above 0. Throws InputError for a tile of fewer than
/// two outputs, which has no variance, or of less than one row.
std::unique_ptr<Penalty> hoyer_penalty(const std::vector<PrunableLayer>& layers,
                                       const TileShape& tile, const HoyerOptions& options);

/// The options `lambda`, `lambda_mean`, `gate` and `scale` of a method that trains so.
std::vector<OptionSpec> hoyer_option_specs();
HoyerOptions hoyer_options(const MethodOptions& options);

}  // namespace crossloop::pruning
