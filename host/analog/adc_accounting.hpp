// How much ADC energy sparse tiles save, counted as work on ADC-aware pruning counts it.
#pragma once

#include <cstdint>
#include <span>

#include "host/analog/adc_energy.hpp"

namespace crossloop::analog {

/// What a tile at sparsity level k (its fullest column has at most X / 2^k nonzeros) is charged.
/// X is the side of the tile; cells and inputs of one bit, with ISAAC's flip encoding.
///
///   paper     log2 X - k bits, as the logs of Ibrayev et al. 2024 count: under `linear`, a tile
///             with one nonzero a column costs nothing. Base: log2 X.
///   physical  log2 X - k + 1 bits for every tile that is not empty: one nonzero cell and a one-bit
///             input still give 0 or 1, which takes a comparator. Base: log2 X + 1.
///
/// A tile of zeros costs nothing in both.
enum class AdcAccounting { kPaper, kPhysical };

/// ADC energy of dense tiles over that of `tiles_by_level`; every tile weighs the same. Under
/// `paper` and `linear` this is
///
///   N log2 X / sum_k n_k max(log2 X - k, 0)
///
/// tiles_by_level: [log2 X + 2] counts at the levels 0, 1/2, 3/4, .., 1 - 1/X and 1 (all zero).
/// tile_size: X, a power of two, 2..2048. Infinite where nothing costs energy. Zero bits cost 0
/// under `linear` and 2^0 under `exp2`. Throws InputError for another X, another number of counts,
/// a negative count, no tile at all, and what adc_energy_pj refuses: `saberi` and `survey` have no
/// figure below 4 bits.
double adc_energy_improvement(std::span<const std::int64_t> tiles_by_level, int tile_size,
                              AdcAccounting accounting, AdcModel model, const AdcAnchor& anchor);

}  // namespace crossloop::analog
