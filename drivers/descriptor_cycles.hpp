// How many clock cycles the core takes for a descriptor, to the cycle.
//
// These are cycles of the emulation, where one tile stands for all crossbars, page after page. What
// the modelled chip takes, whose crossbars work side by side, is compiler::estimate_cost()
// (docs/cost.md). Formulas follow rtl/; docs/hardware.md has them in short.
#pragma once

#include <cstdint>
#include <functional>

#include "drivers/page_image.hpp"
#include "drivers/tensor_descriptor.hpp"

namespace crossloop::drivers {

/// What of the core its cycles depend on.
struct CoreShape {
  PageGeometry page;
  int adcs = 1;     ///< columns that a tile reads in a cycle
  int engines = 1;  ///< tiles; page p is in tile p mod engines
};

/// What a descriptor adds to the counters of the same names (Statistics).
struct DescriptorCycles {
  std::uint64_t busy = 0;          ///< CYCLES_BUSY
  std::uint64_t stalled = 0;       ///< CYCLES_STALLED
  std::uint64_t column_reads = 0;  ///< COLUMN_READS
  std::uint64_t skipped = 0;       ///< PHASES_SKIPPED
  DescriptorCycles& operator+=(const DescriptorCycles& other);
  DescriptorCycles operator-(const DescriptorCycles& earlier) const;
  bool operator==(const DescriptorCycles&) const = default;
};

/// One vector on one page.
struct PageRun {
  int rows = 1;     ///< used, as LOAD_TABLE gave them
  int columns = 1;  ///< used
  /// Pairs of rows 2k, 2k + 1 whose bytes lie in two words of the vector.
  int split_pairs = 0;
  std::uint8_t phases = 0xFF;  ///< bit t: phase t drives a row; counts with SKIP_ZERO only
};

/// The run of vector 0, 1, .. of a LAYER or CONVOLVE on a page. Asked in order of vectors, then
/// pages.
using PageRuns = std::function<PageRun(std::uint64_t vector, int page)>;

/// Cycles of a tile behind its start.
struct TileCycles {
  std::uint64_t busy = 0;    ///< in which it takes no other
  std::uint64_t active = 0;  ///< until its last addition
};

/// 1 before a first phase that is not skipped, ceil(columns / adcs) for each phase, 1 for a skipped
/// one; then busy for 1 more if the last phase is not skipped, and active for 7 more, less the
/// phases skipped at the end. If all are skipped, nothing more.
TileCycles tile_cycles(const PageRun& run, int input_bits, bool skip_zero, int adcs);

/// What a WRITE_VERIFY did, as its statistics say.
struct WrittenCells {
  std::uint64_t selected = 0;
  std::uint64_t pulses = 0;  ///< SET and RESET
};

/// A descriptor that the core accepts, from the cycle that finds it waiting to the one that counts
/// it up, behind the doorbell or behind another descriptor alike:
///
///   1 idle + 17 fetch + check + 1 execute + wait + 1 finish
///   check   4; over tensors 19
///   wait    NOP, COMMIT, LOAD_INL without a table   1
///           others that move N words                N + 2
///           LAYER      outputs + 4 + vectors * (pages + outputs)
///           CONVOLVE   outputs + 2 + vectors * (1 + window + sums + pages + out), then 1 with
///                      STORE_SUMS, else 7; 5 - outputs more where outputs < 5
///           ADD, pools as the last result is taken, + 8
///           WRITE_VERIFY 15 + 2 cells + 10 selected + 5 pulses
///   gather  of a page: ceil(rows / 2) + split pairs + 1
///   pages   of a vector. The first one's tile starts gather + 2 after its turn; the next starts 2
///           after its tile is not busy and its gathering is done, which begins 1 after the start
///           before; 2 after the last tile was active they are over. With one tile that is
///           max(busy, 1 + gather of the next) + 2 a page. Behind the last page of a vector nothing
///           is gathered but by LAYER, which gathers the first page for the next vector, and then
///           takes 1 for that page there
///   window  elements of the window; sums: outputs with ADD_SUMS
///   out     outputs with STORE_SUMS, else 4 * outputs - 3
///
/// Window and sums of the next vector wait for the output unit, which reads a code (TABLE) six
/// cycles and writes a word seven cycles behind the element that it took. Results of ADD and pools
/// wait for it, too: it takes them four cycles apart, or eight or more.
///
/// `runs` may be empty for opcodes other than LAYER and CONVOLVE; `written` is of WRITE_VERIFY.
DescriptorCycles descriptor_cycles(const DescriptorWords& words, const CoreShape& core,
                                   const PageRuns& runs = {}, const WrittenCells& written = {});

/// A descriptor that the core refuses, for whatever error: up to the end of its check.
DescriptorCycles refused_cycles(const DescriptorWords& words);

}  // namespace crossloop::drivers
