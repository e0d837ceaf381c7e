// The vectors of the instruction set that page_kernel.cpp is being compiled for.
#pragma once

#if defined(CROSSLOOP_PLAIN_LANES)
#include "host/engine/lanes_plain.hpp"
#elif defined(__AVX512BW__)
#include "host/engine/lanes_avx512.hpp"
#elif defined(__AVX2__)
#include "host/engine/lanes_avx2.hpp"
#elif defined(__aarch64__)
#include "host/engine/lanes_neon.hpp"
#endif

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

constexpr int kParts = kStrip / kWords;  ///< vectors of a strip
constexpr int kHalf = kWords / 2;        ///< 32-bit lanes of a vector

template <typename Vector, typename Element>
inline Vector load(const Element* values) {
  Vector vector;
  __builtin_memcpy(&vector, values, sizeof vector);
  return vector;
}
template <typename Vector, typename Element>
inline void store(Element* values, Vector vector) {
  __builtin_memcpy(values, &vector, sizeof vector);
}

/// Whether the ADC of a page needs no product. Not worth it without shifts of 16-bit lanes.
inline bool by_shift(const KernelPage& page) {
#if defined(CROSSLOOP_SHIFTED_WORDS)
  return page.by_shift;
#else
  return false && page.by_shift;
#endif
}

/// Where `packed` puts the lanes: column (0..31) of position `position` of a strip.
inline int packed_column(int position) {
  const int block = position & ~7;
  const int within = position & 7;
  return block + (within < 4 ? 2 * within : 2 * (within - 4) + 1);
}

/// The column of position `position` of a strip in `KernelScratch::codes`.
inline int column_at(const KernelPage& page, int position) {
  return page.compact && !by_shift(page) ? packed_column(position) : position;
}

/// Calls step(0) .. step(kCount - 1), written out so that arrays indexed by it live in registers.
template <int kCount, typename Step>
[[gnu::always_inline]] inline void each(const Step& step) {
  if constexpr (kCount > 1) each<kCount - 1>(step);
  step(kCount - 1);
}

inline int group_count(const KernelPage& page) { return (page.rows + kGroup - 1) / kGroup; }

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
