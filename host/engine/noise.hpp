// Read noise, counter based (numerics.md, step 5).
#pragma once

#include <Random123/threefry.h>

#include <cstdint>

#include "host/engine/adc.hpp"

namespace crossloop::engine {

/// Rounds of Threefry-2x32: 13 pass BigCrush (Salmon et al., SC 2011, table 2).
inline constexpr unsigned kThreefryRounds = 13;

struct NoiseKey {
  std::uint32_t seed = 0;
  std::uint32_t crossbar = 0;  ///< id in the Deployment, never the page slot
};

/// The two 32-bit words that serve columns 2*pair and 2*pair + 1 at input bit `bit`.
/// Twin of rtl/threefry.v: key = (seed, crossbar), counter = (vector, bit << 16 | pair).
inline threefry2x32_ctr_t noise_words(const NoiseKey& key, std::uint32_t vector, int bit,
                                      int pair) {
  const threefry2x32_key_t k = {{key.seed, key.crossbar}};
  const threefry2x32_ctr_t c = {
      {vector, static_cast<std::uint32_t>(bit) << 16 | static_cast<std::uint32_t>(pair)}};
  return threefry2x32_R(kThreefryRounds, c, k);
}

/// m: the sum of the eight nibbles of `word`, minus 60; -60..60, mean 0, variance 170.
constexpr std::int32_t nibble_noise(std::uint32_t word) {
  std::uint32_t sum = (word & 0x0F0F0F0FU) + ((word >> 4) & 0x0F0F0F0FU);  // bytes 0..30
  sum = (sum & 0x00FF00FFU) + ((sum >> 8) & 0x00FF00FFU);
  return static_cast<std::int32_t>((sum & 0xFFFFU) + (sum >> 16)) - 60;
}

/// n = (m * sigma + 128) >> 8 in code units: standard deviation sigma * sqrt(170) / 256.
constexpr std::int32_t scaled_noise(std::int32_t m, std::int32_t sigma) {
  return (m * sigma + static_cast<std::int32_t>(rounding_half(8))) >> 8;
}

static_assert(nibble_noise(0) == -60 && nibble_noise(0xFFFFFFFFU) == 60);
static_assert(scaled_noise(-60, 256) == -60 && scaled_noise(1, 128) == 1);  // half rounds up

}  // namespace crossloop::engine
