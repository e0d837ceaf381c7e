#include "host/analog/adc_accounting.hpp"

#include <spdlog/fmt/fmt.h>

#include <bit>
#include <cmath>
#include <limits>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

void check(std::span<const std::int64_t> tiles_by_level, int tile_size) {
  if (tile_size < 2 || tile_size > 2048 || !std::has_single_bit(unsigned(tile_size))) {
    throw InputError(fmt::format(
        "tile histogram: found tiles of {}, expected a power of two from 2 to 2048", tile_size));
  }
  const auto levels = static_cast<std::size_t>(std::bit_width(unsigned(tile_size)) + 1);
  if (tiles_by_level.size() != levels) {
    throw InputError(fmt::format("tile histogram: found {} levels, expected {} for tiles of {}",
                                 tiles_by_level.size(), levels, tile_size));
  }
  std::int64_t tiles = 0;
  for (const std::int64_t count : tiles_by_level) {
    if (count < 0) throw InputError(fmt::format("tile histogram: found a count of {}", count));
    tiles += count;
  }
  if (tiles == 0) throw InputError("tile histogram: found no tile");
}

/// One conversion at `bits`; no bits at all are what the model's formula makes of them.
double energy_pj(int bits, AdcModel model, const AdcAnchor& anchor) {
  if (bits == 0 && model == AdcModel::kLinear) return 0.0;
  if (bits == 0 && model == AdcModel::kExp2) return 0.5 * adc_energy_pj(model, 1, anchor);
  return adc_energy_pj(model, bits, anchor);
}

}  // namespace

double adc_energy_improvement(std::span<const std::int64_t> tiles_by_level, int tile_size,
                              AdcAccounting accounting, AdcModel model, const AdcAnchor& anchor) {
  check(tiles_by_level, tile_size);
  const int base =
      std::countr_zero(unsigned(tile_size)) + (accounting == AdcAccounting::kPhysical ? 1 : 0);
  double tiles = 0.0;
  double sparse_pj = 0.0;
  for (std::size_t level = 0; level < tiles_by_level.size(); ++level) {
    const auto count = static_cast<double>(tiles_by_level[level]);
    tiles += count;
    const bool empty = level + 1 == tiles_by_level.size();
    if (count > 0.0 && !empty) {
      sparse_pj += count * energy_pj(base - static_cast<int>(level), model, anchor);
    }
  }
  const double dense_pj = tiles * energy_pj(base, model, anchor);
  return sparse_pj > 0.0 ? dense_pj / sparse_pj : std::numeric_limits<double>::infinity();
}

}  // namespace crossloop::analog
