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

  /// Turns kCount pairs of counter words into random ones; their chains of rounds are interleaved,
  /// for one alone leaves most of the processor idle.
  template <int kCount>
  [[gnu::always_inline]] void generate(Longs* x0, Longs* x1) const {
    inject<kCount>(x0, x1, k0_, k1_);
    round<13, kCount>(x0, x1), round<15, kCount>(x0, x1);
    round<26, kCount>(x0, x1), round<6, kCount>(x0, x1);
    inject<kCount>(x0, x1, k1_, k2_ + 1);
    round<17, kCount>(x0, x1), round<29, kCount>(x0, x1);
    round<16, kCount>(x0, x1), round<24, kCount>(x0, x1);
    inject<kCount>(x0, x1, k2_, k0_ + 2);
    round<13, kCount>(x0, x1), round<15, kCount>(x0, x1);
    round<26, kCount>(x0, x1), round<6, kCount>(x0, x1);
    inject<kCount>(x0, x1, k0_, k1_ + 3);
    round<17, kCount>(x0, x1);
  }

 private:
  template <int kCount>
  [[gnu::always_inline]] static void inject(Longs* x0, Longs* x1, std::int32_t a, std::int32_t b) {
    each<kCount>([&](int i) __attribute__((always_inline)) { x0[i] += a, x1[i] += b; });
  }
  template <int kBits, int kCount>
  [[gnu::always_inline]] static void round(Longs* x0, Longs* x1) {
    each<kCount>([&](int i) __attribute__((always_inline)) { x0[i] += x1[i]; });
    each<kCount>([&](int i)
                     __attribute__((always_inline)) { x1[i] = rotated<kBits>(x1[i]) ^ x0[i]; });
  }
  std::int32_t k0_, k1_, k2_;
};

/// One read: vector number and phase.
struct NoiseCounter {
  std::uint32_t vector;
  int phase;
};

/// m of the columns 2 pair + (even: 0, odd: 1) of kCount reads, for `kHalf` pairs from `pair` on.
template <int kCount>
[[gnu::always_inline]] inline void noise_of_pairs(const Threefry& threefry,
                                                  const NoiseCounter* reads, int pair, Longs* even,
                                                  Longs* odd) {
  Longs lanes = {};
  for (int lane = 0; lane < kHalf; ++lane) lanes[lane] = lane;
  each<kCount>([&](int i) __attribute__((always_inline)) {
    even[i] = Longs{} + static_cast<std::int32_t>(reads[i].vector);
    odd[i] = lanes + ((reads[i].phase << 16) + pair);
  });
  threefry.generate<kCount>(even, odd);
  each<kCount>([&](int i) __attribute__((always_inline)) {
    even[i] = nibble_sums(even[i]), odd[i] = nibble_sums(odd[i]);
  });
}

}  // namespace
}  // namespace crossloop::engine::CROSSLOOP_KERNEL
