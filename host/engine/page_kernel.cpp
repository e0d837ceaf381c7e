// Compiled once per instruction set with CROSSLOOP_KERNEL naming the namespace. Bit-exact to
// reference.cpp; see there for what the numbers mean, and docs/engine.md for the algorithm.
#include "host/engine/page_kernel.hpp"

#include "host/engine/kernel_general.hpp"
#include "host/engine/kernel_reads.hpp"
#include "host/engine/kernel_recombine.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {

namespace {

/// All sums of (code - reference) that the word lines of each group can make in a strip.
void build_table(const KernelPage& page, int column, std::int16_t* table) {
  Words reference[kParts];
  std::int16_t values[kStrip];
  for (int c = 0; c < kStrip; ++c)
    values[c] = static_cast<std::int16_t>(page.reference[column + c]);
  for (int i = 0; i < kParts; ++i) reference[i] = load<Words>(values + kWords * i);
  for (int group = 0; group < group_count(page); ++group, table += kPatterns * kStrip) {
    for (int i = 0; i < kParts; ++i) {
      Words sums[kPatterns] = {};
      for (int line = 0; line < kGroup; ++line) {
        const int row = kGroup * group + line;
        Words cell = {};
        if (row < page.rows) {
          cell = load<Words>(page.codes + row * page.padded + column + kWords * i) - reference[i];
        }
        for (int with = 1 << line; with < 2 << line; ++with) {
          sums[with] = sums[with - (1 << line)] + cell;
        }
      }
      for (int pattern = 0; pattern < kPatterns; ++pattern) {
        store(table + pattern * kStrip + kWords * i, sums[pattern]);
      }
    }
  }
}

using ReadStrip = void (*)(const KernelPage&, const KernelJob&, int first, int column,
                           KernelScratch&, KernelCounters&);

template <typename Adc>
ReadStrip compact_reader(const KernelPage& page) {
  if (page.noisy) {
    return page.inl ? read_compact<true, Bend, Adc> : read_compact<true, NoBend, Adc>;
  }
  return page.inl ? read_compact<false, Bend, Adc> : read_compact<false, NoBend, Adc>;
}

ReadStrip strip_reader(const KernelPage& page) {
#if defined(CROSSLOOP_SHIFTED_WORDS)
  if (by_shift(page)) return compact_reader<ShiftAdc>(page);
#endif
  if (page.compact) return compact_reader<ProductAdc>(page);
  const bool bent = page.inl != nullptr;
  if (page.narrow_adc) {
    return bent ? read_general<std::int32_t, true> : read_general<std::int32_t, false>;
  }
  return bent ? read_general<std::int64_t, true> : read_general<std::int64_t, false>;
}

}  // namespace

void run_page(const KernelPage& page, const KernelJob& job, int first, int last,
              KernelScratch& scratch, KernelCounters& counters) {
  if (!page.same_rows) prepare_reads(page, job, first, last, scratch.reads);
  const KernelReads& reads = scratch.reads;
  if (reads.first == reads.end) return;
  counters.conversions += std::int64_t{reads.end - reads.first} * page.columns;
  const ReadStrip read = strip_reader(page);
  const auto vectors = static_cast<std::size_t>(last - first);
  for (int column = 0; column < page.padded; column += kStrip) {
    build_table(page, column, scratch.table);
    if (page.compact) {
      std::memset(scratch.codes, 0, vectors * kStrip * sizeof *scratch.codes);
      read(page, job, first, column, scratch, counters);
      recombine(page, job, first, last, column, scratch.codes, reads.converted);
    } else {
      std::memset(scratch.sums, 0, vectors * kStrip * sizeof *scratch.sums);
      read(page, job, first, column, scratch, counters);
      recombine(page, job, first, last, column, scratch.sums, reads.converted);
    }
  }
}

}  // namespace crossloop::engine::CROSSLOOP_KERNEL
