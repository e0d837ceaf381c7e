// The inner loop of the engine, compiled once per instruction set. Plain pointers only: the
// variants must not share inline library code. docs/engine.md explains the algorithm.
#pragma once

#include <cstdint>

namespace crossloop::engine {

inline constexpr int kMaxRows = 512;
inline constexpr int kMaxColumns = 512;
inline constexpr int kMaxPhases = 8;
/// Columns that are run together. Pages are padded to a multiple; padded columns contribute 0.
inline constexpr int kStrip = 32;
/// Word lines that share a table of their 2^kGroup possible sums.
inline constexpr int kGroup = 4;
inline constexpr int kPatterns = 1 << kGroup;
inline constexpr int kMaxGroups = kMaxRows / kGroup;
inline constexpr int kBlock = 128;     ///< most vectors of one call
inline constexpr int kListSlack = 32;  ///< entries written beyond the end of a list
/// From group to group in the table, in units of 8 bytes.
inline constexpr int kGroupEntry = kPatterns * kStrip * static_cast<int>(sizeof(std::int16_t)) / 8;
/// (bytes of 0 or 1) * kCollect >> kCollectShift: the pattern, in units of 8 bytes.
inline constexpr std::uint32_t kCollect = 0x01020408;
inline constexpr int kCollectShift = 21;

/// One page ready to run. Arrays of `padded` elements unless said otherwise.
struct KernelPage {
  int rows = 0;
  int columns = 0;
  int padded = 0;
  const std::int16_t* codes = nullptr;      ///< [rows][padded]
  const std::int32_t* row_index = nullptr;  ///< [rows]
  const std::int32_t* reference = nullptr;
  const std::int32_t* sigma = nullptr;
  const std::int32_t* gain = nullptr;
  const std::int64_t* offset = nullptr;  ///< with the rounding half added
  const std::int32_t* shift = nullptr;
  const std::int32_t* top = nullptr;  ///< 2^bits - 1
  const std::int32_t* zero = nullptr;
  const std::int32_t* inl = nullptr;        ///< [256] corrections of a code; null: none
  const std::int32_t* inl_shift = nullptr;  ///< max(0, bits - 8); unset where inl is null
  const std::int32_t* weight = nullptr;     ///< sign << left shift
  const std::int32_t* output = nullptr;
  bool same_rows = false;  ///< row_index equals that of the page run before
  bool one_run = false;    ///< row_index counts up by one
  /// Groups whose sum of (code - reference) surely fits 16 bits.
  int part = 1;
  bool narrow_adc = false;  ///< S' * gain + offset fits 32 bits
  /// Everything fits 16-bit lanes: S', gains and sigmas; no code has more than 8 bits.
  bool compact = false;
  /// Compact, and all gains are powers of two: a code is (S' + word_offset) >> word_shift, the sum
  /// saturated.
  bool by_shift = false;
  const std::int16_t* word_offset = nullptr;
  const std::int16_t* word_shift = nullptr;
  bool noisy = false;  ///< some sigma is not 0
  std::uint32_t crossbar = 0;
};

struct KernelJob {
  int base = 0;                           ///< the vector that the two arrays begin with
  const std::uint8_t* vectors = nullptr;  ///< [..][inputs]
  int inputs = 0;
  int outputs = 0;
  int input_bits = 8;
  bool skip_zero = true;
  std::uint32_t seed = 0;
  std::uint32_t first_vector = 0;
  std::int32_t* accumulators = nullptr;  ///< [..][outputs]
};

struct KernelCounters {
  std::int64_t conversions = 0, clipped_low = 0, clipped_high = 0;
};

/// The phases of a block of vectors, as one band of word lines sees them. A read is one phase of
/// one vector; its number is vector * kMaxPhases + phase.
struct KernelReads {
  int stride = 0;                             ///< entries from list to list
  int first = 0, end = 0;                     ///< of `order`: reads that are not skipped
  std::uint16_t order[kBlock * kMaxPhases];   ///< numbers of all reads, by length of list
  std::uint16_t length[kBlock * kMaxPhases];  ///< by number: entries / 4, rounded up
  std::uint8_t converted[kBlock];             ///< by vector: bit t set where t is not skipped
  /// By number: where in the table the sums of the driven groups are, in units of 8 bytes.
  std::uint16_t lists[kBlock * kMaxPhases * (kMaxGroups + kListSlack)];
};

/// Memory of one thread, reused from call to call.
struct KernelScratch {
  alignas(64) std::int16_t table[kMaxGroups * kPatterns * kStrip];
  alignas(64) std::uint16_t codes[kBlock * kStrip];  ///< sum of code << phase, compact pages
  alignas(64) std::int32_t sums[kBlock * kStrip];    ///< the same of all others
  alignas(64) KernelReads reads;
};

/// Adds what `page` contributes to the accumulators of the vectors first..last-1, at most kBlock.
using PageKernel = void (*)(const KernelPage&, const KernelJob&, int first, int last,
                            KernelScratch&, KernelCounters&);

#define CROSSLOOP_DECLARE_KERNEL(name)                                                    \
  namespace name {                                                                        \
  void run_page(const KernelPage&, const KernelJob&, int first, int last, KernelScratch&, \
                KernelCounters&);                                                         \
  }
CROSSLOOP_DECLARE_KERNEL(plain)
#if defined(__x86_64__)
CROSSLOOP_DECLARE_KERNEL(avx2)
CROSSLOOP_DECLARE_KERNEL(avx512)
CROSSLOOP_DECLARE_KERNEL(vnni)
#elif defined(__aarch64__)
CROSSLOOP_DECLARE_KERNEL(neon)
#endif
#undef CROSSLOOP_DECLARE_KERNEL

}  // namespace crossloop::engine
