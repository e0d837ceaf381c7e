// The plant: what silicon makes of programmed cells. Pure and seeded; measuring code never sees it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/analog/cell_laws.hpp"
#include "host/analog/code_format.hpp"
#include "host/analog/device.hpp"
#include "host/analog/wires.hpp"
#include "host/analog/write_verify.hpp"

namespace crossloop::analog {

/// Effective codes of one crossbar after device and circuit errors.
struct PlantResult {
  int rows = 0;
  int columns = 0;
  std::vector<std::uint16_t> codes;  ///< [rows][columns], 0..2^W-1
  std::int64_t saturated = 0;        ///< cells whose code would be outside 0..2^W-1
  std::uint64_t hash = 0;            ///< FNV-1a of the codes
};

/// How the last programming of a cell ended.
enum class CellStatus : std::uint8_t {
  kUntouched = 0,
  kVerified = 1,  ///< mode fit: any healthy cell
  kFailed = 2,    ///< mode pulses: the budget is spent; mode fit: stuck half a level off or more
  kWorn = 3       ///< beyond its endurance: stuck from now on
};

/// What programming a chip has taken so far, every programming of every cell counted.
struct ProgrammingReport {
  std::int64_t cells_programmed = 0;
  std::int64_t failures = 0;      ///< programmings that did not end with kVerified
  std::int64_t worn = 0;          ///< cells beyond their endurance
  std::uint32_t most_writes = 0;  ///< of one cell: programmings (mode fit) or pulses
  std::int64_t set_pulses = 0, reset_pulses = 0, verify_reads = 0;  ///< mode pulses
  double energy_pj = 0.0;                                           ///< mode pulses
  bool operator==(const ProgrammingReport&) const = default;
};

/// One crossbar to program: `levels` as in Chip::program().
struct ProgramRequest {
  std::uint32_t crossbar = 0;
  int rows = 0;
  int columns = 0;
  std::vector<std::uint8_t> levels;
};

/// One chip: device errors keyed by (chip seed, crossbar, row, column), cycle-to-cycle errors also
/// by the cell's program count (cell_draws.hpp).
class Chip {
 public:
  /// Throws InputError if a chip of this device cannot have codes of this format (mode pulses).
  Chip(Device device, CodeFormat format, std::uint64_t seed);

  /// Programs a whole crossbar: `levels` is [rows][columns] of 0..2^c-1. Only cells whose level
  /// differs from the last call are programmed again and drawn anew (all of them the first time).
  /// Returns the codes after device errors, device.elapsed_s and wires. Throws InputError for a
  /// level out of range, a size other than the first time, or a crossbar that a device of measured
  /// pages has no page of that size for. In mode pulses `writer` moves the cells; what it throws
  /// leaves the array as it was.
  PlantResult program(std::uint32_t crossbar, int rows, int columns,
                      std::span<const std::uint8_t> levels, const CellWriter& writer = write_cells);

  /// program() for many crossbars, whose wires are solved on all cores. A bad one is thrown for
  /// before any cell is programmed. The results are the same.
  std::vector<PlantResult> program_many(std::span<const ProgramRequest> requests);

  CellFault fault(std::uint32_t crossbar, int row, int column) const;

  /// Status of every cell of a crossbar, [rows][columns]; empty where it was never programmed.
  std::span<const CellStatus> status(std::uint32_t crossbar) const;

  const ProgrammingReport& report() const { return report_; }
  std::int64_t cells_programmed() const { return report_.cells_programmed; }
  const Device& device() const { return device_; }
  std::uint64_t seed() const { return seed_; }
  const CodeFormat& format() const { return format_; }

 private:
  struct Array {
    int rows = 0, columns = 0;
    std::vector<std::uint8_t> levels;
    std::vector<std::uint32_t> counts;  ///< programmings
    std::vector<std::uint32_t> writes;  ///< programmings, or pulses
    std::vector<double> programmed_us;
    std::vector<CellStatus> status;
    std::vector<PulseCell> cells;  ///< mode pulses
  };
  CellLaws laws() const { return CellLaws(device_, seed_); }
  double target_us(int level) const {
    return device_.g_min_us + level * device_.step_us(format_.cell_bits);
  }
  void check(std::uint32_t crossbar, int rows, int columns,
             std::span<const std::uint8_t> levels) const;
  Array& write(std::uint32_t crossbar, int rows, int columns, std::span<const std::uint8_t> levels,
               const CellWriter& writer);
  Array& array_of(std::uint32_t crossbar, int rows, int columns);
  void form(Array& array, std::uint32_t crossbar) const;
  void write_cell(Array& array, std::size_t index, const Cell& cell);
  CellStatus fit_cell(Array& array, std::size_t index, const Cell& cell);
  void pulse_cells(Array& array, std::uint32_t crossbar, std::span<const std::uint8_t> levels,
                   std::span<const std::size_t> changed, const CellWriter& writer);
  double worn_us(const Cell& cell) const;
  void check_page(std::uint32_t crossbar, int rows, int columns) const;
  Eigen::MatrixXd conductances_us(std::uint32_t crossbar, const Array& array) const;
  PlantResult codes_of(std::uint32_t crossbar, const Eigen::MatrixXd& effective_us) const;

  Device device_;
  CodeFormat format_;
  std::uint64_t seed_;
  PulseSettings pulse_settings_;
  WireSolver wires_;
  ProgrammingReport report_;
  std::unordered_map<std::uint32_t, Array> arrays_;
};

/// FNV-1a over the little-endian bytes of the codes.
std::uint64_t hash_codes(std::span<const std::uint16_t> codes);

}  // namespace crossloop::analog
