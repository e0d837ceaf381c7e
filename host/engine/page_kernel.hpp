// The inner loop of the engine, compiled once per instruction set. Plain pointers only: the
// variants must not share inline library code.
#pragma once

#include <cstdint>

namespace crossloop::engine {

/// Columns are padded to a multiple of this; padded columns contribute 0.
inline constexpr int kLane = 32;
inline constexpr int kMaxRows = 512;
inline constexpr int kMaxColumns = 512;

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
  const std::int32_t* inl = nullptr;         ///< [256] corrections of a code; null: none
  const std::int32_t* inl_shift = nullptr;   ///< max(0, bits - 8); unset where inl is null
  const std::int32_t* left_shift = nullptr;  ///< [columns]
  const std::int32_t* sign = nullptr;        ///< [columns], +1 or -1
  const std::int32_t* output = nullptr;      ///< [columns]
  bool narrow_sum = false;                   ///< every column sum fits 16 bits
  bool narrow_adc = false;                   ///< S' * gain + offset fits 32 bits
  bool noisy = false;                        ///< some sigma is not 0
  std::uint32_t crossbar = 0;
};

struct KernelJob {
  const std::uint8_t* vectors = nullptr;  ///< [n][inputs]
  int inputs = 0;
  int outputs = 0;
  int input_bits = 8;
  bool skip_zero = true;
  std::uint32_t seed = 0;
  std::uint32_t first_vector = 0;
  std::int32_t* accumulators = nullptr;  ///< [n][outputs]
};

struct KernelCounters {
  std::int64_t conversions = 0, clipped_low = 0, clipped_high = 0;
};

using PageKernel = void (*)(const KernelPage&, const KernelJob&, int first, int last,
                            KernelCounters&);

namespace plain {
void run_page(const KernelPage&, const KernelJob&, int first, int last, KernelCounters&);
}
#if defined(__x86_64__)
namespace avx2 {
void run_page(const KernelPage&, const KernelJob&, int first, int last, KernelCounters&);
}
namespace avx512 {
void run_page(const KernelPage&, const KernelJob&, int first, int last, KernelCounters&);
}
#endif

}  // namespace crossloop::engine
