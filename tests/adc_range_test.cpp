#include "host/runtime/adc_range.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "host/error.hpp"

namespace crossloop::runtime {
namespace {

constexpr int kUnitStep = 8;  // shift at which a code is one code unit

const AdcRangeOptions kFixed{.policy = AdcRangePolicy::kFixed};
const AdcRangeOptions kMax{.policy = AdcRangePolicy::kMax};
const AdcRangeOptions kPercentile{.policy = AdcRangePolicy::kPercentile, .percentile = 99.0};
const AdcRangeOptions kMinimumError{.policy = AdcRangePolicy::kMinimumError};

AdcRangeCase case_of(int bits) {
  return {.bits = bits, .finest_shift = kUnitStep, .full_scale = 1000.0, .where = "layer fc"};
}

/// 0, 1, .., 999: a flat histogram.
std::vector<float> ramp() {
  std::vector<float> sums(1000);
  std::iota(sums.begin(), sums.end(), 0.0F);
  return sums;
}

/// Half of the sums 0, half 60, and one far out in a thousand.
std::vector<float> with_outlier(float outlier) {
  std::vector<float> sums(1000, 60.0F);
  std::fill(sums.begin(), sums.begin() + 500, 0.0F);
  sums.back() = outlier;
  return sums;
}

TEST(AdcRange, FixedHoldsFullScaleWhateverTheSums) {
  // 1000 needs steps of 4 in 255 codes: 250 of them, and 5 to spare.
  const AdcRange expected{kUnitStep + 2, 2};
  EXPECT_EQ(choose_adc_range(kFixed, case_of(8), ramp()), expected);
  EXPECT_EQ(choose_adc_range(kFixed, case_of(8), std::vector<float>{-9000.0F}), expected);
  EXPECT_EQ(choose_adc_range(kFixed, case_of(10), ramp()).shift, kUnitStep);
  EXPECT_EQ(choose_adc_range(kFixed, case_of(6), ramp()).shift, kUnitStep + 4);
}

TEST(AdcRange, MaxHoldsTheOutermostSums) {
  EXPECT_EQ(choose_adc_range(kMax, case_of(8), ramp()), (AdcRange{kUnitStep + 2, 2}));
  // -100 to 100 in steps of 1: 55 codes to spare.
  EXPECT_EQ(choose_adc_range(kMax, case_of(8), std::vector<float>{-100.0F, 3.0F, 100.0F}),
            (AdcRange{kUnitStep, 127}));
  EXPECT_EQ(choose_adc_range(kMax, case_of(8), with_outlier(4000.0F)).shift, kUnitStep + 4);
}

TEST(AdcRange, PercentileLeavesOutTheSumsBeyond) {
  // The outlier is one in a thousand: 60 codes of 255, 195 to spare.
  EXPECT_EQ(choose_adc_range(kPercentile, case_of(8), with_outlier(4000.0F)),
            (AdcRange{kUnitStep, 97}));
  AdcRangeOptions strict = kPercentile;
  strict.percentile = 100.0;
  EXPECT_EQ(choose_adc_range(strict, case_of(8), with_outlier(4000.0F)),
            choose_adc_range(kMax, case_of(8), with_outlier(4000.0F)));
}

TEST(AdcRange, KeepsThreeSigmaOfTheNoiseBelow) {
  AdcRangeCase noisy = case_of(8);
  noisy.noise = 10.0;
  EXPECT_EQ(choose_adc_range(kMax, noisy, std::vector<float>{0.0F, 225.0F}),
            (AdcRange{kUnitStep, 30}));
  EXPECT_EQ(choose_adc_range(kMax, noisy, std::vector<float>{0.0F, 226.0F}).shift, kUnitStep + 1);
  EXPECT_EQ(choose_adc_range(kPercentile, noisy, std::vector<float>(10, 0.0F)).zero_code,
            30 + 225 / 2);
}

TEST(AdcRange, MinimumErrorWeighsClippingAgainstTheStep) {
  // 4 bits hold 0..60 in steps of 4. Steps of 8 cost 64/12 - 16/12 = 4 more; an outlier at 60 + d
  // costs d^2 / 1000 where it is clipped: less up to d = 63. Steps of 8 hold it up to 120.
  EXPECT_EQ(choose_adc_range(kMinimumError, case_of(4), with_outlier(120.0F)),
            (AdcRange{kUnitStep + 2, 0}));
  EXPECT_EQ(choose_adc_range(kMinimumError, case_of(4), with_outlier(124.0F)).shift, kUnitStep + 3);
}

TEST(AdcRange, MinimumErrorPutsItsWindowWhereTheSumsAre) {
  // 3 bits in steps of 1 hold 7: the sums -40 and -33.
  EXPECT_EQ(choose_adc_range(kMinimumError, case_of(8), std::vector<float>{-40.0F, -33.0F}).shift,
            kUnitStep);
  const auto below = choose_adc_range(kMinimumError, case_of(6), std::vector<float>{-63.0F, 0.0F});
  EXPECT_EQ(below, (AdcRange{kUnitStep, 63}));
  const auto above = choose_adc_range(kMinimumError, case_of(6), std::vector<float>{0.0F, 63.0F});
  EXPECT_EQ(above, (AdcRange{kUnitStep, 0}));
  // Nothing clips with any zero code from 0 to 62: the middle one.
  EXPECT_EQ(choose_adc_range(kMinimumError, case_of(6), std::vector<float>{0.0F, 1.0F}),
            (AdcRange{kUnitStep, 31}));
}

TEST(AdcRange, MinimumErrorIsTheLeastThatAnyRangeGives) {
  std::mt19937 rng(4);
  std::normal_distribution<float> normal(30.0F, 25.0F);
  std::vector<float> sums(4000);
  for (float& sum : sums) sum = normal(rng);
  constexpr int kBits = 4;
  const auto cost = [&](const AdcRange& range) {
    const double step = std::ldexp(1.0, range.shift - kUnitStep);
    double total = 0.0;
    for (const double sum : sums) {
      const double low = -range.zero_code * step, high = low + ((1 << kBits) - 1) * step;
      const double cut = sum < low ? low - sum : sum > high ? sum - high : 0.0;
      total += cut * cut + step * step / 12.0;
    }
    return total;
  };
  const AdcRange best = choose_adc_range(kMinimumError, case_of(kBits), sums);
  for (int shift = kUnitStep; shift < kUnitStep + 8; ++shift) {
    for (int zero = 0; zero < 1 << kBits; ++zero) {
      EXPECT_GE(cost({shift, zero}), cost(best) * (1.0 - 1e-9)) << shift << ", " << zero;
    }
  }
  EXPECT_NE(best, choose_adc_range(kMax, case_of(kBits), sums));
}

TEST(AdcRange, MinimumErrorLeavesRoomForNoise) {
  AdcRangeCase noisy = case_of(6);
  const std::vector<float> sums{0.0F, 40.0F};
  noisy.noise = 6.0;
  const auto range = choose_adc_range(kMinimumError, noisy, sums);
  EXPECT_GE(range.zero_code, 11);  // sqrt(3) sigma
  EXPECT_LE(range.zero_code, 63 - 40 - 11 + 1);
}

TEST(AdcRange, HoldsANoughtWhereThereIsNoSum) {
  for (const auto& options : {kMax, kPercentile, kMinimumError}) {
    EXPECT_EQ(choose_adc_range(options, case_of(8), {}).shift, kUnitStep);
  }
}

TEST(AdcRange, RefusesSumsThatNoStepHolds) {
  for (const auto& options : {kMax, kPercentile, kMinimumError}) {
    try {
      choose_adc_range(options, case_of(1), std::vector<float>(5, 1e9F));
      FAIL() << "no error";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr("layer fc"),
                                                 ::testing::HasSubstr("1-bit ADC")));
    }
  }
}

