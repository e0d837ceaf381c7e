#include "host/analog/write_verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "host/error.hpp"
#include "tests/pulsed_device.hpp"
#include "tests/sample_moments.hpp"

namespace crossloop::analog {
namespace {

using testing_support::expect_moments;
using testing_support::kSamples;
using testing_support::pulsed_device;

const CodeFormat kFormat = {.cell_bits = 2, .bits = 8, .fraction_bits = 5, .reference = 11};

constexpr PulseSettings kSettings = {.bottom = 1000,
                                     .top = 61000,
                                     .set_rate = 6554,
                                     .reset_rate = 3277,
                                     .step_sigma = 80,
                                     .verify_sigma = 200,
                                     .tolerance = 500,
                                     .budget = 300};

TEST(PulseLaw, StepsByItsRateAndSpread) {
  // 0.1000061 of the way from 21000 to 61000; step_sigma 80 is a deviation of 0.25466.
  std::vector<double> steps;
  for (int i = 0; i < kSamples; ++i) {
    const auto words = pulse_words(5, 9, i / 256, i % 256, 0);
    steps.push_back(pulsed(21000, Pulse::kSet, 64, words[0], kSettings) - 21000.0);
  }
  const double mean = 40000.0 * 6554 / 65536;
  expect_moments(steps, mean, mean * 80 * std::sqrt(170.0) / 4096);
}

TEST(PulseLaw, ReadsBackWithItsNoise) {
  std::vector<double> reads;
  for (int i = 0; i < kSamples; ++i) {
    reads.push_back(read_back(30000, pulse_words(5, 9, i / 256, i % 256, 0)[1], kSettings));
  }
  const double sigma = 200 * std::sqrt(170.0) / 256;
  expect_moments(reads, 30000.0, std::sqrt(sigma * sigma + 1.0 / 12.0));
}

TEST(PulseLaw, ScalesStepsByTheCellsFactor) {
  PulseSettings quiet = kSettings;
  quiet.step_sigma = 0;
  const int one = pulsed(21000, Pulse::kSet, 64, 0, quiet) - 21000;
  EXPECT_EQ(pulsed(21000, Pulse::kSet, 128, 0, quiet) - 21000, 2 * one);
  EXPECT_EQ(pulsed(21000, Pulse::kSet, 0, 0, quiet), 21000);
}

TEST(WriteVerify, BringsEveryTargetWithinItsTolerance) {
  int pulses = 0;
  for (int i = 0; i < 1000; ++i) {
    PulseCell cell = {.state = 1000};
    for (const std::uint16_t target : std::array<std::uint16_t, 4>{40000, 8000, 55000, 1200}) {
      const WriteResult result = write_verify(cell, target, kSettings, {7, 3, i, 4});
      ASSERT_TRUE(result.verified) << "cell " << i << ", target " << target;
      // The read that ended the loop was off by its noise: 60 * 200 / 256 at most.
      ASSERT_NEAR(cell.state, target, 500 + 47);
      EXPECT_EQ(result.reads, result.pulses() + 1);
      pulses += static_cast<int>(result.pulses());
    }
  }
  EXPECT_GT(pulses, 4000);
}

TEST(WriteVerify, EndsAtTheBudgetWhereACellIsStuck) {
  PulseCell cell = {.state = 60000, .stuck = true};
  const WriteResult result = write_verify(cell, 2000, kSettings, {});
  EXPECT_FALSE(result.verified);
  EXPECT_EQ(result.reset_pulses, 300u);
  EXPECT_EQ(result.set_pulses, 0u);
  EXPECT_EQ(result.reads, 301u);
  EXPECT_EQ(cell.state, 60000);
}

TEST(WriteVerify, EndsAtTheBudgetWhereNoPulseReaches) {
  PulseCell cell = {.state = 1000};
  const WriteResult result = write_verify(cell, 65000, kSettings, {});
  EXPECT_FALSE(result.verified);
  EXPECT_EQ(result.pulses(), 300u);
  EXPECT_LE(cell.state, 61000);
}

TEST(WriteVerify, GivesNoPulseToACellThatIsThere) {
  PulseCell cell = {.state = 30000};
  const WriteResult result = write_verify(cell, 30010, kSettings, {});
  EXPECT_TRUE(result.verified);
  EXPECT_EQ(result.pulses(), 0u);
  EXPECT_EQ(cell.state, 30000);
}

TEST(WriteVerify, DrawsNewWordsWithEveryReadOfACellsLife) {
  PulseCell first = {.state = 1000}, second = {.state = 1000};
  second.reads = 1000;
  write_verify(first, 40000, kSettings, {7, 3, 1, 4});
  write_verify(second, 40000, kSettings, {7, 3, 1, 4});
  EXPECT_NE(first.state, second.state);
}

TEST(PulseSettings, TurnConductancesIntoStates) {
  const PulseSettings settings = pulse_settings(pulsed_device(), kFormat);
  const double unit = 15.0 / 32.0 / 256.0;  // uS
  EXPECT_DOUBLE_EQ(state_unit_us(pulsed_device(), kFormat), unit);
  EXPECT_EQ(settings.bottom, std::lround(3.0 / unit));
  EXPECT_EQ(settings.top, std::lround(60.0 / unit));
  EXPECT_EQ(settings.set_rate, 3277);
  EXPECT_EQ(settings.step_sigma, std::lround(0.3 * 4096 / std::sqrt(170.0)));
  EXPECT_EQ(settings.verify_sigma, std::lround(0.2 / unit * 256 / std::sqrt(170.0)));
  EXPECT_EQ(settings.tolerance, std::lround(0.75 / unit));
  EXPECT_EQ(settings.budget, 200u);
}

TEST(PulseSettings, RefuseWhatTheirFieldsCannotHold) {
  Device device = pulsed_device();
  device.pulses.g_top_us = 130.0;  // beyond code 255
  EXPECT_THROW(pulse_settings(device, kFormat), InputError);
  device = pulsed_device();
  device.pulses.tolerance_us = 0.0005;  // rounds to 0
  EXPECT_THROW(pulse_settings(device, kFormat), InputError);
  device = pulsed_device();
  device.pulses.verify_noise_us = 1e-6;
  EXPECT_THROW(pulse_settings(device, kFormat), InputError);
}

}  // namespace
}  // namespace crossloop::analog
