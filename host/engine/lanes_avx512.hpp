// Vectors of 32 words for page_kernel.cpp: AVX-512 BW, with VNNI and VBMI where compiled for them.
#pragma once

#include <immintrin.h>

#include "host/engine/page_kernel.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

constexpr int kWords = 32;
constexpr int kTogether = 4;  ///< reads that fill the processor
typedef std::int16_t Words __attribute__((vector_size(64)));
typedef std::int32_t Longs __attribute__((vector_size(64)));

inline __m512i raw(Words v) { return reinterpret_cast<__m512i>(v); }
inline __m512i raw(Longs v) { return reinterpret_cast<__m512i>(v); }
inline Words words(__m512i v) { return reinterpret_cast<Words>(v); }
inline Longs longs(__m512i v) { return reinterpret_cast<Longs>(v); }

inline Words smaller(Words a, Words b) { return words(_mm512_min_epi16(raw(a), raw(b))); }
inline Words larger(Words a, Words b) { return words(_mm512_max_epi16(raw(a), raw(b))); }

/// count + (a > b).
inline Words counted(Words count, Words a, Words b) {
  return words(_mm512_mask_sub_epi16(raw(count), _mm512_cmpgt_epi16_mask(raw(a), raw(b)),
                                     raw(count), _mm512_set1_epi16(-1)));
}

/// Whether a != b in any lane.
inline bool differ(Words a, Words b) { return _mm512_cmpneq_epi16_mask(raw(a), raw(b)) != 0; }

/// sum + a[2i] b[2i] + a[2i+1] b[2i+1].
inline Longs dot(Longs sum, Words a, Words b) {
#if defined(__AVX512VNNI__)
  return longs(_mm512_dpwssd_epi32(raw(sum), raw(a), raw(b)));
#else
  return sum + longs(_mm512_madd_epi16(raw(a), raw(b)));
#endif
}

inline Longs shifted(Longs v, Longs right) { return longs(_mm512_srav_epi32(raw(v), raw(right))); }

#define CROSSLOOP_SHIFTED_WORDS
inline Words shifted(Words v, Words right) { return words(_mm512_srav_epi16(raw(v), raw(right))); }
inline Words saturated_sum(Words a, Words b) { return words(_mm512_adds_epi16(raw(a), raw(b))); }

/// Both cut to 16 bits with saturation, blocks of 4 in turn.
inline Words packed(Longs a, Longs b) { return words(_mm512_packs_epi32(raw(a), raw(b))); }

inline Words left(Words v, int bits) {
  return words(_mm512_sll_epi16(raw(v), _mm_cvtsi32_si128(bits)));
}

/// (a b + 2^14) >> 15.
inline Words scaled_product(Words a, Words b) { return words(_mm512_mulhrs_epi16(raw(a), raw(b))); }

template <int kBits>
inline Longs rotated(Longs v) {
  return longs(_mm512_rol_epi32(raw(v), kBits));
}

/// Sum of the 8 nibbles of each lane, less 60.
inline Longs nibble_sums(Longs v) {
  const __m512i low = _mm512_set1_epi8(15);
  const __m512i upper = _mm512_and_si512(_mm512_srli_epi32(raw(v), 4), low);
#if defined(__AVX512VNNI__)
  // lower + upper = byte - 15 upper
  const __m512i bytes = _mm512_dpbusd_epi32(_mm512_set1_epi32(-60), raw(v), _mm512_set1_epi8(1));
  return longs(_mm512_dpbusd_epi32(bytes, upper, _mm512_set1_epi8(-15)));
#else
  const __m512i bytes = _mm512_add_epi8(_mm512_and_si512(raw(v), low), upper);
  const __m512i pairs = _mm512_maddubs_epi16(bytes, _mm512_set1_epi8(1));
  return longs(_mm512_madd_epi16(pairs, _mm512_set1_epi16(1))) - 60;
#endif
}

