#include "host/compiler/tile_sparsity.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "host/analog/adc_accounting.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// Most cells above level 0 in a column.
unsigned fullest_column(const Crossbar& crossbar) {
  const std::size_t columns = crossbar.tables.columns.size();
  std::vector<unsigned> filled(columns);
  for (std::size_t i = 0; i < crossbar.levels.size(); ++i) {
    filled[i % columns] += crossbar.levels[i] != 0 ? 1U : 0U;
  }
  return *std::max_element(filled.begin(), filled.end());
}

}  // namespace

std::size_t sparsity_levels(const TileFormat& tile) {
  const auto rows = static_cast<unsigned>(tile.rows);
  if (!std::has_single_bit(rows)) {
    throw InputError("sparsity of tiles: tiles have " + std::to_string(rows) +
                     " word lines, expected a power of two");
  }
  return sparsity_level(0, rows) + 1;
}

std::vector<std::int64_t> tiles_by_sparsity(const Deployment& deployment) {
  const auto rows = static_cast<unsigned>(deployment.tile.rows);
  std::vector<std::int64_t> tiles(sparsity_levels(deployment.tile));
  for (const Crossbar& crossbar : deployment.crossbars) {
    tiles[sparsity_level(fullest_column(crossbar), rows)] += 1;
  }
  tiles.back() += tiles_left_out(deployment);
  return tiles;
}

std::int64_t tiles_left_out(const Deployment& deployment) {
  std::int64_t left_out = 0;
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const CrossbarCount count = deployment.count(static_cast<int>(i));
    left_out += std::max(0, count.dense - count.pruned);
  }
  return left_out;
}

AdcSavings adc_savings(const Deployment& deployment) {
  return adc_savings(tiles_by_sparsity(deployment), tiles_left_out(deployment),
                     deployment.tile.rows);
}

AdcSavings adc_savings(std::vector<std::int64_t> tiles, std::int64_t left_out, int rows) {
  AdcSavings savings{.tiles = std::move(tiles), .left_out = left_out};
  // Under `linear` only the ratio of two energies counts, whatever the anchor's.
  const analog::AdcAnchor anchor{.bits = 8, .energy_pj = 1.0};
  const auto improvement = [&](analog::AdcAccounting accounting) {
    return analog::adc_energy_improvement(savings.tiles, rows, accounting,
                                          analog::AdcModel::kLinear, anchor);
  };
  savings.paper = improvement(analog::AdcAccounting::kPaper);
  savings.physical = improvement(analog::AdcAccounting::kPhysical);
  return savings;
}

nlohmann::json to_json(const AdcSavings& savings, int rows) {
  const auto number = [](double improvement) {
    return std::isinf(improvement) ? nlohmann::json() : nlohmann::json(improvement);
  };
  return {
      {"tile_rows", rows},
      {"tiles_by_sparsity", savings.tiles},
      {"tiles_not_placed", savings.left_out},
      {"improvement", {{"paper", number(savings.paper)}, {"physical", number(savings.physical)}}}};
}

}  // namespace crossloop::compiler
