// Integer noise from counter-based random words: the same in the plant, the engine and the RTL.
#pragma once

#include <Random123/threefry.h>

#include <cstdint>

namespace crossloop::analog {

/// Rounds of Threefry-2x32: 13 pass BigCrush (Salmon et al., SC 2011, table 2).
inline constexpr unsigned kThreefryRounds = 13;

/// m: the sum of the eight nibbles of `word`, minus 60; -60..60, mean 0, variance 170.
constexpr std::int32_t nibble_noise(std::uint32_t word) {
  std::uint32_t sum = (word & 0x0F0F0F0FU) + ((word >> 4) & 0x0F0F0F0FU);  // bytes 0..30
  sum = (sum & 0x00FF00FFU) + ((sum >> 8) & 0x00FF00FFU);
  return static_cast<std::int32_t>((sum & 0xFFFFU) + (sum >> 16)) - 60;
}

/// n = (m * sigma + 128) >> 8: standard deviation sigma * sqrt(170) / 256.
constexpr std::int32_t scaled_noise(std::int32_t m, std::int32_t sigma) {
  return (m * sigma + 128) >> 8;
}

inline constexpr double kNibbleVariance = 170.0;  ///< of m: 8 * (16^2 - 1) / 12

static_assert(nibble_noise(0) == -60 && nibble_noise(0xFFFFFFFFU) == 60);
static_assert(scaled_noise(-60, 256) == -60 && scaled_noise(1, 128) == 1);  // half rounds up

}  // namespace crossloop::analog
