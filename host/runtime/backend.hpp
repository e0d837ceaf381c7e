// Where crossbars live: the engine, the RTL under Verilator, a board.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"

namespace crossloop::runtime {

/// One crossbar of a job and the tables it runs with. Measuring uses tables of its own.
struct PageJob {
  std::int32_t crossbar = 0;
  const compiler::PageTables* tables = nullptr;
};

/// Some crossbars over a batch of input vectors, recombined into `outputs` accumulators.
struct Job {
  std::vector<PageJob> pages;
  int inputs = 0;        ///< elements of one vector; row tables index them
  int outputs = 0;       ///< accumulators; column tables index them
  int input_bits = 8;    ///< phases, least significant bit first
  bool skip_zero = true;  ///< a phase with P_t = 0 contributes exactly 0 (numerics.md, step 9)
  std::uint32_t seed = 1;           ///< of the read noise
  std::uint32_t first_vector = 0;   ///< vector number of vector 0; the others count up
};

struct Counters {
  std::int64_t column_reads = 0;
  std::int64_t conversions = 0;  ///< column reads that were not skipped
  std::int64_t clipped_low = 0;
  std::int64_t clipped_high = 0;
  std::int64_t cycles = 0;  ///< of the device; 0 for the engine
  Counters& operator+=(const Counters& other);
  bool operator==(const Counters&) const = default;
};

struct JobResult {
  std::vector<std::int32_t> accumulators;  ///< [vectors][outputs]
  Counters counters;
};

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

  /// Runs a job; `vectors` is uint8 [n][job.inputs]. Throws InputError for a crossbar that was never
  /// programmed, DeviceError if the device fails.
  virtual JobResult run(const Job& job, std::span<const std::uint8_t> vectors) = 0;

  /// Reads back the codes of all programmed crossbars 0..crossbars-1 (empty where never programmed).
  virtual Snapshot snapshot(std::int32_t crossbars) = 0;

  /// Puts saved codes in place of programming.
  virtual void restore(std::int32_t crossbar, int rows, int columns,
                       std::span<const std::uint16_t> codes) = 0;
};

}  // namespace crossloop::runtime
