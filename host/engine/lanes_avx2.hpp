// Vectors of 16 words for page_kernel.cpp: AVX2. lanes_plain.hpp says what each
// function means.
#pragma once

#include <immintrin.h>

#include "host/engine/page_kernel.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

constexpr int kWords = 16;
constexpr int kTogether = 1;  ///< reads that fill the processor
typedef std::int16_t Words __attribute__((vector_size(32)));
typedef std::int32_t Longs __attribute__((vector_size(32)));

inline __m256i raw(Words v) { return reinterpret_cast<__m256i>(v); }
inline __m256i raw(Longs v) { return reinterpret_cast<__m256i>(v); }
inline Words words(__m256i v) { return reinterpret_cast<Words>(v); }
inline Longs longs(__m256i v) { return reinterpret_cast<Longs>(v); }

inline Words smaller(Words a, Words b) { return words(_mm256_min_epi16(raw(a), raw(b))); }
inline Words larger(Words a, Words b) { return words(_mm256_max_epi16(raw(a), raw(b))); }
inline bool differ(Words a, Words b) {
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(raw(a), raw(b))) != -1;
}
inline Words counted(Words count, Words a, Words b) {
  return count - words(_mm256_cmpgt_epi16(raw(a), raw(b)));
}
inline Longs dot(Longs sum, Words a, Words b) {
  return sum + longs(_mm256_madd_epi16(raw(a), raw(b)));
}
inline Longs shifted(Longs v, Longs right) { return longs(_mm256_srav_epi32(raw(v), raw(right))); }
inline Words packed(Longs a, Longs b) { return words(_mm256_packs_epi32(raw(a), raw(b))); }
inline Words left(Words v, int bits) {
  return words(_mm256_sll_epi16(raw(v), _mm_cvtsi32_si128(bits)));
}
inline Words scaled_product(Words a, Words b) { return words(_mm256_mulhrs_epi16(raw(a), raw(b))); }
template <int kBits>
inline Longs rotated(Longs v) {
  return longs(
      _mm256_or_si256(_mm256_slli_epi32(raw(v), kBits), _mm256_srli_epi32(raw(v), 32 - kBits)));
}
inline Longs nibble_sums(Longs v) {
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi32(raw(v), 4), low);
  const __m256i bytes = _mm256_add_epi8(_mm256_and_si256(raw(v), low), upper);
  const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1));
  return longs(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1))) - 60;
}
inline Words interleaved(Longs a, Longs b) {
  return words(_mm256_blend_epi16(raw(a), _mm256_slli_epi32(raw(b), 16), 0xAA));
}
#define CROSSLOOP_BEND_BY_CODE

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
