// A stream of random numbers that is the same on every machine and with every standard library.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace crossloop::data {

/// Philox-4x32-10 with key = seed, counter = (block, purpose, item): every (seed, purpose, item)
/// has a stream of its own, whatever was drawn from the others. Numbers are formed with exactly
/// rounded operations only.
class RandomDraws {
 public:
  RandomDraws(std::uint64_t seed, std::uint32_t purpose, std::uint64_t item)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        counter_{{0, purpose, static_cast<std::uint32_t>(item),
                  static_cast<std::uint32_t>(item >> 32)}} {}

  /// 32 uniform bits.
  std::uint32_t word() {
    if (used_ == 4) {
      block_ = philox4x32(counter_, key_);
      ++counter_.v[0];
      used_ = 0;
    }
    return block_.v[used_++];
  }

  /// An integer in 0 .. bound-1, with a bias below bound / 2^32.
  int below(int bound) {
    return static_cast<int>((std::uint64_t{word()} * static_cast<std::uint64_t>(bound)) >> 32);
  }

  /// Uniform from `low` to `high`, in steps of (high - low) / 2^24; rounding may reach `high`.
  float between(float low, float high) {
    return low + (high - low) * (static_cast<float>(word() >> 8) * (1.0F / 16777216.0F));
  }

  bool chance(float probability) { return between(0.0F, 1.0F) < probability; }

  /// A direction, uniform on the unit circle: a point of the disc, projected, so that neither sine
  /// nor cosine, whose last bits differ between libraries, is needed.
  std::array<float, 2> direction() {
    for (;;) {
      const float x = between(-1.0F, 1.0F);
      const float y = between(-1.0F, 1.0F);
      const float square = x * x + y * y;
      if (square > 0.01F && square <= 1.0F) {
        const float length = std::sqrt(square);
        return {x / length, y / length};
      }
    }
  }

 private:
  philox4x32_key_t key_;
  philox4x32_ctr_t counter_;
  philox4x32_ctr_t block_{};
  std::size_t used_ = 4;
};

}  // namespace crossloop::data
