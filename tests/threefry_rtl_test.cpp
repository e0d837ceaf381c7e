#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <random>

#include "Vthreefry.h"
#include "host/engine/noise.hpp"
#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;
using testing_support::random_word;
using testing_support::replay_hint;

/// Sends counters with random gaps under one key and compares each pair of words with Random123.
void expect_random123(testbench::Dut<Vthreefry>& dut, const engine::NoiseKey& key, int count,
                      std::mt19937& rng) {
  const std::uint64_t limit = dut.cycles() + 10'000;
  dut->key0_i = key.seed;
  dut->key1_i = key.crossbar;
  std::deque<threefry2x32_ctr_t> expected;
  for (int sent = 0, received = 0; received < count;) {
    ASSERT_LT(dut.cycles(), limit) << "stalled after " << received << " pairs";
    dut->valid_i = sent < count && chance(rng, 70);
    const std::uint32_t vector = random_word(rng);
    const int bit = static_cast<int>(rng() % (sent % 2 == 0 ? 8 : 65536));
    const int pair = static_cast<int>(rng() % (sent % 2 == 0 ? 256 : 65536));
    dut->counter0_i = vector;
    dut->counter1_i = static_cast<std::uint32_t>(bit) << 16 | static_cast<std::uint32_t>(pair);
    if (dut->valid_i) {
      expected.push_back(engine::noise_words(key, vector, bit, pair));
      ++sent;
    }
    dut.tick();
    if (!dut->valid_o) continue;
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(dut->word0_o, expected.front().v[0]) << "pair " << received;
    ASSERT_EQ(dut->word1_o, expected.front().v[1]) << "pair " << received;
    expected.pop_front();
    ++received;
  }
}

TEST(ThreefryRtl, MatchesRandom123) {
  SCOPED_TRACE(replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  testbench::Dut<Vthreefry> dut(bench_seed(), [](Vthreefry& m) { m.valid_i = 0; });
  expect_random123(dut, {.seed = 0, .crossbar = 0}, 100, rng);
  expect_random123(dut, {.seed = 0xFFFFFFFFU, .crossbar = 0xFFFFFFFFU}, 100, rng);
  for (int i = 0; i < 20 && !testing::Test::HasFailure(); ++i)
    expect_random123(dut, {.seed = random_word(rng), .crossbar = random_word(rng)}, 100, rng);
}

TEST(ThreefryRtl, HoldsItsWordsUntilTheNextPair) {
  testbench::Dut<Vthreefry> dut(bench_seed(), [](Vthreefry& m) { m.valid_i = 0; });
  dut->key0_i = 1;
  dut->key1_i = 2;
  dut->counter0_i = 3;
  dut->counter1_i = 4;
  dut->valid_i = 1;
  dut.tick();
  dut->valid_i = 0;
  dut.tick();
  EXPECT_FALSE(dut->valid_o);
  dut.tick();
  ASSERT_TRUE(dut->valid_o) << "three cycles after valid_i";
  const std::uint32_t word = dut->word0_o;
  dut->counter0_i = 5;
  for (int i = 0; i < 5; ++i) dut.tick();
  EXPECT_FALSE(dut->valid_o);
  EXPECT_EQ(dut->word0_o, word);
}

}  // namespace
}  // namespace crossloop
