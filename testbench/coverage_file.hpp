// What the benches exercised of a Verilated model, for testbench/coverage. Nothing unless the model
// was verilated with coverage (CROSSLOOP_COVERAGE).
#pragma once

#include <verilated.h>

#ifdef CROSSLOOP_COVERAGE
#include <unistd.h>
#include <verilated_cov.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#endif

namespace crossloop::testbench {

#ifdef CROSSLOOP_COVERAGE

/// Writes the counts of the one model in `context` to a file of its own in the folder
/// $CROSSLOOP_COVERAGE_DIR when it goes; nothing without the variable. The model holds the counts,
/// so it must still be there.
template <class Model>
class CoverageFile {
 public:
  static constexpr bool kCounts = true;
  explicit CoverageFile(VerilatedContext& context) : coverage_(*context.coveragep()) {
    // Else instances of a module are added up, and a bit that rose in two of them has "toggled".
    coverage_.forcePerInstance(true);
  }
  ~CoverageFile() { write(".dat"); }
  CoverageFile(const CoverageFile&) = delete;
  CoverageFile& operator=(const CoverageFile&) = delete;

  /// Counts anew. What power-up and reset did goes to NAME.reset.dat, once for every kind of model:
  /// random bits that fall to their reset values are no work of the bench.
  void reset_is_over() {
    static std::atomic_flag written;
    if (!written.test_and_set()) write(".reset.dat");
    coverage_.zero();
  }

 private:
  void write(const char* suffix) {
    static std::atomic<int> files = 0;
    const char* folder = std::getenv("CROSSLOOP_COVERAGE_DIR");
    if (folder == nullptr) return;
    const std::string path = std::string(folder) + "/" + program_invocation_short_name + "-" +
                             std::to_string(::getpid()) + "-" + std::to_string(files++) + suffix;
    coverage_.write(path.c_str());
  }

  VerilatedCovContext& coverage_;
};

#else

template <class Model>
class CoverageFile {
 public:
  static constexpr bool kCounts = false;
  explicit CoverageFile(VerilatedContext&) {}
  void reset_is_over() {}
};

#endif

}  // namespace crossloop::testbench
