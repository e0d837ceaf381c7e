#include "host/cli/adc_accounting_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <vector>

#include "host/analog/adc_accounting.hpp"
#include "host/compiler/tile_sparsity.hpp"

namespace crossloop::cli {

using analog::AdcAccounting;

namespace {

constexpr const char* kTitle =
    "ADC energy as ADC-aware pruning counts it, by the sparsity of tiles alone: not to be set "
    "beside figures of RTL, engine or cost estimate";
constexpr const char* kCounting =
    "every bit line is a column, energy of a conversion proportional to its bits, all tiles alike";

/// What both renderings say.
struct Accounting {
  std::vector<std::int64_t> tiles;
  std::int64_t left_out = 0;
  double paper = 0.0, physical = 0.0;
};

Accounting account(const compiler::Deployment& deployment) {
  Accounting result;
  result.tiles = compiler::tiles_by_sparsity(deployment);
  result.left_out = compiler::tiles_left_out(deployment);
  // Under `linear` only the ratio of two energies counts, whatever the anchor's.
  const analog::AdcAnchor anchor{.bits = 8, .energy_pj = 1.0};
  const auto improvement = [&](AdcAccounting accounting) {
    return analog::adc_energy_improvement(result.tiles, deployment.tile.rows, accounting,
                                          analog::AdcModel::kLinear, anchor);
  };
  result.paper = improvement(AdcAccounting::kPaper);
  result.physical = improvement(AdcAccounting::kPhysical);
  return result;
}

/// Bits that a tile of level `level` is charged in the two countings.
struct Bits {
  int paper = 0, physical = 0;
};
Bits bits_at(std::size_t level, std::size_t levels) {
  if (level + 1 == levels) return {};
  const int paper = static_cast<int>(levels - 2 - level);
  return {paper, paper + 1};
}

std::string times(double improvement) {
  return std::isinf(improvement) ? "no tile costs energy" : fmt::format("{:.4g}x", improvement);
}

}  // namespace

std::string adc_accounting_table(const compiler::Deployment& deployment) {
  const Accounting result = account(deployment);
  const int rows = deployment.tile.rows;
  std::string text = fmt::format("{}\n  {}\n{:<22}  {:>7}  {:>10}  {:>13}\n", kTitle, kCounting,
                                 "fullest column, cells", "tiles", "paper bits", "physical bits");
  for (std::size_t level = 0; level < result.tiles.size(); ++level) {
    const Bits bits = bits_at(level, result.tiles.size());
    const std::string cells = level + 1 == result.tiles.size()
                                  ? std::string("none")
                                  : fmt::format("at most {}", rows >> level);
    text += fmt::format("{:<22}  {:>7}  {:>10}  {:>13}\n", cells, result.tiles[level], bits.paper,
                        bits.physical);
  }
  return text + fmt::format(
                    "{} of the tiles without a cell are dense crossbars that were not placed\n"
                    "ADC energy of dense tiles over that of these: paper {}, physical {}\n",
                    result.left_out, times(result.paper), times(result.physical));
}

nlohmann::json adc_accounting_json(const compiler::Deployment& deployment) {
  const Accounting result = account(deployment);
  const auto number = [](double improvement) {
    return std::isinf(improvement) ? nlohmann::json() : nlohmann::json(improvement);
  };
  return {
      {"title", kTitle},
      {"counting", kCounting},
      {"tile_rows", deployment.tile.rows},
      {"tiles_by_sparsity", result.tiles},
      {"tiles_not_placed", result.left_out},
      {"improvement", {{"paper", number(result.paper)}, {"physical", number(result.physical)}}}};
}

}  // namespace crossloop::cli
