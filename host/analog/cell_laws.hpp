// What a single cell does, as pure functions of (device, chip seed, cell, program count).
#pragma once

#include <cstdint>

#include "host/analog/cell_draws.hpp"
#include "host/analog/device.hpp"

namespace crossloop::analog {

/// Health of a cell, fixed per chip.
enum class CellFault : std::uint8_t { kNone = 0, kStuckLrs = 1, kStuckHrs = 2 };

/// One chip's cells; borrows the device. All conductances in microsiemens.
class CellLaws {
 public:
  CellLaws(const Device& device, std::uint64_t chip_seed) : device_(device), seed_(chip_seed) {}

  CellFault fault(const Cell& cell) const;
  /// What a cell with this fault holds for good: log-uniform in the device's range. Not kNone.
  double stuck_us(const Cell& cell, CellFault fault) const;
  /// Mode fit: what write-verify leaves of a target, drawn anew for each `count`; 0 at least.
  double programmed_us(const Cell& cell, double target_us, std::uint32_t count) const;
  /// The same cell device.elapsed_s later: relaxation, drift, accumulated 1/f noise and telegraph
  /// noise, in this order; 0 at least. The draws hold until the cell is programmed again, so that
  /// different times show one history.
  double aged_us(const Cell& cell, double target_us, double programmed_us,
                 std::uint32_t count) const;
  /// Writes after which the cell is worn; infinite without an endurance.
  double write_limit(const Cell& cell) const;
  /// Mode pulses: the cell's step factor in units of 1/64, 1..255.
  std::uint8_t step_factor(const Cell& cell) const;

 private:
  double z(Draw draw, const Cell& cell, std::uint32_t count = 0) const {
    return normal(random_words(seed_, draw, cell, count));
  }
  double relaxed_us(const Cell& cell, double target_us, double g_us, std::uint32_t count) const;

  const Device& device_;
  std::uint64_t seed_;
};

/// Standard deviation around the target of a device with RelaxationLaw::kSpreadAtTimes at `time_s`.
double total_sigma_us(const Relaxation& relaxation, double target_us, double time_s);

}  // namespace crossloop::analog
