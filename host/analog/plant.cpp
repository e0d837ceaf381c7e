#include "host/analog/plant.hpp"

#include <algorithm>
#include <cmath>

#include "host/analog/cell_draws.hpp"
#include "host/analog/wires.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

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

Cell cell_at(std::uint32_t crossbar, std::size_t index, int columns) {
  const auto width = static_cast<std::size_t>(columns);
  return {crossbar, static_cast<std::uint32_t>(index / width),
          static_cast<std::uint32_t>(index % width)};
}

/// The state of the write circuit nearest to a conductance.
std::uint16_t state_of(double g_us, double unit_us) {
  constexpr double kLargest = (1 << kStateBits) - 1;
  return static_cast<std::uint16_t>(std::clamp(std::round(g_us / unit_us), 0.0, kLargest));
}

/// The key of a chip's pulses: its seed folded to 32 bits, and not that of a read-noise seed alike.
std::uint32_t pulse_seed(std::uint64_t seed) {
  return static_cast<std::uint32_t>(seed ^ seed >> 32) ^ 0x9E3779B9U;
}

}  // namespace

Chip::Chip(Device device, CodeFormat format, std::uint64_t seed)
    : device_(std::move(device)), format_(format), seed_(seed), wires_(device_.wires) {
  if (device_.mode == ProgrammingMode::kPulses) pulse_settings_ = pulse_settings(device_, format_);
}

CellFault Chip::fault(std::uint32_t crossbar, int row, int column) const {
  return laws().fault(
      {crossbar, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)});
}

std::span<const CellStatus> Chip::status(std::uint32_t crossbar) const {
  const auto found = arrays_.find(crossbar);
  if (found == arrays_.end()) return {};
  return found->second.status;
}

PlantResult Chip::program(std::uint32_t crossbar, int rows, int columns,
                          std::span<const std::uint8_t> levels, const CellWriter& writer) {
  check(crossbar, rows, columns, levels);
  const Array& array = write(crossbar, rows, columns, levels, writer);
  return codes_of(crossbar, wires_.solve(conductances_us(crossbar, array)));
}

std::vector<PlantResult> Chip::program_many(std::span<const ProgramRequest> requests) {
  for (const ProgramRequest& r : requests) check(r.crossbar, r.rows, r.columns, r.levels);
  std::vector<const Array*> arrays;
  for (const ProgramRequest& r : requests) {
    arrays.push_back(&write(r.crossbar, r.rows, r.columns, r.levels, write_cells));
  }
  std::vector<PlantResult> results(requests.size());
  solve_arrays(
      {.count = requests.size(),
       .cells = [&](std::size_t i) { return conductances_us(requests[i].crossbar, *arrays[i]); },
       .use =
           [&](std::size_t i, const Eigen::MatrixXd& effective) {
             results[i] = codes_of(requests[i].crossbar, effective);
           }},
      device_.wires);
  return results;
}

/// Throws for what cannot be programmed; nothing was touched.
void Chip::check(std::uint32_t crossbar, int rows, int columns,
                 std::span<const std::uint8_t> levels) const {
  check_levels(crossbar, rows, columns, levels, format_);
  if (device_.measured_pages) check_page(crossbar, rows, columns);
  const auto found = arrays_.find(crossbar);
  if (found == arrays_.end()) return;
  const Array& array = found->second;
  if (array.rows == rows && array.columns == columns) return;
  throw InputError("crossbar " + std::to_string(crossbar) + ": found " + size_text(rows, columns) +
                   " cells, expected " + size_text(array.rows, array.columns) +
                   " as when first programmed");
}

/// Programs the cells whose level changed.
Chip::Array& Chip::write(std::uint32_t crossbar, int rows, int columns,
                         std::span<const std::uint8_t> levels, const CellWriter& writer) {
  Array& array = array_of(crossbar, rows, columns);
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (array.counts[i] == 0 || array.levels[i] != levels[i]) changed.push_back(i);
  }
  if (device_.mode == ProgrammingMode::kPulses) {
    pulse_cells(array, crossbar, levels, changed, writer);
  }
  for (const std::size_t i : changed) {
    array.levels[i] = levels[i];
    write_cell(array, i, cell_at(crossbar, i, columns));
  }
  return array;
}

Chip::Array& Chip::array_of(std::uint32_t crossbar, int rows, int columns) {
  Array& array = arrays_[crossbar];
  if (array.rows != 0) return array;
  array.rows = rows;
  array.columns = columns;
  const auto cells = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  array.levels.resize(cells);
  array.counts.resize(cells);
  array.writes.resize(cells);
  array.programmed_us.resize(cells);
  array.status.resize(cells);
  if (device_.mode == ProgrammingMode::kPulses) form(array, crossbar);
  return array;
}

/// A new chip of mode pulses: every cell where RESET pulses end, or where it is stuck.
void Chip::form(Array& array, std::uint32_t crossbar) const {
  const CellLaws law = laws();
  const double unit_us = state_unit_us(device_, format_);
  array.cells.resize(array.levels.size());
  for (std::size_t i = 0; i < array.cells.size(); ++i) {
    const Cell cell = cell_at(crossbar, i, array.columns);
    const CellFault fault = law.fault(cell);
    PulseCell& state = array.cells[i];
    state.factor = law.step_factor(cell);
    state.stuck = fault != CellFault::kNone;
    state.state =
        state.stuck ? state_of(law.stuck_us(cell, fault), unit_us) : pulse_settings_.bottom;
  }
}

