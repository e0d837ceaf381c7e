#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "Vpulse_law.h"
#include "host/analog/pulse_law.hpp"
#include "testbench/dut.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;
using testing_support::random_word;

/// A number of `bits` bits, at one of its ends a third of the time.
std::uint32_t corner_or_random(int bits, std::mt19937& rng) {
  const std::uint32_t top = bits == 32 ? ~0U : (1U << bits) - 1;
  switch (rng() % 6) {
    case 0:
      return 0;
    case 1:
      return top;
    default:
      return random_word(rng) & top;
  }
}

struct Stimulus {
  std::uint16_t state = 0;
  std::uint8_t factor = 0;
  analog::Pulse pulse = analog::Pulse::kSet;
  bool stuck = false;
  std::uint32_t word = 0;
  analog::PulseSettings settings;
};

Stimulus random_stimulus(std::mt19937& rng) {
  const auto word16 = [&] { return static_cast<std::uint16_t>(corner_or_random(16, rng)); };
  Stimulus s;
  s.state = word16();
  s.factor = static_cast<std::uint8_t>(corner_or_random(8, rng));
  s.pulse = chance(rng, 50) ? analog::Pulse::kSet : analog::Pulse::kReset;
  s.stuck = chance(rng, 10);
  s.word = corner_or_random(32, rng);
  s.settings = {.bottom = word16(),
                .top = word16(),
                .set_rate = word16(),
                .reset_rate = word16(),
                .step_sigma = static_cast<std::uint8_t>(corner_or_random(8, rng))};
  return s;
}

void drive(Vpulse_law& model, const Stimulus& s) {
  model.state_i = s.state;
  model.factor_i = s.factor;
  model.stuck_i = s.stuck;
  model.set_i = s.pulse == analog::Pulse::kSet;
  model.bottom_i = s.settings.bottom;
  model.top_i = s.settings.top;
  model.set_rate_i = s.settings.set_rate;
  model.reset_rate_i = s.settings.reset_rate;
  model.step_sigma_i = s.settings.step_sigma;
  model.word_i = s.word;
}

/// Inputs change at random while a pulse is on its way, and behind it.
TEST(PulseLawRtl, MatchesTwin) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  testbench::Dut<Vpulse_law> dut(bench_seed(), [](Vpulse_law& m) { m.start_i = 0; });
  int moved = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Stimulus s = random_stimulus(rng);
    drive(*dut, s);
    dut->start_i = 1;
    dut.tick();
    dut->start_i = 0;
    drive(*dut, random_stimulus(rng));
    for (int cycle = 1; cycle < 3; ++cycle) {
      ASSERT_FALSE(dut->done_o) << "stimulus " << i << ", cycle " << cycle;
      dut.tick();
    }
    ASSERT_TRUE(dut->done_o) << "stimulus " << i;
    const std::uint16_t expected =
        s.stuck ? s.state : analog::pulsed(s.state, s.pulse, s.factor, s.word, s.settings);
    ASSERT_EQ(dut->state_o, expected) << "stimulus " << i << ", state " << s.state;
    for (auto gap = rng() % 3; gap > 0; --gap) dut.tick();
    ASSERT_EQ(dut->state_o, expected) << "stimulus " << i << ", later";
    moved += expected != s.state ? 1 : 0;
  }
  EXPECT_GT(moved, 50'000);
}

}  // namespace
}  // namespace crossloop
