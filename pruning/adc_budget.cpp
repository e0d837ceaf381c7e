#include "pruning/adc_budget.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "host/error.hpp"
#include "pruning/tile_grid.hpp"
#include "pruning/tile_quantise.hpp"

namespace crossloop::pruning {

namespace {

/// A tile with `kept` weights in every column.
struct Choice {
  unsigned kept = 0;
  int bits = 0;
  double share = 0.0;  ///< of the squares of the layer's weights that stay in this tile
};

/// One step of a tile to a denser choice.
struct Step {
  std::size_t tile = 0;
  std::size_t choice = 0;
  int bits = 0;
  double gain_per_bit = 0.0;
};

struct Tile {
  std::size_t layer = 0;
  WeightBlock block;
  std::vector<Choice> choices;  ///< on their convex hull, by rising bits
  std::size_t chosen = 0;
};

/// Every number of weights that a column of `block` may keep, and what that costs and holds.
std::vector<Choice> choices_of(std::span<const float> weights, const PrunableLayer& layer,
                               const WeightBlock& block, double squares,
                               analog::AdcAccounting accounting) {
  const bool physical = accounting == analog::AdcAccounting::kPhysical;
  std::vector<Choice> choices;
  if (physical) choices.push_back({});
  const unsigned dense = std::bit_ceil(static_cast<unsigned>(block.inputs));
  for (unsigned kept = 1; kept <= dense; kept *= 2) {
    choices.push_back({kept, std::countr_zero(kept) + (physical ? 1 : 0), 0.0});
  }
  for (const WeightBlock& column : segments_of(block, Grain::kColumns)) {
    const auto order = by_magnitude(weights, layer, column);
    double held = 0.0;
    std::size_t next = 0;
    for (Choice& choice : choices) {
      for (; next < std::min<std::size_t>(choice.kept, order.size()); ++next) {
        held += static_cast<double>(weights[order[next]]) * weights[order[next]] / squares;
      }
      choice.share += held;
    }
  }
  return choices;
}

double gain_per_bit(const Choice& from, const Choice& to) {
  return (to.share - from.share) / (to.bits - from.bits);
}

/// Those choices of which each bit wins no more than the bit before.
std::vector<Choice> convex_hull(const std::vector<Choice>& choices) {
  std::vector<Choice> hull;
  for (const Choice& choice : choices) {
    while (hull.size() > 1 &&
           gain_per_bit(hull.back(), choice) > gain_per_bit(hull[hull.size() - 2], hull.back())) {
      hull.pop_back();
    }
    if (hull.empty() || choice.share > hull.back().share) hull.push_back(choice);
  }
  return hull;
}

double sum_of_squares(std::span<const float> weights) {
  double sum = 0.0;
  for (const float weight : weights) sum += static_cast<double>(weight) * weight;
  return sum;
}

std::vector<Tile> tiles_with_choices(const std::vector<std::span<const float>>& weights,
                                     const std::vector<PrunableLayer>& layers,
                                     const TileShape& tile, analog::AdcAccounting accounting) {
  std::vector<Tile> tiles;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const double squares = sum_of_squares(weights[l]);
    if (squares == 0.0) {
      throw InputError("layer " + layers[l].name + ": found weights of zero alone, expected some");
    }
    for (const WeightBlock& block : tiles_of(layers[l], tile)) {
      tiles.push_back({l, block,
                       convex_hull(choices_of(weights[l], layers[l], block, squares, accounting)),
                       0});
    }
  }
  return tiles;
}

/// Moves tiles along their choices while bits are left.
void spend(std::vector<Tile>& tiles, double bits) {
  std::vector<Step> steps;
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const auto& choices = tiles[t].choices;
    for (std::size_t c = 1; c < choices.size(); ++c) {
      steps.push_back(
          {t, c, choices[c].bits - choices[c - 1].bits, gain_per_bit(choices[c - 1], choices[c])});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.gain_per_bit > b.gain_per_bit; });
  for (const Step& step : steps) {
    bits -= step.bits;
    if (bits < 0.0) return;
    tiles[step.tile].chosen = step.choice;
  }
}

}  // namespace

std::vector<std::vector<std::uint8_t>> spend_adc_budget(
    const std::vector<std::span<const float>>& weights, const std::vector<PrunableLayer>& layers,
    const TileShape& tile, const AdcBudget& budget) {
  check_levels(tile);
  if (!(budget.saving >= 1.0)) {
    throw InputError(
        fmt::format("saving of ADC energy: found {}, expected 1 or more", budget.saving));
  }
  std::vector<Tile> tiles = tiles_with_choices(weights, layers, tile, budget.accounting);
  const int dense_bits = std::countr_zero(static_cast<unsigned>(tile.rows)) +
                         (budget.accounting == analog::AdcAccounting::kPhysical ? 1 : 0);
  spend(tiles, static_cast<double>(tiles.size()) * dense_bits / budget.saving);
  std::vector<std::vector<std::uint8_t>> masks;
  for (const auto& layer : weights) masks.emplace_back(layer.size(), 1);
  for (const Tile& one : tiles) {
    keep_largest(weights[one.layer], layers[one.layer], one.block, one.choices[one.chosen].kept,
                 masks[one.layer]);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    if (std::count(masks[l].begin(), masks[l].end(), 1) > 0) continue;
    throw InputError(fmt::format("layer {}: nothing of it stays at {} times less ADC energy",
                                 layers[l].name, budget.saving));
  }
  return masks;
}

}  // namespace crossloop::pruning