/// The lower halves of both, a in the even words.
inline Words interleaved(Longs a, Longs b) {
  return words(_mm512_mask_blend_epi16(0xAAAAAAAA, raw(a), _mm512_slli_epi32(raw(b), 16)));
}

#if defined(__AVX512VBMI__)
/// Corrections of 8-bit codes, held in registers.
struct Bend {
  explicit Bend(const std::int32_t* inl) {
    std::int8_t bytes[256];
    for (int i = 0; i < 256; ++i) bytes[i] = static_cast<std::int8_t>(inl[i]);
    for (int i = 0; i < 4; ++i) quarter[i] = _mm512_loadu_si512(bytes + 64 * i);
  }
  Words operator()(Words codes) const {
    const __m512i index = raw(codes);
    const __m512i lower = _mm512_permutex2var_epi8(quarter[0], index, quarter[1]);
    const __m512i upper = _mm512_permutex2var_epi8(quarter[2], index, quarter[3]);
    const __m512i both = _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower, upper);
    return codes + words(_mm512_srai_epi16(_mm512_slli_epi16(both, 8), 8));
  }
  __m512i quarter[4];
};
#else
#define CROSSLOOP_BEND_BY_CODE
#endif

/// to[i] = from[index[i]] for a strip.
#define CROSSLOOP_PERMUTED_STRIP
inline void permute_strip(const std::uint16_t* from, const std::uint16_t* index,
                          std::uint16_t* to) {
  _mm512_storeu_si512(
      to, _mm512_permutexvar_epi16(_mm512_loadu_si512(index), _mm512_loadu_si512(from)));
}

/// Sums of code * weight over the columns of an output, codes without sign and all of them below
/// 2^16, for a whole strip. Columns lie in pairs: column 2 h + i of output u, i = 0 or 1, is at
/// 2 (u + outputs h) + i.
#define CROSSLOOP_PAIRED_FOLD
class PairedFold {
 public:
  /// `index`: where that order lies in the codes. |weight| <= 2^14. `zero` is by output.
  PairedFold(const std::uint16_t* index, const std::int16_t* weight, const std::int32_t* zero,
             const std::int32_t* weight_sum)
      : index_(_mm512_loadu_si512(index)),
        weight_(_mm512_loadu_si512(weight)),
        zero_(_mm512_loadu_si512(zero)),
        base_(_mm512_slli_epi32(_mm512_loadu_si512(weight_sum), 15)) {}

  /// target[u] += what output u gets from `codes`, less zero[u] * converted.
  template <int kOutputs>
  void add(const std::uint16_t* codes, int converted, std::int32_t* target) const {
    // 2^15 off the codes makes them fit a sign; base_ puts it back.
    const __m512i sorted = _mm512_xor_si512(
        _mm512_permutexvar_epi16(index_, _mm512_loadu_si512(codes)), _mm512_set1_epi16(-32768));
#if defined(__AVX512VNNI__)
    const __m512i pairs = _mm512_dpwssd_epi32(_mm512_setzero_si512(), sorted, weight_);
#else
    const __m512i pairs = _mm512_madd_epi16(sorted, weight_);
#endif
    const __m512i rest =
        _mm512_sub_epi32(base_, _mm512_mullo_epi32(zero_, _mm512_set1_epi32(converted)));
    const __mmask16 outputs = static_cast<__mmask16>((1U << kOutputs) - 1);
    const __m512i sums = _mm512_add_epi32(folded<kOutputs>(pairs), rest);
    const __m512i old = _mm512_maskz_loadu_epi32(outputs, target);
    _mm512_mask_storeu_epi32(target, outputs, _mm512_add_epi32(old, sums));
  }

 private:
  /// Lane u: the sum of lanes u, u + kOutputs, ...
  template <int kOutputs>
  static __m512i folded(__m512i v) {
    if constexpr (kOutputs <= 8) v = _mm512_add_epi32(v, _mm512_shuffle_i64x2(v, v, 0x4E));
    if constexpr (kOutputs <= 4) v = _mm512_add_epi32(v, _mm512_shuffle_i64x2(v, v, 0xB1));
    return v;
  }
  __m512i index_, weight_, zero_, base_;
};

