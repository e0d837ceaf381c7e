// Opcode WRITE_VERIFY: emulated cells brought to their targets pulse by pulse, and its blocks in
// the window. docs/hardware.md has the layouts, docs/numerics.md the arithmetic ("Pulses").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "drivers/tensor_descriptor.hpp"

namespace crossloop::drivers {

/// Cells (row, column) of a page, rows and columns next to each other.
struct WriteDescriptor {
  int page = 0;
  int rows = 1, columns = 1;
  int first_row = 0, first_column = 0;
  std::uint32_t crossbar = 0;    ///< with seed: key of the random words
  std::uint32_t seed = 0;        ///< pulse seed
  std::uint32_t cells = 0;       ///< window word of the records
  std::uint32_t settings = 0;    ///< window word of the settings
  std::uint32_t statistics = 0;  ///< window word of the statistics
};

/// One emulated cell.
struct CellRecord {
  std::uint16_t state = 0;
  std::uint16_t target = 0;
  std::uint8_t factor = 0;  ///< step factor, units of 1/64
  bool stuck = false;       ///< pulses do not move it
  bool selected = false;    ///< to be written
  bool verified = false;    ///< of a selected one, afterwards: the last read was near enough
  std::uint32_t reads = 0;  ///< verify reads of its life
  bool operator==(const CellRecord&) const = default;
};

/// Settings of the write circuit.
struct PulseBlock {
  std::uint16_t bottom = 0, top = 0;
  std::uint16_t set_rate = 0, reset_rate = 0;
  std::uint16_t verify_sigma = 0;
  std::uint8_t step_sigma = 0;
  std::uint16_t tolerance = 0;
  std::uint32_t budget = 0;
};

/// What one WRITE_VERIFY took.
struct WriteStatistics {
  std::uint64_t set_pulses = 0, reset_pulses = 0, reads = 0;
  std::uint32_t failed = 0;    ///< selected cells that were not verified
  std::uint32_t selected = 0;  ///< selected cells
  bool operator==(const WriteStatistics&) const = default;
};

/// Window words of a WRITE_VERIFY of so many cells.
constexpr std::size_t write_words(std::size_t cells) {
  return cells * constant::CELL_WORDS + constant::PULSE_WORDS + constant::WRITTEN_WORDS;
}

/// The words of the descriptor; ranges are for the device to check.
DescriptorWords descriptor_words(const WriteDescriptor& job);

/// Records, settings and room for the statistics, to be written to window word `base`; sets the
/// addresses of `job`.
std::vector<std::uint32_t> place_write(WriteDescriptor& job, std::uint32_t base,
                                       const PulseBlock& settings,
                                       std::span<const CellRecord> cells);

/// The statistics out of their WRITTEN_WORDS words.
WriteStatistics take_statistics(std::span<const std::uint32_t> block);

/// The records and the statistics out of the same words, read back.
WriteStatistics take_written(std::span<const std::uint32_t> words, std::span<CellRecord> cells);

}  // namespace crossloop::drivers
