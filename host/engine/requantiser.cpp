#include "host/engine/requantiser.hpp"

#include <algorithm>

namespace crossloop::engine {

namespace {

struct Scales {
  const std::int64_t *bias, *multiplier, *half, *shift;
  std::int64_t zero, low, high;
};

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
// Chosen when the program is loaded, before a sanitizer would be ready.
#define CROSSLOOP_CLONES [[gnu::target_clones("default", "avx2", "arch=x86-64-v4")]]
#else
#define CROSSLOOP_CLONES
#endif

CROSSLOOP_CLONES
void requantise_row(const Scales& scales, const std::int32_t* accumulators, std::size_t count,
                    std::int32_t* values) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t product = (accumulators[i] + scales.bias[i]) * scales.multiplier[i];
    const std::int64_t value = ((product + scales.half[i]) >> scales.shift[i]) + scales.zero;
    const std::int64_t floored = value < scales.low ? scales.low : value;
    values[i] = static_cast<std::int32_t>(floored > scales.high ? scales.high : floored);
  }
}

}  // namespace

// Both products fit 32 bits: an element is below 2^8, a multiplier below 2^16.
CROSSLOOP_CLONES
void requantise_sums(const std::uint8_t* a, const std::uint8_t* b, std::size_t count,
                     const AddScale& scale, const OutputRange& range, std::int32_t* values) {
  const std::int64_t half = rounding_half(scale.shift);
  const std::int64_t low = range.low, high = range.high;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t sum =
        (a[i] - scale.zero_a) * scale.multiplier_a + (b[i] - scale.zero_b) * scale.multiplier_b;
    const std::int64_t value = ((sum + half) >> scale.shift) + range.zero;
    const std::int64_t floored = value < low ? low : value;
    values[i] = static_cast<std::int32_t>(floored > high ? high : floored);
  }
}

Requantiser::Requantiser(std::span<const OutputScale> scales, const OutputRange& range)
    : zero_(range.zero), low_(range.low), high_(range.high) {
  for (const OutputScale& scale : scales) {
    bias_.push_back(scale.bias);
    multiplier_.push_back(scale.multiplier);
    half_.push_back(rounding_half(scale.shift));
    shift_.push_back(scale.shift);
  }
}

void Requantiser::operator()(const std::int32_t* accumulators, std::int32_t* values) const {
  requantise_row(
      {bias_.data(), multiplier_.data(), half_.data(), shift_.data(), zero_, low_, high_},
      accumulators, bias_.size(), values);
}

}  // namespace crossloop::engine
