#include "host/analog/converter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "host/engine/noise.hpp"
#include "tests/sample_moments.hpp"

namespace crossloop::analog {
namespace {

using testing_support::kSamples;

constexpr std::uint64_t kChip = 12;

/// Mean and standard deviation of samples are those configured, within three standard errors.
void expect_moments(const std::function<double(int)>& sample, double mean, double deviation) {
  testing_support::expect_moments(testing_support::samples_of(sample), mean, deviation);
}

TEST(ConverterStatistics, GainOfAnAdc) {
  const Converter converter{.adc_gain_sigma = 0.05};
  expect_moments(
      [&](int i) {
        const auto state =
            converter_state(converter, kChip, static_cast<std::uint32_t>(i), {1, 2, 8});
        EXPECT_EQ(state.gain[0], state.gain[1]);  // of the whole ADC
        return state.gain[0] / 65536.0;
      },
      1.0, 0.05);
}

TEST(ConverterStatistics, GainAndOffsetOfAColumn) {
  const Converter converter{.adc_column_gain_sigma = 0.02, .adc_offset_sigma_lsb = 3.0};
  const auto state = converter_state(converter, kChip, 3, {1, kSamples, 8});
  expect_moments([&](int i) { return state.gain[static_cast<std::size_t>(i)] / 65536.0; }, 1.0,
                 0.02);
  expect_moments([&](int i) { return state.offset[static_cast<std::size_t>(i)] / 256.0; }, 0.0,
                 3.0);
}

TEST(ConverterStatistics, NoiseOfAConversionInLsb) {
  const auto state = converter_state({.adc_noise_lsb = 0.5}, kChip, 0, {1, 1, 8});
  for (const int gain : {256, 1000}) {  // one LSB is 2^16 / gain code units
    const auto made = converted(state, 0, {.gain = gain}, 16, 0);
    expect_moments(
        [&](int i) {
          const auto words = engine::noise_words({5, 0}, static_cast<std::uint32_t>(i), 0, 0);
          return engine::scaled_noise(engine::nibble_noise(words.v[0]), made.sigma) * gain /
                 65536.0;
        },
        0.0, 0.5);
  }
}

TEST(ConverterStatistics, DriveOfAWordLine) {
  expect_moments([](int i) { return row_factor({.dac_gain_sigma = 0.03}, kChip, 2, i); }, 1.0,
                 0.03);
  const Converter off{.dac_off_level_sigma = 0.01};
  const auto state = converter_state(off, kChip, 2, {kSamples, 1, 8});
  expect_moments([&](int i) { return 1.0 - row_factor(off, kChip, 2, i); }, 0.0, 0.01);
  expect_moments(
      [&](int i) {
        const double over_swing = state.off_level[static_cast<std::size_t>(i)] / 65536.0;
        EXPECT_NEAR(over_swing * row_factor(off, kChip, 2, i), 1.0 - row_factor(off, kChip, 2, i),
                    1e-5);
        return over_swing / (1.0 + over_swing);
      },
      0.0, 0.01);
}

TEST(ConverterStatistics, PeakOfAnInlAndTheBalanceOfItsSigns) {
  for (const int bits : {4, 8, 12}) {
    const int entries = std::min(256, 1 << bits);
    double middle = 0.0, square = 0.0;
    for (std::uint32_t i = 0; i < kSamples; ++i) {
      const auto inl = *converter_state({.adc_inl_lsb = 5.0}, kChip, i, {1, 1, bits}).inl;
      const auto [low, high] = std::minmax_element(inl.begin(), inl.end());
      ASSERT_EQ(std::max(-*low, int{*high}), 5) << "crossbar " << i;
      ASSERT_EQ(inl[0], 0);
      ASSERT_TRUE(std::all_of(inl.begin() + entries - 1, inl.end(), [](int e) { return e == 0; }));
      const double value = inl[static_cast<std::size_t>(entries / 2)];
      middle += value;
      square += value * value;
    }
    EXPECT_LT(std::abs(middle), 3.0 * std::sqrt(square)) << bits << " bits";
    EXPECT_GT(square, kSamples);
  }
}

TEST(ConverterState, IsNothingWithoutErrorsAndPure) {
  EXPECT_EQ(converter_state({}, kChip, 1, {16, 16, 8}), ConverterState{});
  EXPECT_TRUE(Converter{}.keeps_tables());
  EXPECT_EQ(row_factor({}, kChip, 1, 5), 1.0);
  const Converter all{.adc_gain_sigma = 0.1,
                      .adc_column_gain_sigma = 0.1,
                      .adc_offset_sigma_lsb = 1.0,
                      .adc_noise_lsb = 1.0,
                      .adc_inl_lsb = 2.0,
                      .dac_gain_sigma = 0.1,
                      .dac_off_level_sigma = 0.1};
  EXPECT_EQ(converter_state(all, kChip, 1, {16, 16, 8}),
            converter_state(all, kChip, 1, {16, 16, 8}));
  EXPECT_NE(converter_state(all, kChip, 1, {16, 16, 8}),
            converter_state(all, kChip, 2, {16, 16, 8}));
  EXPECT_NE(converter_state(all, kChip, 1, {16, 16, 8}), converter_state(all, 13, 1, {16, 16, 8}));
}

TEST(Converted, IsTheFormulaOfTheManual) {
  ConverterState state;
  const ColumnConversion host{.gain = 300, .offset = -1000, .sigma = 40};
  EXPECT_EQ(converted(state, 0, host, 8, 0).gain, 300);
  state.gain = {65536 + 6554};  // 1.1, and 330.0015
  EXPECT_EQ(converted(state, 0, host, 8, 0).gain, 330);
  state.offset = {-384};  // -1.5 LSB of 2^8
  EXPECT_EQ(converted(state, 0, host, 8, 0).offset, -1000 - 384);
  EXPECT_EQ(converted(state, 0, host, 0, 0).offset, -1000 - 1);  // -1.5 rounds half up
  // 2.5 code units stand on the column, times the gain.
  EXPECT_EQ(converted(state, 0, host, 8, 163840).offset, -1000 - 384 + 825);
  state.noise = 3 * 256;  // sigma 3 at a step of one code unit
  EXPECT_EQ(converted(state, 0, {.gain = 256, .sigma = 40}, 8, 0).sigma, 40);  // 40.07
  EXPECT_EQ(converted(state, 0, {.gain = 256, .sigma = 4}, 8, 0).sigma, 5);    // gain' = 282: 4.84
}

TEST(Converted, StaysInsideTheFieldsOfTheTable) {
  ConverterState state{
      .gain = {131072}, .offset = {1 << 20}, .off_level = {}, .noise = 500'000, .inl = {}};
  auto made = converted(state, 0, {.gain = 65535, .offset = 2147483647, .sigma = 65535}, 31, 0);
  EXPECT_EQ(made.gain, 65535);
  EXPECT_EQ(made.offset, 2147483647);
  EXPECT_EQ(made.sigma, 65535);
  made = converted({.gain = {0}, .offset = {-(1 << 20)}, .off_level = {}, .noise = 9, .inl = {}}, 0,
                   {.gain = 256, .offset = -2147483647, .sigma = 7}, 31, 0);
  EXPECT_EQ(made.gain, 0);
  EXPECT_EQ(made.offset, -2147483647 - 1);
  EXPECT_EQ(made.sigma, 7);  // a dead column has no noise
}

TEST(StandingSums, AddUpWhatEveryRowDrives) {
  ConverterState state;
  EXPECT_TRUE(standing_sums(state, std::vector<std::uint16_t>{1, 2, 3, 4}).empty());
  state.off_level = {100, -10};
  EXPECT_EQ(standing_sums(state, std::vector<std::uint16_t>{1, 2, 3, 4}),
            (std::vector<std::int64_t>{70, 160}));
  EXPECT_TRUE(standing_sums(state, {}).empty());  // no codes yet
}

}  // namespace
}  // namespace crossloop::analog
