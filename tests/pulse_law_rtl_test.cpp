#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "Vpulse_law.h"
#include "host/analog/pulse_law.hpp"
#include "testbench/coverage_file.hpp"
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
  std::uint32_t pulse_word = 0, read_word = 0;
  analog::PulseSettings settings;
};

Stimulus random_stimulus(std::mt19937& rng) {
  const auto word16 = [&] { return static_cast<std::uint16_t>(corner_or_random(16, rng)); };
  Stimulus s;
  s.state = word16();
  s.factor = static_cast<std::uint8_t>(corner_or_random(8, rng));
  s.pulse = chance(rng, 50) ? analog::Pulse::kSet : analog::Pulse::kReset;
  s.stuck = chance(rng, 10);
  s.pulse_word = corner_or_random(32, rng);
  s.read_word = corner_or_random(32, rng);
  s.settings = {.bottom = word16(),
                .top = word16(),
                .set_rate = word16(),
                .reset_rate = word16(),
                .step_sigma = static_cast<std::uint8_t>(corner_or_random(8, rng)),
                .verify_sigma = word16()};
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
  model.verify_sigma_i = s.settings.verify_sigma;
  model.pulse_word_i = s.pulse_word;
  model.read_word_i = s.read_word;
  model.eval();
}

/// An 18-bit port as a signed number.
std::int32_t signed_read(const Vpulse_law& model) {
  return static_cast<std::int32_t>(model.read_o << 14) >> 14;
}

TEST(PulseLawRtl, MatchesTwin) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  VerilatedContext context;
  Vpulse_law model{&context};
  const testbench::CoverageFile<Vpulse_law> coverage(context);
  int moved = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Stimulus s = random_stimulus(rng);
    drive(model, s);
    const std::uint16_t expected =
        s.stuck ? s.state : analog::pulsed(s.state, s.pulse, s.factor, s.pulse_word, s.settings);
    ASSERT_EQ(model.state_o, expected) << "stimulus " << i << ", state " << s.state;
    ASSERT_EQ(signed_read(model), analog::read_back(s.state, s.read_word, s.settings))
        << "stimulus " << i << ", state " << s.state;
    moved += expected != s.state ? 1 : 0;
  }
  EXPECT_GT(moved, 50'000);
}

}  // namespace
}  // namespace crossloop
