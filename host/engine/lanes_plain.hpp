// Vectors of 8 words for page_kernel.cpp, for any processor: the meaning of every function that the
// other lanes_*.hpp write with instructions.
#pragma once

#include "host/engine/page_kernel.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

constexpr int kWords = 8;
constexpr int kTogether = 1;  ///< reads that fill the processor
typedef std::int16_t Words __attribute__((vector_size(16)));
typedef std::int32_t Longs __attribute__((vector_size(16)));

inline Words smaller(Words a, Words b) { return a < b ? a : b; }
inline Words larger(Words a, Words b) { return a > b ? a : b; }

/// False only if a == b in all lanes; true where it costs more to know.
inline bool differ(Words, Words) { return true; }

/// count + (a > b).
inline Words counted(Words count, Words a, Words b) { return count - (a > b); }

/// sum + a[2i] b[2i] + a[2i+1] b[2i+1].
inline Longs dot(Longs sum, Words a, Words b) {
  for (int i = 0; i < 4; ++i) sum[i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
  return sum;
}

inline Longs shifted(Longs v, Longs right) { return v >> right; }

inline std::int16_t saturated(std::int32_t v) {
  return static_cast<std::int16_t>(v < -32768 ? -32768 : v > 32767 ? 32767 : v);
}

/// Both cut to 16 bits with saturation, blocks of 4 in turn.
inline Words packed(Longs a, Longs b) {
  Words result = {};
  for (int i = 0; i < 4; ++i) {
    result[i] = saturated(a[i]);
    result[4 + i] = saturated(b[i]);
  }
  return result;
}

inline Words left(Words v, int bits) { return v << static_cast<std::int16_t>(bits); }

/// (a b + 2^14) >> 15.
inline Words scaled_product(Words a, Words b) {
  Words result = {};
  for (int i = 0; i < 8; ++i) result[i] = static_cast<std::int16_t>((a[i] * b[i] + 0x4000) >> 15);
  return result;
}

template <int kBits>
inline Longs rotated(Longs v) {
  typedef std::uint32_t Unsigned __attribute__((vector_size(16)));
  const Unsigned u = reinterpret_cast<Unsigned>(v);
  return reinterpret_cast<Longs>(u << kBits | u >> (32 - kBits));
}

/// Sum of the 8 nibbles of each lane, less 60.
inline Longs nibble_sums(Longs v) {
  Longs sum = (v & 0x0F0F0F0F) + ((v >> 4) & 0x0F0F0F0F);
  sum = (sum & 0x00FF00FF) + ((sum >> 8) & 0x00FF00FF);
  return (sum & 0xFFFF) + (sum >> 16) - 60;
}

/// The lower halves of both, a in the even words.
inline Words interleaved(Longs a, Longs b) {
  return reinterpret_cast<Words>((a & 0xFFFF) | (b << 16));
}
#define CROSSLOOP_BEND_BY_CODE

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
