// The integer engine: bit-exact to reference.hpp and to the RTL, vectorised, on all cores.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/engine/job.hpp"
#include "host/engine/page_kernel.hpp"

namespace crossloop::engine {

/// A fault for negative controls: a comparison must find it.
enum class Fault { kNone, kAdcTruncates /**< the ADC drops the rounding half */ };

struct EngineOptions {
  int threads = 0;  ///< 0: all cores. The result does not depend on it
  Fault fault = Fault::kNone;
};

/// Holds the effective codes of crossbars and runs jobs on them. Not thread-safe.
class Engine {
 public:
  explicit Engine(const EngineOptions& options = {});

  /// Puts the codes [rows][columns] of one crossbar in place. Throws InputError beyond 512 rows or
  /// columns, for a size that does not match, or a code beyond 12 bits.
  void load(std::int32_t crossbar, int rows, int columns, std::span<const std::uint16_t> codes);

  /// The codes as loaded; empty where the crossbar was never loaded.
  std::span<const std::uint16_t> codes(std::int32_t crossbar) const;

  /// Runs a job over uint8 vectors [n][job.inputs]. Throws InputError if a crossbar was never
  /// loaded, a table does not fit it, an index lies outside, or the vectors are not whole.
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) const;

  /// "avx512", "avx2" or "plain": the instruction set in use.
  const std::string& instruction_set() const { return instruction_set_; }

 private:
  struct Array {
    int rows = 0;
    int columns = 0;
    std::vector<std::uint16_t> codes;
    std::vector<std::int16_t> padded;  ///< [rows][padded columns]
    std::int32_t largest_column_sum = 0;
    std::int32_t largest_code = 0;
  };
  friend struct PreparedPage;

  EngineOptions options_;
  PageKernel kernel_;
  std::string instruction_set_;
  std::unordered_map<std::int32_t, Array> arrays_;
};

}  // namespace crossloop::engine
