// Write-verify: pulses until the read-back is near enough to the target (mode `pulses`).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "host/analog/code_format.hpp"
#include "host/analog/device.hpp"
#include "host/analog/pulse_law.hpp"

namespace crossloop::analog {

/// One emulated cell of the write circuit.
struct PulseCell {
  std::uint16_t state = 0;
  std::uint8_t factor = kUnitStepFactor;  ///< step factor, units of 1/64
  bool stuck = false;                     ///< pulses do not move it
  bool verified = false;                  ///< the last programming ended within the tolerance
  std::uint32_t reads = 0;                ///< verify reads of its life; numbers its random words
};

/// Where a cell of an array lies, for its random words.
struct PulsePlace {
  std::uint32_t pulse_seed = 0;
  std::uint32_t crossbar = 0;
  int row = 0;
  int column = 0;
};

/// What one programming took.
struct WriteResult {
  std::uint32_t set_pulses = 0;
  std::uint32_t reset_pulses = 0;
  std::uint32_t reads = 0;
  bool verified = false;  ///< else the budget is spent
  std::uint32_t pulses() const { return set_pulses + reset_pulses; }
};

/// Reads, compares, pulses until |read-back - target| <= tolerance or `budget` pulses are spent:
/// at most budget pulses and budget + 1 reads whatever the cell does, a stuck one included.
WriteResult write_verify(PulseCell& cell, std::uint16_t target, const PulseSettings& settings,
                         const PulsePlace& place);

/// Some cells of one array to be written.
struct WriteJob {
  std::uint32_t pulse_seed = 0;
  std::uint32_t crossbar = 0;
  int rows = 0;
  int columns = 0;
  std::span<PulseCell> cells;              ///< [rows][columns]
  std::span<const std::uint16_t> targets;  ///< of the cells
  std::span<const std::uint8_t> selected;  ///< 1: to be written
  PulseSettings settings;
};

/// What the write_verify() of all selected cells took; reads are pulses and one for each cell.
struct WriteTotals {
  std::int64_t set_pulses = 0, reset_pulses = 0, reads = 0;
};

/// Writes the selected cells of a job: write_cells(), or a device that does the same.
using CellWriter = std::function<WriteTotals(const WriteJob&)>;

/// write_verify() for every selected cell.
WriteTotals write_cells(const WriteJob& job);

/// The settings of `device` (mode pulses) as integers for codes of this format: states are
/// conductance in units of dG / 2^(F + 16 - W), rounded. Throws InputError naming the key where a
/// number does not fit its field or rounds to nothing.
PulseSettings pulse_settings(const Device& device, const CodeFormat& format);

/// Conductance of one unit of state, microsiemens.
double state_unit_us(const Device& device, const CodeFormat& format);

}  // namespace crossloop::analog