/// The patterns of 16 groups in one phase, in units of 8 bytes of the table.
inline __m512i patterns(__m512i bytes) {
  const __m512i bits = _mm512_and_si512(bytes, _mm512_set1_epi8(1));
#if defined(__AVX512VNNI__)
  return _mm512_dpbusd_epi32(_mm512_setzero_si512(), bits, _mm512_set1_epi32(0x40201008));
#else
  return _mm512_srli_epi32(_mm512_mullo_epi32(bits, _mm512_set1_epi32(kCollect)), kCollectShift);
#endif
}

/// The first `count` bytes, at most 64, and zeros.
inline __m512i first_bytes(const std::uint8_t* bytes, int count) {
  const std::uint64_t all = ~std::uint64_t{0};
  return _mm512_maskz_loadu_epi8(count >= 64 ? all : count <= 0 ? 0 : all >> (64 - count), bytes);
}

inline __m512i group_entries(int first) {
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_mullo_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(first)),
                            _mm512_set1_epi32(kGroupEntry));
}

/// Appends the patterns of all phases to their lists, empty ones left out: what a driven group
/// adds lies at table + 8 entry. Reads no inputs beyond `rows`.
#define CROSSLOOP_SHORT_LISTS
#if defined(__AVX512VBMI2__)
inline void list_patterns(const std::uint8_t* input, int rows, int phases, int stride,
                          std::uint16_t* lists, int* lengths) {
  for (int row = 0; row < rows; row += 128) {
    const int group = row / kGroup;
    const __m512i base = _mm512_packus_epi32(group_entries(group), group_entries(group + 16));
    __m512i low = first_bytes(input + row, rows - row);
    __m512i high = first_bytes(input + row + 64, rows - row - 64);
    std::uint16_t* list = lists;
    for (int phase = 0; phase < phases; ++phase, list += stride) {
      const __m512i both = _mm512_packus_epi32(patterns(low), patterns(high));
      const __mmask32 driven = _mm512_test_epi16_mask(both, both);
      const int before = group == 0 ? 0 : lengths[phase];
      _mm512_storeu_si512(list + before,
                          _mm512_maskz_compress_epi16(driven, _mm512_or_si512(both, base)));
      lengths[phase] = before + __builtin_popcount(driven);
      low = _mm512_srli_epi32(low, 1);
      high = _mm512_srli_epi32(high, 1);
    }
  }
}
#else
inline void list_patterns(const std::uint8_t* input, int rows, int phases, int stride,
                          std::uint16_t* lists, int* lengths) {
  for (int row = 0; row < rows; row += 64) {
    const __m512i base = group_entries(row / kGroup);
    __m512i bytes = first_bytes(input + row, rows - row);
    for (int phase = 0; phase < phases; ++phase) {
      const __m512i here = patterns(bytes);
      const __mmask16 driven = _mm512_test_epi32_mask(here, here);
      const __m512i entries = _mm512_maskz_compress_epi32(driven, _mm512_or_si512(here, base));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(lists + phase * stride + lengths[phase]),
                          _mm512_cvtepi32_epi16(entries));
      lengths[phase] += __builtin_popcount(driven);
      bytes = _mm512_srli_epi32(bytes, 1);
    }
  }
}
#endif

#if defined(__AVX512VBMI2__)
#define CROSSLOOP_COMPRESSED_GATHER
/// Bytes of `source` whose bit in `mask` is set, one after the other; reads no others.
inline void compress_bytes(const std::uint8_t* source, std::uint64_t mask, std::uint8_t* target) {
  const __m512i bytes = _mm512_maskz_loadu_epi8(mask, source);
  _mm512_storeu_si512(target, _mm512_maskz_compress_epi8(mask, bytes));
}
#endif

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
