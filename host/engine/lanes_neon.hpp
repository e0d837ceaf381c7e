// Vectors of 8 words for page_kernel.cpp: NEON of aarch64. lanes_plain.hpp says what each
// function means.
#pragma once

#include <arm_neon.h>

#include "host/engine/page_kernel.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

constexpr int kWords = 8;
constexpr int kTogether = 1;  ///< reads that fill the processor
typedef int16x8_t Words;
typedef int32x4_t Longs;

inline Words smaller(Words a, Words b) { return vminq_s16(a, b); }
inline Words larger(Words a, Words b) { return vmaxq_s16(a, b); }
inline bool differ(Words, Words) { return true; }
inline Words counted(Words count, Words a, Words b) {
  return vsubq_s16(count, vreinterpretq_s16_u16(vcgtq_s16(a, b)));
}
inline Longs dot(Longs sum, Words a, Words b) {
  const Longs low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
  return vaddq_s32(sum, vpaddq_s32(low, vmull_high_s16(a, b)));
}
inline Longs shifted(Longs v, Longs right) { return vshlq_s32(v, vnegq_s32(right)); }
inline Words packed(Longs a, Longs b) { return vqmovn_high_s32(vqmovn_s32(a), b); }
inline Words left(Words v, int bits) {
  return vshlq_s16(v, vdupq_n_s16(static_cast<std::int16_t>(bits)));
}
inline Words scaled_product(Words a, Words b) { return vqrdmulhq_s16(a, b); }
template <int kBits>
inline Longs rotated(Longs v) {
  return vsriq_n_s32(vshlq_n_s32(v, kBits), v, 32 - kBits);
}
inline Longs nibble_sums(Longs v) {
  const uint8x16_t bytes = vreinterpretq_u8_s32(v);
  const uint8x16_t nibbles = vaddq_u8(vandq_u8(bytes, vdupq_n_u8(15)), vshrq_n_u8(bytes, 4));
  return vsubq_s32(vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(nibbles))), vdupq_n_s32(60));
}
inline Words interleaved(Longs a, Longs b) {
  return vtrn1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
}
#define CROSSLOOP_BEND_BY_CODE

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
