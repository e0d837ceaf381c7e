#include "pruning/tile_quantise.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/compiler/tile_sparsity.hpp"
#include "host/error.hpp"
#include "pruning/tile_grid.hpp"

namespace crossloop::pruning {

namespace {

/// Most weights of |w| > `magnitude` in a column of a tile.
unsigned fullest_column(std::span<const float> weights, const PrunableLayer& layer,
                        const WeightBlock& tile, double magnitude) {
  unsigned fullest = 0;
  for (const WeightBlock& column : segments_of(tile, Grain::kColumns)) {
    unsigned filled = 0;
    for_each_weight(layer, column, [&](std::size_t i) {
      filled += std::abs(static_cast<double>(weights[i])) > magnitude ? 1U : 0U;
    });
    fullest = std::max(fullest, filled);
  }
  return fullest;
}

/// How many weights every column of a tile of `rows` rows (a power of two) keeps, when the densest
/// one has `filled` that are not almost zero.
unsigned survivors(unsigned filled, unsigned rows, bool spare_last) {
  if (filled == 0) return 0;
  if (filled == 1 && rows > 1) return spare_last ? 1 : 0;
  const unsigned loosened = rows >> compiler::sparsity_level(filled, rows);
  const unsigned forced = loosened / 2;
  // s >= (a + b) / 2 in counts of what is left.
  return loosened > 1 && 2 * filled <= loosened + forced ? forced : loosened;
}

}  // namespace

void check_levels(const TileShape& tile) {
  check_tile(tile);
  if (std::has_single_bit(static_cast<unsigned>(tile.rows))) return;
  throw InputError("levels of sparsity of a tile: found " + std::to_string(tile.rows) +
                   " rows, expected a power of two");
}

std::vector<std::size_t> by_magnitude(std::span<const float> weights, const PrunableLayer& layer,
                                      const WeightBlock& column) {
  std::vector<std::size_t> order;
  for_each_weight(layer, column, [&order](std::size_t i) { order.push_back(i); });
  std::stable_sort(order.begin(), order.end(), [&weights](std::size_t a, std::size_t b) {
    return std::abs(weights[a]) > std::abs(weights[b]);
  });
  return order;
}

void keep_largest(std::span<const float> weights, const PrunableLayer& layer,
                  const WeightBlock& tile, std::size_t count, std::vector<std::uint8_t>& mask) {
  if (static_cast<std::size_t>(tile.inputs) <= count) return;
  for (const WeightBlock& column : segments_of(tile, Grain::kColumns)) {
    const auto order = by_magnitude(weights, layer, column);
    for (std::size_t i = count; i < order.size(); ++i) mask[order[i]] = 0;
  }
}

std::vector<std::uint8_t> quantise_tiles(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile, const AlmostZero& almost_zero) {
  check_levels(tile);
  std::vector<std::uint8_t> mask(weights.size(), 1);
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    const unsigned rows = std::bit_ceil(static_cast<unsigned>(block.inputs));
    const unsigned filled = fullest_column(weights, layer, block, almost_zero.magnitude);
    const unsigned kept = survivors(filled, rows, almost_zero.spare_last);
    keep_largest(weights, layer, block, kept, mask);
  }
  return mask;
}

double magnitude_at(std::span<const float> weights, double ratio) {
  const auto count =
      static_cast<std::size_t>(std::llround(ratio * static_cast<double>(weights.size())));
  if (count == 0) return -1.0;
  std::vector<float> magnitudes;
  for (const float weight : weights) magnitudes.push_back(std::abs(weight));
  const auto last = magnitudes.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(magnitudes.begin(), last, magnitudes.end());
  return *last;
}

std::vector<std::int64_t> tiles_by_level(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile) {
  check_levels(tile);
  const auto rows = static_cast<unsigned>(tile.rows);
  std::vector<std::int64_t> tiles(compiler::sparsity_level(0, rows) + 1);
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    tiles[compiler::sparsity_level(fullest_column(weights, layer, block, 0.0), rows)] += 1;
  }
  return tiles;
}

std::vector<OptionSpec> tile_quantise_options() {
  return {number_option("ratio", 0.6, 0.0, 0.999,
                        "share of the weights of each layer that count as almost zero"),
          list_option("ratios", 0.0, 1.0, "share of each layer instead of ratio, in graph order"),
          number_option("tolerance", 0.0, 0.0, 1e3,
                        "above 0: weights up to this magnitude count as almost zero instead of a "
                        "share; for networks that were trained to have such")};
}

Selection quantise_layers(const std::string& method, const MethodOptions& options,
                          const network::Network& network, const PruningContext& context) {
  const std::vector<double> ratios = options.numbers("ratios");
  check_ratios(method, ratios, context);
  const double tolerance = options.number("tolerance");
  Selection selection;
  for (std::size_t l = 0; l < context.layers.size(); ++l) {
    const PrunableLayer& layer = context.layers[l];
    const auto weights = network::weight_values(network.nodes[layer.node]);
    const double ratio = ratios.empty() ? options.number("ratio") : ratios[l];
    const AlmostZero almost_zero = {
        .magnitude = tolerance > 0.0 ? tolerance : magnitude_at(weights, ratio),
        .spare_last = tolerance <= 0.0};
    selection.weights[layer.name] = quantise_tiles(weights, layer, context.tile, almost_zero);
  }
  return selection;
}

}  // namespace crossloop::pruning
