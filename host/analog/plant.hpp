// The plant: what silicon makes of programmed cells. Pure and seeded; measuring code never sees it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/analog/code_format.hpp"
#include "host/analog/device.hpp"

namespace crossloop::analog {

/// Effective codes of one crossbar after device and circuit errors.
struct PlantResult {
  int rows = 0;
  int columns = 0;
  std::vector<std::uint16_t> codes;  ///< [rows][columns], 0..2^W-1
  std::int64_t saturated = 0;        ///< cells whose code would be outside 0..2^W-1
  std::uint64_t hash = 0;            ///< FNV-1a of the codes
};

/// Health of a cell, fixed per chip.
enum class CellFault : std::uint8_t { kNone = 0, kStuckLrs = 1, kStuckHrs = 2 };

/// One chip: device errors keyed by (chip seed, crossbar, row, column), cycle-to-cycle errors also
/// by the cell's program count (Threefry-4x32-20 of Random123). Mode `fit`.
class Chip {
 public:
  Chip(Device device, CodeFormat format, std::uint64_t seed);

  /// Programs a whole crossbar: `levels` is [rows][columns] of 0..2^c-1. Only cells whose level
  /// differs from the last call are programmed again and drawn anew (all of them the first time).
  /// Returns the codes after variation, faults and wires. Throws InputError for a level out of
  /// range or a size other than the first time.
  PlantResult program(std::uint32_t crossbar, int rows, int columns,
                      std::span<const std::uint8_t> levels);

  CellFault fault(std::uint32_t crossbar, int row, int column) const;

  /// Cells programmed so far, every cell of every pass counted.
  std::int64_t cells_programmed() const { return cells_programmed_; }
  const Device& device() const { return device_; }
  std::uint64_t seed() const { return seed_; }
  const CodeFormat& format() const { return format_; }

 private:
  struct Array {
    int rows = 0, columns = 0;
    std::vector<std::uint8_t> levels;
    std::vector<std::uint32_t> counts;
    std::vector<double> conductance_us;
  };
  double programmed_us(std::uint32_t crossbar, int row, int column, int level,
                       std::uint32_t program_count) const;
  PlantResult read_out(std::uint32_t crossbar, const Array& array) const;

  Device device_;
  CodeFormat format_;
  std::uint64_t seed_;
  std::int64_t cells_programmed_ = 0;
  std::unordered_map<std::uint32_t, Array> arrays_;
};

/// FNV-1a over the little-endian bytes of the codes.
std::uint64_t hash_codes(std::span<const std::uint16_t> codes);

}  // namespace crossloop::analog