AdcRangeOptions calibrated(AdcRangeOptions options) {
  options.resolution = AdcResolution::kCalibrated;
  return options;
}

/// Fitting `sums` in steps of one code unit or more into 8 bits.
AdcSetting setting_of(const AdcRangeOptions& options, const std::vector<float>& sums) {
  return choose_adc_setting(options, case_of(8), sums);
}

TEST(AdcSetting, TileResolutionIsTheRangeAlone) {
  EXPECT_EQ(setting_of(kMax, ramp()), (AdcSetting{8, {kUnitStep + 2, 2}}));
  EXPECT_EQ(setting_of(kMax, {0.0F, 3.0F}).bits, 8);
}

TEST(AdcSetting, CalibratedTakesTheFewestBitsThatHoldTheRange) {
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 3.0F}), (AdcSetting{2, {kUnitStep, 0}}));
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 4.0F}), (AdcSetting{3, {kUnitStep, 1}}));
  EXPECT_EQ(setting_of(calibrated(kMax), {-2.0F, 5.0F}), (AdcSetting{3, {kUnitStep, 2}}));
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 0.0F}), (AdcSetting{1, {kUnitStep, 0}}));
  EXPECT_EQ(setting_of(calibrated(kMax), {}).bits, 1);
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 255.0F}), (AdcSetting{8, {kUnitStep, 0}}));
  EXPECT_EQ(setting_of(calibrated(kFixed), {0.0F}), setting_of(kFixed, {0.0F}));  // 1000 units
}

