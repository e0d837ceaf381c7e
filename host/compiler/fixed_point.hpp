// A positive real factor as M / 2^s (numerics.md, step 8).
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "host/error.hpp"

namespace crossloop::compiler {

inline constexpr int kMultiplierBits = 16;     ///< M is unsigned 16 bit
inline constexpr int kLargestScaleShift = 47;  ///< s

struct FixedRatio {
  std::int32_t multiplier = 0;  ///< M
  std::int32_t shift = 0;       ///< s
  double value() const { return std::ldexp(multiplier, -shift); }
};

/// The nearest M / 2^s with M in 0x8000..0xFFFF; below 2^-32, where s = 47, M is smaller, and 0 for
/// 0. Throws InputError beginning with `where` for a ratio that is negative, not finite or above
/// 65535.
inline FixedRatio fixed_ratio(double ratio, const std::string& where) {
  if (!(ratio >= 0.0) || ratio > (1 << kMultiplierBits) - 1) {
    throw InputError(where + ": scale ratio " + std::to_string(ratio) +
                     ", expected a number from 0 to 65535");
  }
  int exponent = 0;
  std::frexp(ratio, &exponent);  // ratio = mantissa * 2^exponent, mantissa in [0.5, 1)
  int shift = std::min(kMultiplierBits - exponent, kLargestScaleShift);
  auto multiplier = std::llround(std::ldexp(ratio, shift));
  if (multiplier == 1 << kMultiplierBits) {  // rounded up to the next power of two
    multiplier >>= 1;
    --shift;
  }
  return {static_cast<std::int32_t>(multiplier), shift};
}

}  // namespace crossloop::compiler
