// How sparse the tiles of a deployment are, as work on ADC-aware pruning counts it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// The level k of a tile of `rows` word lines, a power of two, whose fullest column has `filled`
/// nonzeros, at most `rows`: filled <= rows / 2^k and no higher k; log2 rows + 1 where filled is 0.
constexpr std::size_t sparsity_level(unsigned filled, unsigned rows) {
  const auto finest = static_cast<std::size_t>(std::countr_zero(rows));
  if (filled == 0) return finest + 1;
  // The least power of two that is not less than `filled` is rows / 2^k.
  return finest - static_cast<std::size_t>(std::countr_zero(std::bit_ceil(filled)));
}

/// How many levels tiles of these word lines have: log2 X + 2. Throws InputError where X is not a
/// power of two.
std::size_t sparsity_levels(const TileFormat& tile);

/// Tiles by level of sparsity, [log2 X + 2], X the word lines of a tile: entry k counts the tiles
/// whose fullest column has at most X / 2^k cells above level 0 and no higher k, the last entry
/// those of zeros. Every bit line is a column of its own: the two signs and the slices of a weight,
/// and the unit column of the offset encoding, which is full. Crossbars of the dense layers that
/// were not placed count as tiles of zeros. Throws InputError where X is not a power of two.
std::vector<std::int64_t> tiles_by_sparsity(const Deployment& deployment);

/// Those of the dense layers that were not placed.
std::int64_t tiles_left_out(const Deployment& deployment);

/// What the sparsity of tiles alone saves in ADC energy, energy proportional to bits, all tiles
/// alike (host/analog/adc_accounting.hpp). Not to be set beside figures of RTL, engine or cost
/// estimate.
struct AdcSavings {
  std::vector<std::int64_t> tiles;  ///< tiles_by_sparsity()
  std::int64_t left_out = 0;        ///< tiles_left_out()
  /// ADC energy of dense tiles over that of these, in both countings; infinite where none is spent.
  double paper = 0.0;
  double physical = 0.0;
};
AdcSavings adc_savings(const Deployment& deployment);
/// Of any tiles of `rows` word lines, [log2 rows + 2] counts by level, `left_out` of them not
/// placed. Throws InputError as analog::adc_energy_improvement does.
AdcSavings adc_savings(std::vector<std::int64_t> tiles, std::int64_t left_out, int rows);

/// {"tile_rows", "tiles_by_sparsity", "tiles_not_placed", "improvement": {"paper", "physical"}}; an
/// infinite improvement is null.
nlohmann::json to_json(const AdcSavings& savings, int rows);

}  // namespace crossloop::compiler