TEST(AdcSetting, CalibratedTakesCoarserStepsBeyondTheTilesBits) {
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 256.0F}), setting_of(kMax, {0.0F, 256.0F}));
  EXPECT_EQ(setting_of(calibrated(kMax), {0.0F, 256.0F}).range.shift, kUnitStep + 1);
}

TEST(AdcSetting, CalibratedFollowsThePolicy) {
  // One sum in a thousand is 200: the 99th percentile, 60, takes 6 bits.
  EXPECT_EQ(setting_of(calibrated(kMax), with_outlier(200.0F)).bits, 8);
  EXPECT_EQ(setting_of(calibrated(kPercentile), with_outlier(200.0F)).bits, 6);
  // 8 bits hold the outlier in steps of 1, so that least error is no reason to clip it.
  EXPECT_EQ(setting_of(calibrated(kMinimumError), with_outlier(200.0F)).bits, 8);
  EXPECT_EQ(setting_of(calibrated(kMinimumError), {0.0F, 3.0F}), (AdcSetting{2, {kUnitStep, 0}}));
  // Steps of 2 would cost a quarter everywhere; an outlier of 257 in a thousand costs 0.004.
  const auto clipped = setting_of(calibrated(kMinimumError), with_outlier(257.0F));
  EXPECT_EQ(clipped, (AdcSetting{8, {kUnitStep, 0}}));
}

TEST(AdcSetting, CalibratedLeavesRoomForNoise) {
  AdcRangeCase noisy = case_of(8);
  noisy.noise = 2.0;
  const std::vector<float> sums{0.0F, 9.0F};
  // Three sigma below: 6 + 9 codes.
  EXPECT_EQ(choose_adc_setting(calibrated(kMax), noisy, sums), (AdcSetting{4, {kUnitStep, 6}}));
}

TEST(AdcRange, KnowsItsResolutionsByName) {
  for (const auto resolution :
       {AdcResolution::kTile, AdcResolution::kProven, AdcResolution::kCalibrated}) {
    EXPECT_EQ(adc_resolution(adc_resolution_name(resolution)), resolution);
  }
  EXPECT_FALSE(adc_resolution("exact").has_value());
  for (const auto group :
       {compiler::AdcGroup::kLayer, compiler::AdcGroup::kSlice, compiler::AdcGroup::kColumn}) {
    EXPECT_EQ(compiler::adc_group(compiler::adc_group_name(group)), group);
  }
  EXPECT_FALSE(compiler::adc_group("tile").has_value());
}

TEST(AdcRange, KnowsItsPoliciesByName) {
  for (const auto policy : {AdcRangePolicy::kFixed, AdcRangePolicy::kMax,
                            AdcRangePolicy::kPercentile, AdcRangePolicy::kMinimumError}) {
    EXPECT_EQ(adc_range_policy(adc_range_name(policy)), policy);
  }
  EXPECT_EQ(adc_range_name(AdcRangePolicy::kMinimumError), "minimum-error");
  EXPECT_FALSE(adc_range_policy("maximum").has_value());
}

}  // namespace
}  // namespace crossloop::runtime
