// Read noise, counter based (numerics.md, step 5).
#pragma once

#include <Random123/threefry.h>

#include <cstdint>

#include "host/analog/counter_noise.hpp"

namespace crossloop::engine {

using analog::kThreefryRounds;
using analog::nibble_noise;
using analog::scaled_noise;

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

}  // namespace crossloop::engine
