// Brings the sparsity of every tile to a level that saves ADC bits, without training (the pruning
// step of D.U.B., Ibrayev et al. 2024, methods.md 3.4).
//
// Level k of a tile: no column has more than rows / 2^k nonzeros, so that its ADC needs k bits
// less. Within a column any weights may be zero.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pruning/method.hpp"
#include "pruning/tile_grid.hpp"

namespace crossloop::pruning {

/// Which weights count as almost zero.
struct AlmostZero {
  double magnitude = 1e-3;  ///< tau: those of |w| <= tau
  /// What becomes of a tile whose densest column holds one weight that is not almost zero: the
  /// whole tile leaves (published for a fixed tau), or every column keeps its largest weight
  /// (published for a tau from a ratio).
  bool spare_last = false;
};

/// 1 where a weight of `layer` stays, [outputs][inputs]. With n almost zeros in the column that has
/// fewest, s = n / rows and s between the levels a < b (0, 1/2, 3/4, .., 1 - 1/rows, 1):
///
///   s = 1                    every almost zero leaves
///   one column has one left  see AlmostZero
///   s >= (a + b) / 2         every column keeps its (1 - b) rows largest weights
///   else                     every column keeps its (1 - a) rows largest; with a = 0, all
///
/// Of equal weights the earlier one stays. A tile at the lower edge counts as one of the next power
/// of two of its rows, since an ADC needs no more bits than that, and the missing rows as zeros.
/// Throws InputError where tile.rows is not a power of two.
std::vector<std::uint8_t> quantise_tiles(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile, const AlmostZero& almost_zero);

/// Throws InputError where tile.rows is not a power of two, which levels are counted in.
void check_levels(const TileShape& tile);

/// The weights of a column, index into [outputs][inputs], by falling magnitude; of equal ones the
/// earlier first.
std::vector<std::size_t> by_magnitude(std::span<const float> weights, const PrunableLayer& layer,
                                      const WeightBlock& column);

/// Zeroes the mask of all but the `count` largest weights of every column of `tile`.
void keep_largest(std::span<const float> weights, const PrunableLayer& layer,
                  const WeightBlock& tile, std::size_t count, std::vector<std::uint8_t>& mask);

/// The tau of which a share `ratio` (0..1) of the weights is almost zero: their |w| at that
/// percentile, -1 where that is none.
double magnitude_at(std::span<const float> weights, double ratio);

/// Tiles of `layer` by level, [log2 rows + 2], the last entry those of zeros: as
/// compiler::tiles_by_sparsity counts, but a weight is one cell here, as in the published counts.
/// Throws InputError where tile.rows is not a power of two.
std::vector<std::int64_t> tiles_by_level(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile);

/// The options `ratio`, `ratios` and `tolerance` of a method that ends in this step.
std::vector<OptionSpec> tile_quantise_options();

/// quantise_tiles for every layer of the context, with those options. Throws InputError naming
/// `method` where `ratios` has another number of entries than there are layers.
Selection quantise_layers(const std::string& method, const MethodOptions& options,
                          const network::Network& network, const PruningContext& context);

}  // namespace crossloop::pruning
