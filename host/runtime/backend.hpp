// Where crossbars live: the engine, the RTL under Verilator, a board.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/engine/job.hpp"

namespace crossloop::runtime {

using engine::ConversionCounters;
using engine::Job;
using engine::JobResult;
using engine::PageJob;

/// Effective codes of all crossbars, for comparing two backends on the same chip. Never used by
/// measuring code.
struct Snapshot {
  std::vector<std::vector<std::uint16_t>> codes;  ///< by crossbar id, [rows][columns]
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;

  /// Programs target levels [rows][columns] into one crossbar and commits them (mode fit). Cells
  /// whose level did not change keep their state. Throws InputError if the crossbar does not fit
  /// the device, DeviceError if the device fails.
  virtual void program(std::int32_t crossbar, int rows, int columns,
                       std::span<const std::uint8_t> levels) = 0;

  /// Runs a job; `vectors` is uint8 [n][job.inputs]. Throws InputError for a crossbar that was
  /// never programmed, DeviceError if the device fails.
  virtual JobResult run(const Job& job, std::span<const std::uint8_t> vectors) = 0;

  /// Reads back the codes of all programmed crossbars 0..crossbars-1 (empty where never
  /// programmed).
  virtual Snapshot snapshot(std::int32_t crossbars) = 0;

  /// Puts saved codes in place of programming.
  virtual void restore(std::int32_t crossbar, int rows, int columns,
                       std::span<const std::uint16_t> codes) = 0;
};

}  // namespace crossloop::runtime
