// The core of rtl/crossloop.v under Verilator, as one more Transport.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "drivers/transport.hpp"

namespace crossloop::testbench {

struct VerilatedGeometry {
  int rows = 0;
  int columns = 0;
  int code_bits = 0;
  int engines = 1;  ///< tiles that share the pages
  bool operator==(const VerilatedGeometry&) const = default;
};

/// The geometries this program was built with.
std::vector<VerilatedGeometry> verilated_geometries();

struct VerilatedOptions {
  VerilatedGeometry geometry;
  int seed = 1;  ///< of the power-up state and of the stalls, >= 1
  /// Chance that the host leaves out a cycle on an AXI channel, 0..0.95. Testing only: it is slow.
  double stall_probability = 0.0;
  /// FST file for the waves of every signal from reset on, there once the device is gone; empty:
  /// none. It must be writable. Simulation takes several times as long.
  std::filesystem::path trace = {};
  bool streams = true;  ///< more words of the window than a descriptor go by AXI4-Stream
};

/// A simulated device. Registers and window are reached through AXI4-Lite and AXI4-Stream only.
class VerilatedDevice : public drivers::Transport {
 public:
  /// Inverts bit `plane` of one code in the array, behind the back of the core: a planted fault.
  /// Throws InputError if there is no such bit.
  virtual void flip_array_bit(int page, int column, int plane, int row) = 0;
  /// Clock cycles since reset.
  virtual bool interrupt() = 0;  ///< irq_o
  virtual std::uint64_t cycles() const = 0;
};

/// Powers up a core with random state and resets it. Throws InputError for options out of range,
/// listing the geometries built in.
std::unique_ptr<VerilatedDevice> make_verilated_device(const VerilatedOptions& options);

}  // namespace crossloop::testbench
