// The integer engine: bit-exact to reference.hpp and to the RTL, vectorised, on all cores.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/engine/instruction_set.hpp"
#include "host/engine/job.hpp"

namespace crossloop::engine {

/// A fault for negative controls: a comparison must find it.
enum class Fault { kNone, kAdcTruncates /**< the ADC drops the rounding half */ };

struct EngineOptions {
  int threads = 0;  ///< 0: all cores. The result does not depend on it
  Fault fault = Fault::kNone;
};

struct LoadedArray;
struct Workspace;

/// Holds the effective codes of crossbars and runs jobs on them. Not thread-safe.
class Engine {
 public:
  explicit Engine(const EngineOptions& options = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Puts the codes [rows][columns] of one crossbar in place. Throws InputError beyond 512 rows or
  /// columns, for a size that does not match, or a code beyond 12 bits.
  void load(std::int32_t crossbar, int rows, int columns, std::span<const std::uint16_t> codes);

  /// Runs a job over uint8 vectors [n][job.inputs]. Throws InputError if a crossbar was never
  /// loaded, a table does not fit it, an index lies outside, or the vectors are not whole.
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) const;
  /// The same block by block: each thread fetches some vectors and hands their accumulators on
  /// while both are in its cache. The result holds no accumulators.
  JobResult stream(const Job& job, const VectorSource& vectors, AccumulatorSink& sink) const;

  /// The instruction set in use, see instruction_set.hpp.
  const std::string& instruction_set() const { return set_.name; }

 private:
  EngineOptions options_;
  InstructionSet set_;
  std::unordered_map<std::int32_t, std::shared_ptr<const LoadedArray>> arrays_;
  mutable std::vector<std::unique_ptr<Workspace>> workspaces_;  ///< by thread, kept from job to job
};

}  // namespace crossloop::engine