/// Programs one cell to its level, unless pulse_cells() has, and counts that. A cell that was stuck
/// from the start cannot wear out.
void Chip::write_cell(Array& array, std::size_t index, const Cell& cell) {
  CellStatus& status = array.status[index];
  if (status != CellStatus::kWorn) {
    if (device_.mode != ProgrammingMode::kPulses) status = fit_cell(array, index, cell);
    const bool wears = device_.endurance && laws().fault(cell) == CellFault::kNone;
    if (wears && array.writes[index] > laws().write_limit(cell)) {
      status = CellStatus::kWorn;
      array.programmed_us[index] = worn_us(cell);
      ++report_.worn;
    }
  }
  report_.failures += status == CellStatus::kVerified ? 0 : 1;
  ++array.counts[index];
  ++report_.cells_programmed;
  report_.most_writes = std::max(report_.most_writes, array.writes[index]);
}

double Chip::worn_us(const Cell& cell) const {
  return laws().stuck_us(
      cell, device_.endurance->fails_to_lrs ? CellFault::kStuckLrs : CellFault::kStuckHrs);
}

CellStatus Chip::fit_cell(Array& array, std::size_t index, const Cell& cell) {
  const CellLaws law = laws();
  const double target = target_us(array.levels[index]);
  ++array.writes[index];
  double& g = array.programmed_us[index];
  if (device_.measured_pages) {
    g = device_.measured_pages->at(cell.crossbar).conductance_us[index];
    return CellStatus::kVerified;
  }
  const CellFault health = law.fault(cell);
  if (health == CellFault::kNone) {
    g = law.programmed_us(cell, target, array.counts[index]);
    return CellStatus::kVerified;
  }
  g = law.stuck_us(cell, health);
  const bool off = std::abs(g - target) >= 0.5 * device_.step_us(format_.cell_bits);
  return off ? CellStatus::kFailed : CellStatus::kVerified;
}

/// Brings the changed cells to their levels and counts what it took. Worn cells take no pulses.
void Chip::pulse_cells(Array& array, std::uint32_t crossbar, std::span<const std::uint8_t> levels,
                       std::span<const std::size_t> changed, const CellWriter& writer) {
  const double unit_us = state_unit_us(device_, format_);
  std::vector<PulseCell> cells = array.cells;
  std::vector<std::uint16_t> targets(cells.size());
  std::vector<std::uint8_t> selected(cells.size());
  for (const std::size_t i : changed) {
    targets[i] = state_of(target_us(levels[i]), unit_us);
    selected[i] = array.status[i] != CellStatus::kWorn ? 1 : 0;
  }
  const WriteTotals totals = writer({.pulse_seed = pulse_seed(seed_),
                                     .crossbar = crossbar,
                                     .rows = array.rows,
                                     .columns = array.columns,
                                     .cells = cells,
                                     .targets = targets,
                                     .selected = selected,
                                     .settings = pulse_settings_});
  for (const std::size_t i : changed) {
    if (selected[i] == 0) continue;
    array.writes[i] += cells[i].reads - array.cells[i].reads - 1;  // the last read has no pulse
    array.programmed_us[i] = cells[i].state * unit_us;
    array.status[i] = cells[i].verified ? CellStatus::kVerified : CellStatus::kFailed;
  }
  array.cells = std::move(cells);
  report_.set_pulses += totals.set_pulses;
  report_.reset_pulses += totals.reset_pulses;
  report_.verify_reads += totals.reads;
  report_.energy_pj = static_cast<double>(report_.set_pulses) * device_.pulses.set_energy_pj +
                      static_cast<double>(report_.reset_pulses) * device_.pulses.reset_energy_pj +
                      static_cast<double>(report_.verify_reads) * device_.pulses.verify_energy_pj;
}

void Chip::check_page(std::uint32_t crossbar, int rows, int columns) const {
  const auto page = device_.measured_pages->find(crossbar);
  const std::string who = "device " + device_.name + ": crossbar " + std::to_string(crossbar);
  if (page == device_.measured_pages->end()) {
    throw InputError(who + " has no measured page, expected one for each that is programmed (" +
                     std::to_string(device_.measured_pages->size()) + " pages)");
  }
  if (page->second.rows != rows || page->second.columns != columns) {
    throw InputError(who + ": found a measured page of " +
                     size_text(page->second.rows, page->second.columns) + " cells, expected " +
                     size_text(rows, columns));
  }
}

Eigen::MatrixXd Chip::conductances_us(std::uint32_t crossbar, const Array& array) const {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  RowMajor g = Eigen::Map<const RowMajor>(array.programmed_us.data(), array.rows, array.columns);
  if (!device_.ages() && device_.telegraph.probability == 0.0) return g;
  const CellLaws law = laws();
  for (std::size_t i = 0; i < array.programmed_us.size(); ++i) {
    const Cell cell = cell_at(crossbar, i, array.columns);
    if (array.status[i] == CellStatus::kWorn || law.fault(cell) != CellFault::kNone) continue;
    double& value = g.data()[i];
    value = law.aged_us(cell, target_us(array.levels[i]), value, array.counts[i] - 1);
  }
  return g;
}

/// The codes of effective conductances, behind the row drivers.
PlantResult Chip::codes_of(std::uint32_t crossbar, const Eigen::MatrixXd& effective_us) const {
  const int rows = static_cast<int>(effective_us.rows());
  const int columns = static_cast<int>(effective_us.cols());
  PlantResult result = {.rows = rows, .columns = columns, .codes = {}};
  const double step_us = device_.step_us(format_.cell_bits);
  for (int row = 0; row < rows; ++row) {
    const double factor = row_factor(device_.converter, seed_, crossbar, row);
    for (int column = 0; column < columns; ++column) {
      const std::int64_t code =
          conductance_code(effective_us(row, column) * factor, step_us, format_.fraction_bits);
      const std::int64_t kept = std::clamp<std::int64_t>(code, 0, format_.code_limit());
      if (kept != code) ++result.saturated;
      result.codes.push_back(static_cast<std::uint16_t>(kept));
    }
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
