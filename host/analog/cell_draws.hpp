// Random draws of a chip, keyed by what they belong to instead of by the order they are made in.
#pragma once

#include <Random123/threefry.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace crossloop::analog {

/// What a draw is for: the last word of the key, so that no two uses share random words.
enum class Draw : std::uint32_t {
  kFault = 0,
  kCycleToCycle = 1,
  kDeviceToDevice = 2,
  kRelaxation = 3,
  kDrift = 4,
  kOneOverF = 5,
  kTelegraph = 6,
  kStuckConductance = 7,
  kEndurance = 8,
  kStepFactor = 9,
  kAdcGain = 16,
  kAdcOffset = 17,
  kAdcInl = 18,
  kDacGain = 19,
  kDacOff = 20
};

/// A place on a chip. Draws of a whole row or column leave the other index at 0.
struct Cell {
  std::uint32_t crossbar = 0, row = 0, column = 0;
};

/// Threefry-4x32-20 of Random123: key (chip seed, crossbar, purpose), counter (row, column, count).
/// `count` tells draws of one purpose at one place apart, such as the program count.
inline threefry4x32_ctr_t random_words(std::uint64_t seed, Draw draw, const Cell& cell,
                                       std::uint32_t count = 0) {
  const threefry4x32_key_t key = {{static_cast<std::uint32_t>(seed),
                                   static_cast<std::uint32_t>(seed >> 32), cell.crossbar,
                                   static_cast<std::uint32_t>(draw)}};
  const threefry4x32_ctr_t counter = {{cell.row, cell.column, count, 0}};
  return threefry4x32_R(20, counter, key);
}

/// Uniform in (0, 1) from 53 of the 64 bits.
inline double uniform(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 11;
  return std::ldexp(static_cast<double>(bits) + 0.5, -53);
}

/// Standard normal by Box and Muller, cosine branch.
inline double normal(const threefry4x32_ctr_t& words) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(words[0], words[1])));
  return radius * std::cos(2.0 * std::numbers::pi * uniform(words[2], words[3]));
}

}  // namespace crossloop::analog
