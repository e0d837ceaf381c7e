// Levels of sparsity for the tiles of a whole network, so that its ADCs spend a given share of
// their energy and as little weight as possible leaves.
//
// dub_quantize takes from every layer a share that its user names, and learns afterwards what that
// saves. Here the saving is given, and the levels follow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/analog/adc_accounting.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

struct AdcBudget {
  /// ADC energy of dense tiles over that of what stays, at least 1: linear in bits, all tiles
  /// alike, a weight one cell (analog::adc_energy_improvement).
  double saving = 4.0;
  analog::AdcAccounting accounting = analog::AdcAccounting::kPaper;
};

/// Masks of `layers`, [outputs][inputs] each, 1 where a weight stays; weights[l] is the weight of
/// layers[l]. Every column of a tile keeps its n largest weights, n one of rows, rows/2, .., 1 and,
/// under kPhysical, 0. Under kPaper one weight is as free as none, so that no column loses all.
///
/// Of all choices of n per tile within the budget the one with the least
///
///   sum_layers  (sum of w^2 that leaves) / (sum of w^2 of the layer)
///
/// up to the one step that no longer fits: tiles start with the least n and gain the bits that win
/// most per bit, along the convex hull of each tile's choices (the Lagrangian relaxation of a
/// multiple-choice knapsack). Equal tiles gain in the order of layers and tiles.
///
/// Throws InputError where tile.rows is not a power of two, the saving is below 1, or it leaves
/// nothing of a layer, naming that.
std::vector<std::vector<std::uint8_t>> spend_adc_budget(
    const std::vector<std::span<const float>>& weights, const std::vector<PrunableLayer>& layers,
    const TileShape& tile, const AdcBudget& budget);

}  // namespace crossloop::pruning
