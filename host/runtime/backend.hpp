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
  /// By crossbar id, [rows][columns] of the whole tile; empty where never programmed.
  std::vector<std::vector<std::uint16_t>> codes;
  std::int64_t count(std::int32_t code) const;  ///< cells that hold this code
  std::uint64_t hash() const;                   ///< FNV-1a over the codes in order of id
};

/// What program() takes; levels are borrowed.
struct CrossbarLevels {
  std::int32_t crossbar = 0;
  int rows = 0;
  int columns = 0;
  std::span<const std::uint8_t> levels;
};

/// Crossbars that can be programmed and run. A crossbar is a whole tile; a job may use its upper
/// left part, the rest of the rows is not driven. Not thread-safe.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;

  /// Programs one crossbar (mode fit) and commits it. `levels` is [rows][columns], at most the
  /// tile; the cells beyond go to level 0. Cells whose level did not change keep their state.
  /// Throws InputError if the crossbar does not fit, DeviceError if the device fails.
  virtual void program(std::int32_t crossbar, int rows, int columns,
                       std::span<const std::uint8_t> levels) = 0;

  /// program() for many crossbars; what can be done on all cores is.
  virtual void program_many(std::span<const CrossbarLevels> crossbars);

  /// Runs a job; `vectors` is uint8 [n][job.inputs]. Throws InputError for a crossbar that was
  /// never programmed, DeviceError if the device fails.
  virtual JobResult run(const Job& job, std::span<const std::uint8_t> vectors) = 0;
  /// run() over vectors that are made as they are needed, its accumulators handed on as they are
  /// ready, where the backend can do so. The result holds no accumulators.
  virtual JobResult stream(const Job& job, const engine::VectorSource& vectors,
                           engine::AccumulatorSink& sink);

  /// Reads back the codes of crossbars 0..crossbars-1.
  virtual Snapshot snapshot(std::int32_t crossbars) const = 0;

  /// Puts saved codes (whole tiles) in place of programming.
  virtual void restore(const Snapshot& snapshot) = 0;
};

/// Programs all crossbars of a deployment, or those listed.
void program_all(Backend& backend, const compiler::Deployment& deployment);
void program_some(Backend& backend, const compiler::Deployment& deployment,
                  std::span<const std::int32_t> crossbars);

/// `levels` [rows][columns] in the upper left corner of a tile of level 0. Throws InputError naming
/// the crossbar if it does not fit.
std::vector<std::uint8_t> padded_levels(std::int32_t crossbar, int rows, int columns,
                                        std::span<const std::uint8_t> levels,
                                        const compiler::TileFormat& tile);

/// The upper left [rows][columns] codes of a whole tile.
std::vector<std::uint16_t> upper_left(std::span<const std::uint16_t> tile_codes, int tile_columns,
                                      int rows, int columns);

}  // namespace crossloop::runtime
