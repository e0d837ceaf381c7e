// Part of page_kernel.cpp: read noise (numerics.md, step 5), pairs of columns in the lanes.
#pragma once

#include "host/engine/lanes.hpp"

namespace crossloop::engine::CROSSLOOP_KERNEL {
namespace {

/// Threefry-2x32 with 13 rounds under the key of one page.
class Threefry {
 public:
  Threefry(std::uint32_t seed, std::uint32_t crossbar)
      : k0_(static_cast<std::int32_t>(seed)),
        k1_(static_cast<std::int32_t>(crossbar)),
        k2_(static_cast<std::int32_t>(0x1BD11BDAU ^ seed ^ crossbar)) {}

  /// Turns the counter words (x0, x1) into the random ones.
  void operator()(Longs& x0, Longs& x1) const {
    x0 += k0_, x1 += k1_;
    round<13>(x0, x1), round<15>(x0, x1), round<26>(x0, x1), round<6>(x0, x1);
    x0 += k1_, x1 += k2_ + 1;
    round<17>(x0, x1), round<29>(x0, x1), round<16>(x0, x1), round<24>(x0, x1);
    x0 += k2_, x1 += k0_ + 2;
    round<13>(x0, x1), round<15>(x0, x1), round<26>(x0, x1), round<6>(x0, x1);
    x0 += k0_, x1 += k1_ + 3;
    round<17>(x0, x1);
  }

 private:
  template <int kBits>
  static void round(Longs& x0, Longs& x1) {
    x0 += x1;
    x1 = rotated<kBits>(x1) ^ x0;
  }
  std::int32_t k0_, k1_, k2_;
};

/// m of the columns 2 pair + (even: 0, odd: 1) for `kHalf` pairs from `pair` on.
inline void noise_of_pairs(const Threefry& threefry, std::uint32_t vector, int phase, int pair,
                           Longs& even, Longs& odd) {
  even = Longs{} + static_cast<std::int32_t>(vector);
  for (int lane = 0; lane < kHalf; ++lane) odd[lane] = lane;
  odd += (phase << 16) + pair;
  threefry(even, odd);
  even = nibble_sums(even);
  odd = nibble_sums(odd);
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
