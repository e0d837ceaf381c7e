// rtl/requantise.v against engine::requantise and engine::requantised_add.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "Vrequantise.h"
#include "host/engine/requantise.hpp"
#include "testbench/dut.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using compiler::AddScale;
using compiler::OutputRange;
using compiler::OutputScale;
using testing_support::bench_seed;
using testing_support::chance;
using testing_support::draw;

std::int32_t random_int(std::mt19937& rng) {
  const std::int32_t corners[] = {0, 1, -1, 0x7FFFFFFF, -0x7FFFFFFF - 1};
  if (chance(rng, 20)) return corners[rng() % 5];
  return static_cast<std::int32_t>(rng()) >> draw(rng, 0, 31);
}

OutputRange random_range(std::mt19937& rng) {
  if (chance(rng, 30)) return {.zero = random_int(rng), .low = -0x7FFFFFFF - 1, .high = 0x7FFFFFFF};
  return {.zero = draw(rng, 0, 255), .low = draw(rng, 0, 100), .high = draw(rng, 100, 255)};
}

/// The unit beside the list of what it owes.
class RequantiseRtl : public ::testing::Test {
 protected:
  void hold(const OutputRange& range) {
    dut_->zero_i = static_cast<IData>(range.zero);
    dut_->low_i = static_cast<IData>(range.low);
    dut_->high_i = static_cast<IData>(range.high);
  }

  void put(std::int32_t sum, const OutputScale& scale, const OutputRange& range) {
    dut_->a_i = static_cast<IData>(sum);
    dut_->bias_a_i = static_cast<IData>(scale.bias);
    dut_->multiplier_a_i = static_cast<SData>(scale.multiplier);
    dut_->b_i = 0;
    dut_->bias_b_i = 0;
    dut_->multiplier_b_i = static_cast<SData>(rng_());  // of nothing
    dut_->shift_i = static_cast<CData>(scale.shift);
    owed_.push_back(engine::requantise(sum, scale, range));
  }

  void put(std::int32_t a, std::int32_t b, const AddScale& scale, const OutputRange& range) {
    dut_->a_i = static_cast<IData>(a);
    dut_->bias_a_i = static_cast<IData>(-scale.zero_a);
    dut_->multiplier_a_i = static_cast<SData>(scale.multiplier_a);
    dut_->b_i = static_cast<CData>(b);
    dut_->bias_b_i = static_cast<SData>(-scale.zero_b & 0x1FF);
    dut_->multiplier_b_i = static_cast<SData>(scale.multiplier_b);
    dut_->shift_i = static_cast<CData>(scale.shift);
    owed_.push_back(engine::requantised_add(a, b, scale, range));
  }

  /// One cycle; a value that is there must be the one owed first.
  void tick(bool valid) {
    dut_->valid_i = valid;
    dut_.tick();
    dut_->valid_i = 0;
    if (!dut_->valid_o) return;
    ASSERT_FALSE(owed_.empty());
    ASSERT_EQ(static_cast<std::int32_t>(dut_->value_o), owed_.front());
    owed_.pop_front();
  }

  void drain() {
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(tick(false));
    ASSERT_TRUE(owed_.empty());
  }

  std::mt19937 rng_{static_cast<unsigned>(bench_seed())};
  testbench::Dut<Vrequantise> dut_{bench_seed(), [](Vrequantise& m) { m.valid_i = 0; }};
  std::deque<std::int32_t> owed_;
};

TEST_F(RequantiseRtl, RoundsHalvesUpAndKeepsTheRails) {
  const OutputRange range{.zero = 3, .low = 3, .high = 200};
  hold(range);
  for (const std::int32_t sum : {0, 1, 2, 3, -1, -2, 394, 395, 100000, -100000}) {
    put(sum, {.bias = 0, .multiplier = 1, .shift = 1}, range);
    tick(true);
  }
  drain();
}

TEST_F(RequantiseRtl, MatchesItsTwinWithIdleCycles) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int round = 0; round < 200; ++round) {
    const OutputRange range = random_range(rng_);
    hold(range);
    const bool add = chance(rng_, 40);
    for (int i = 0; i < 100; ++i) {
      const bool valid = chance(rng_, 70);
      const int shift = draw(rng_, 0, 47);
      if (valid && add) {
        put(draw(rng_, 0, 255), draw(rng_, 0, 255),
            {.zero_a = draw(rng_, 0, 255),
             .zero_b = draw(rng_, 0, 255),
             .multiplier_a = draw(rng_, 0, 65535),
             .multiplier_b = draw(rng_, 0, 65535),
             .shift = shift >> 1},
            range);
      } else if (valid) {
        put(random_int(rng_),
            {.bias = random_int(rng_), .multiplier = draw(rng_, 0, 65535), .shift = shift}, range);
      }
      ASSERT_NO_FATAL_FAILURE(tick(valid));
    }
    ASSERT_NO_FATAL_FAILURE(drain());
  }
}

}  // namespace
}  // namespace crossloop
