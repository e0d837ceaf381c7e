// Output requantisation (numerics.md, step 8).
#pragma once

#include <algorithm>
#include <cstdint>

#include "host/compiler/deployment.hpp"
#include "host/engine/adc.hpp"

namespace crossloop::engine {

using compiler::AddScale;
using compiler::OutputRange;
using compiler::OutputScale;

/// clamp((((acc + bias) * M + half) >> s) + z_y, lo, hi).
constexpr std::int32_t requantise(std::int32_t accumulator, const OutputScale& scale,
                                  const OutputRange& range) {
  const std::int64_t product = (std::int64_t{accumulator} + scale.bias) * scale.multiplier;
  const std::int64_t rounded = (product + rounding_half(scale.shift)) >> scale.shift;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(rounded + range.zero, range.low, range.high));
}

/// Residual add: clamp((((a - z_a) * M_a + (b - z_b) * M_b + half) >> s) + z_y, lo, hi).
constexpr std::int32_t requantised_add(std::int32_t a, std::int32_t b, const AddScale& scale,
                                       const OutputRange& range) {
  const std::int64_t sum = std::int64_t{a - scale.zero_a} * scale.multiplier_a +
                           std::int64_t{b - scale.zero_b} * scale.multiplier_b;
  const std::int64_t rounded = (sum + rounding_half(scale.shift)) >> scale.shift;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(rounded + range.zero, range.low, range.high));
}

static_assert(requantise(3, {.bias = 0, .multiplier = 1, .shift = 1}, {}) == 2);  // half up
static_assert(requantise(-5, {.bias = 1, .multiplier = 1, .shift = 0}, {.zero = 3}) == 0);

}  // namespace crossloop::engine
