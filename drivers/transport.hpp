// Word access to one device.
#pragma once

#include <cstdint>
#include <span>

#include "drivers/registers.hpp"

namespace crossloop::drivers {

/// Word access to one device's registers and staging window: simulation, board, socket or test
/// double. All methods throw DeviceError; none is thread-safe. Reads have no side effects.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::uint32_t read(Reg reg) = 0;
  virtual void write(Reg reg, std::uint32_t value) = 0;
  /// Window access in 32-bit words; `word` is the index from the start of the window.
  virtual void read_window(std::uint32_t word, std::span<std::uint32_t> values) = 0;
  virtual void write_window(std::uint32_t word, std::span<const std::uint32_t> values) = 0;
  /// Lets the device make progress while the host waits (a simulation runs some cycles, a board
  /// needs nothing). Returns false if no progress can ever come.
  virtual bool idle() { return true; }
};

}  // namespace crossloop::drivers
