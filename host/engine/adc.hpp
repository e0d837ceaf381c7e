// The ADC of numerics.md, step 6.
#pragma once

#include <algorithm>
#include <cstdint>

#include "host/analog/inl_table.hpp"

namespace crossloop::engine {

struct AdcSettings {
  std::int32_t gain = 1;    ///< unsigned 16 bit, per column
  std::int32_t offset = 0;  ///< holds the pedestal zero_code << shift, per column
  int shift = 0;            ///< 0..31, per column group
  int bits = 8;             ///< resolution, 1..12, per column group
};

/// What `shift` right-shifted bits round by: half a unit of the result.
constexpr std::int64_t rounding_half(int shift) {
  return shift == 0 ? 0 : std::int64_t{1} << (shift - 1);
}

/// The conversion before the rails, for callers that count clipping.
constexpr std::int64_t adc_unclamped(std::int32_t sum, const AdcSettings& adc) {
  return (std::int64_t{sum} * adc.gain + adc.offset + rounding_half(adc.shift)) >> adc.shift;
}

/// Bit-exact twin of rtl/adc.v (numerics.md, step 6). `>>` of a negative number is arithmetic in
/// C++20.
constexpr std::int32_t adc_code(std::int32_t sum, const AdcSettings& adc) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(adc_unclamped(sum, adc), 0, (1 << adc.bits) - 1));
}

/// Twin of rtl/adc_inl.v: the nonlinearity of a clamped conversion `code` of `bits` bits.
constexpr std::int32_t corrected_code(std::int32_t code, int bits, const analog::InlTable& inl) {
  const std::int32_t correction = inl[static_cast<std::size_t>(code >> std::max(0, bits - 8))];
  return std::clamp(code + correction, 0, (1 << bits) - 1);
}

static_assert(adc_code(24, {.shift = 4}) == 2 && adc_code(23, {.shift = 4}) == 1);  // half up
static_assert(adc_code(-9, {.shift = 4}) == 0 && adc_code(1 << 16, {.shift = 4}) == 255);  // rails
static_assert(adc_code(-24, {.offset = 128 << 4, .shift = 4}) == 127);  // pedestal
static_assert(corrected_code(4095, 12, {}) == 4095 && corrected_code(1, 8, {-1, -2}) == 0);
static_assert(corrected_code(31, 12, {0, 5}) == 36 && corrected_code(1, 1, {0, 5}) == 1);

}  // namespace crossloop::engine
