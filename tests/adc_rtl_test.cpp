#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "Vadc.h"
#include "host/engine/adc.hpp"
#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;
using testing_support::replay_hint;

constexpr int kSumBits = 17;
constexpr std::int32_t kLargestSum = (1 << (kSumBits - 1)) - 1;

struct Stimulus {
  std::int32_t sum = 0;
  engine::AdcSettings adc;
};

/// Sums around 0, the rails of every resolution and the ends of the range.
void add_corners(std::vector<Stimulus>& stimuli) {
  for (const int shift : {0, 1, 4, 31}) {
    for (const int bits : {1, 8, 12}) {
      const std::int64_t rail = (std::int64_t{1} << bits) << shift;
      for (const std::int64_t sum : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{kLargestSum},
                                     std::int64_t{-kLargestSum - 1}, rail - 1, rail, rail / 2}) {
        if (sum > kLargestSum) continue;
        for (const std::int32_t gain : {0, 1, 65535}) {
          for (const std::int32_t offset : {0, 128 << 4, INT32_MAX, INT32_MIN}) {
            stimuli.push_back({static_cast<std::int32_t>(sum), {gain, offset, shift, bits}});
          }
        }
      }
    }
  }
}

std::vector<Stimulus> corners_then_random(std::size_t random, std::mt19937& rng) {
  std::vector<Stimulus> stimuli;
  add_corners(stimuli);
  for (std::size_t i = 0; i < random; ++i) {
    const auto sum = static_cast<std::int32_t>(rng() % (1U << kSumBits)) - kLargestSum - 1;
    const int shift = static_cast<int>(rng() % 32);
    const bool small = chance(rng, 50);  // else the offset decides alone
    const auto offset = static_cast<std::int32_t>(rng()) >> (small ? rng() % 31 : 0);
    const int bits = static_cast<int>(rng() % 12) + 1;
    stimuli.push_back({sum, {static_cast<std::int32_t>(rng() & 0xFFFF), offset, shift, bits}});
  }
  return stimuli;
}

void drive(Vadc& adc, const Stimulus& stimulus) {
  adc.sum_i = static_cast<std::uint32_t>(stimulus.sum) & ((1U << kSumBits) - 1);
  adc.gain_i = static_cast<SData>(stimulus.adc.gain);
  adc.offset_i = static_cast<IData>(stimulus.adc.offset);
  adc.shift_i = static_cast<CData>(stimulus.adc.shift);
  adc.bits_i = static_cast<CData>(stimulus.adc.bits);
}

void expect_code(Vadc& dut, const Stimulus& stimulus) {
  const auto& [sum, adc] = stimulus;
  const std::int64_t unclamped = engine::adc_unclamped(sum, adc);
  EXPECT_EQ(dut.code_o, static_cast<unsigned>(engine::adc_code(sum, adc)));
  EXPECT_EQ(dut.clipped_low_o, unclamped < 0);
  EXPECT_EQ(dut.clipped_high_o, unclamped > (1 << adc.bits) - 1);
}

TEST(AdcRtl, MatchesTwinUnderBackPressure) {
  SCOPED_TRACE(replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  const auto stimuli = corners_then_random(5000, rng);

  testbench::Dut<Vadc> dut(bench_seed(), [](Vadc& m) { m.valid_i = m.ready_i = 0; });
  for (std::size_t sent = 0, received = 0; received < stimuli.size();) {
    ASSERT_LT(dut.cycles(), 100'000U) << "stalled after " << received << " codes";
    if (!dut->valid_i && sent < stimuli.size() && chance(rng, 70)) {  // then holds until accepted
      dut->valid_i = 1;
      drive(*dut, stimuli[sent++]);
    }
    dut->ready_i = chance(rng, 70);
    dut.settle();
    if (dut->valid_o && dut->ready_i) {
      expect_code(*dut, stimuli[received]);
      ASSERT_FALSE(::testing::Test::HasFailure())
          << "sum " << stimuli[received].sum << ", code " << received;
      ++received;
    }
    const bool accepted = dut->valid_i && dut->ready_o;
    dut.tick();
    if (accepted) dut->valid_i = 0;
  }
}

TEST(AdcRtl, ConvertsOneSumPerCycleWhenNeverHeld) {
  testbench::Dut<Vadc> dut(bench_seed(), [](Vadc& m) { m.valid_i = 0, m.ready_i = 1; });
  for (std::int32_t sum = 0; sum < 100; ++sum) {
    const Stimulus stimulus{sum, {}};
    dut->valid_i = 1;
    drive(*dut, stimulus);
    dut.tick();
    ASSERT_TRUE(dut->valid_o);
    expect_code(*dut, stimulus);
  }
}

}  // namespace
}  // namespace crossloop
