#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "Vaccumulator.h"
#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;

constexpr std::uint32_t kOutputs = DUT_MAX_OUTPUTS;

/// The accumulator beside a plain vector that ought to equal it.
class AccumulatorRtl : public ::testing::Test {
 protected:
  void SetUp() override { clear(kOutputs); }

  void clear(std::uint32_t count) {
    dut_->clear_i = 1;
    dut_->clear_count_i = count;
    dut_.tick();
    dut_->clear_i = 0;
    std::uint32_t cycles = 0;
    for (; dut_->busy_o && cycles <= count; ++cycles) dut_.tick();
    EXPECT_EQ(cycles, count);
    for (std::uint32_t i = 0; i < count; ++i) expected_[i] = 0;
  }

  void add(std::uint32_t output, std::uint32_t value) {
    dut_->add_valid_i = 1;
    dut_->add_output_i = static_cast<SData>(output);
    dut_->add_value_i = value;
    dut_.tick();
    dut_->add_valid_i = 0;
    if (output < kOutputs) expected_[output] += value;
  }

  void expect_read(std::uint32_t output, bool then_clear) {
    dut_->read_i = 1;
    dut_->read_output_i = static_cast<SData>(output);
    dut_->read_clear_i = then_clear;
    dut_.tick();
    dut_->read_i = 0;
    ASSERT_EQ(dut_->read_data_o, expected_[output]) << "output " << output;
    if (then_clear) expected_[output] = 0;
  }

  void expect_all() {
    for (std::uint32_t i = 0; i < kOutputs; ++i) ASSERT_NO_FATAL_FAILURE(expect_read(i, false));
  }

  testbench::Dut<Vaccumulator> dut_{bench_seed(), [](Vaccumulator& m) {
                                      m.clear_i = m.add_valid_i = m.read_i = m.read_clear_i = 0;
                                    }};
  std::vector<std::uint32_t> expected_ = std::vector<std::uint32_t>(kOutputs, 0);
};

TEST_F(AccumulatorRtl, IsZeroAfterAClearOfRandomContents) { expect_all(); }

TEST_F(AccumulatorRtl, AddsToTheSameOutputBackToBack) {
  for (std::uint32_t i = 1; i <= 5; ++i) add(3, i);
  expect_read(3, false);
}

TEST_F(AccumulatorRtl, WrapsAround) {
  add(0, 0x7FFFFFFFU);
  add(0, 1);
  expect_read(0, false);
  EXPECT_EQ(dut_->read_data_o, 0x80000000U);
}

TEST_F(AccumulatorRtl, IgnoresOutputsBeyondItsEnd) {
  for (std::uint32_t output = kOutputs; output < 65536; output += 37) add(output, 1);
  expect_all();
}

TEST_F(AccumulatorRtl, ClearsOnlyAsManyEntriesAsAsked) {
  for (std::uint32_t i = 0; i < kOutputs; ++i) add(i, i + 1);
  clear(7);
  expect_all();
}

TEST_F(AccumulatorRtl, MatchesAPlainVectorUnderRandomTraffic) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  for (int i = 0; i < 20'000; ++i) {
    const unsigned hot = chance(rng, 50) ? 3 : kOutputs;  // few outputs: many collisions
    const auto output = static_cast<std::uint32_t>(rng() % hot);
    switch (rng() % 8) {
      case 0:
        dut_.tick();
        break;
      case 1:
      case 2:
        ASSERT_NO_FATAL_FAILURE(expect_read(output, chance(rng, 50)));
        break;
      default:
        add(output, testing_support::random_word(rng));
    }
    if (i % 4000 == 3999) clear(static_cast<std::uint32_t>(rng() % (kOutputs + 1)));
  }
  expect_all();
}

}  // namespace
}  // namespace crossloop
