#include "host/analog/plant.hpp"

#include <algorithm>
#include <cmath>

#include "host/analog/cell_draws.hpp"
#include "host/analog/wires.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

CellFault draw_fault(const Device& device, std::uint64_t seed, const Cell& cell) {
  const auto words = random_words(seed, Draw::kFault, cell, 0);
  const double u = uniform(words[0], words[1]);
  if (u <= device.stuck_lrs_rate) return CellFault::kStuckLrs;
  if (u <= device.stuck_lrs_rate + device.stuck_hrs_rate) return CellFault::kStuckHrs;
  return CellFault::kNone;
}

std::string size_text(int rows, int columns) {
  return std::to_string(rows) + "x" + std::to_string(columns);
}

void check_levels(std::uint32_t crossbar, int rows, int columns,
                  std::span<const std::uint8_t> levels, const CodeFormat& format) {
  const std::string who = "crossbar " + std::to_string(crossbar) + ": ";
  if (rows < 1 || columns < 1) {
    throw InputError(who + "found " + size_text(rows, columns) + " cells, expected at least 1x1");
  }
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  if (levels.size() != count) {
    throw InputError(who + "found " + std::to_string(levels.size()) + " levels, expected " +
                     std::to_string(count) + " for " + size_text(rows, columns) + " cells");
  }
  const auto bad = std::find_if(levels.begin(), levels.end(),
                                [&](std::uint8_t level) { return level >= format.levels(); });
  if (bad == levels.end()) return;
  const auto index = bad - levels.begin();
  throw InputError(who + "cell (" + std::to_string(index / columns) + ", " +
                   std::to_string(index % columns) + "): found level " + std::to_string(*bad) +
                   ", expected 0 to " + std::to_string(format.levels() - 1));
}

}  // namespace

Chip::Chip(Device device, CodeFormat format, std::uint64_t seed)
    : device_(std::move(device)), format_(format), seed_(seed) {}

CellFault Chip::fault(std::uint32_t crossbar, int row, int column) const {
  return draw_fault(
      device_, seed_,
      {crossbar, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)});
}

double Chip::programmed_us(std::uint32_t crossbar, int row, int column, int level,
                           std::uint32_t program_count) const {
  const CellFault health = fault(crossbar, row, column);
  if (health == CellFault::kStuckLrs) return device_.g_max_us;
  if (health == CellFault::kStuckHrs) return device_.g_min_us;
  const double target = device_.g_min_us + level * device_.step_us(format_.cell_bits);
  if (device_.sigma_over_mu == 0.0) return target;
  const Cell cell = {crossbar, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)};
  const double error = normal(random_words(seed_, Draw::kVariation, cell, program_count));
  return std::max(0.0, target * (1.0 + device_.sigma_over_mu * error));
}

PlantResult Chip::program(std::uint32_t crossbar, int rows, int columns,
                          std::span<const std::uint8_t> levels) {
  check_levels(crossbar, rows, columns, levels, format_);
  Array& array = arrays_[crossbar];
  if (array.rows == 0) {
    array = {.rows = rows,
             .columns = columns,
             .levels = {},
             .counts = std::vector<std::uint32_t>(levels.size(), 0),
             .conductance_us = std::vector<double>(levels.size(), 0.0)};
    array.levels.assign(levels.begin(), levels.end());
  } else if (array.rows != rows || array.columns != columns) {
    throw InputError("crossbar " + std::to_string(crossbar) + ": found " +
                     size_text(rows, columns) + " cells, expected " +
                     size_text(array.rows, array.columns) + " as when first programmed");
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (array.counts[i] > 0 && array.levels[i] == levels[i]) continue;
    array.levels[i] = levels[i];
    const int cell = static_cast<int>(i);
    array.conductance_us[i] =
        programmed_us(crossbar, cell / columns, cell % columns, levels[i], array.counts[i]);
    ++array.counts[i];
    ++cells_programmed_;
  }
  return read_out(crossbar, array);
}

PlantResult Chip::read_out(std::uint32_t crossbar, const Array& array) const {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  RowMajor g = Eigen::Map<const RowMajor>(array.conductance_us.data(), array.rows, array.columns);
  if (!device_.wires.ideal()) g = effective_conductance(g, device_.wires);
  for (int row = 0; row < array.rows; ++row) {
    g.row(row) *= row_factor(device_.converter, seed_, crossbar, row);
  }

  PlantResult result = {.rows = array.rows, .columns = array.columns, .codes = {}};
  result.codes.resize(array.conductance_us.size());
  const double step_us = device_.step_us(format_.cell_bits);
  for (std::size_t i = 0; i < result.codes.size(); ++i) {
    const std::int64_t code = conductance_code(g.data()[i], step_us, format_.fraction_bits);
    const std::int64_t kept = std::clamp<std::int64_t>(code, 0, format_.code_limit());
    if (kept != code) ++result.saturated;
    result.codes[i] = static_cast<std::uint16_t>(kept);
  }
  result.hash = hash_codes(result.codes);
  return result;
}

std::uint64_t hash_codes(std::span<const std::uint16_t> codes) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a, 64 bit
  for (const std::uint16_t code : codes) {
    for (const unsigned byte : {code & 0xFFU, code >> 8 & 0xFFU}) {
      hash = (hash ^ byte) * 0x100000001B3U;
    }
  }
  return hash;
}

}  // namespace crossloop::analog
