#include "host/cli/adc_accounting_table.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "host/compiler/tile_sparsity.hpp"

namespace crossloop::cli {

namespace {

constexpr const char* kTitle =
    "ADC energy as ADC-aware pruning counts it, by the sparsity of tiles alone: not to be set "
    "beside figures of RTL, engine or cost estimate";
constexpr const char* kCounting =
    "every bit line is a column, energy of a conversion proportional to its bits, all tiles alike";

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
  const compiler::AdcSavings result = compiler::adc_savings(deployment);
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
  nlohmann::json json = compiler::to_json(compiler::adc_savings(deployment), deployment.tile.rows);
  json["title"] = kTitle;
  json["counting"] = kCounting;
  return json;
}

}  // namespace crossloop::cli
