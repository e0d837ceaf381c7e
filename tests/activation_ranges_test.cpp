#include "host/compiler/activation_ranges.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const ActivationRangeOptions kMax{.policy = ActivationRangePolicy::kMax};
const ActivationRangeOptions kLeastError{.policy = ActivationRangePolicy::kLeastError};

ActivationRangeOptions percentile(double percent) {
  return {.policy = ActivationRangePolicy::kPercentile, .percentile = percent};
}

ValueHistogram histogram_of(const std::vector<float>& values) {
  ValueHistogram histogram;
  histogram.add(values);
  return histogram;
}

/// 1/1024, 2/1024, .., 1000/1024: each in a bin of its own.
std::vector<float> ramp(float sign = 1.0F) {
  std::vector<float> values;
  for (int i = 1; i <= 1000; ++i) values.push_back(sign * static_cast<float>(i) / 1024.0F);
  return values;
}

std::vector<float> normal_values(float mean, float deviation, std::size_t count) {
  std::mt19937 rng(5);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(rng); });
  return values;
}

TEST(ActivationRange, MaxIsTheExactExtent) {
  EXPECT_EQ(histogram_of(ramp()).range(kMax), (ValueRange{0.0F, 1000.0F / 1024.0F}));
  EXPECT_EQ(histogram_of({-3.0F, 0.1F}).range(kMax), (ValueRange{-3.0F, 0.1F}));
  EXPECT_EQ(ValueHistogram().range(kMax), ValueRange{});
}

TEST(ActivationRange, PercentileLeavesOutThatShareOnEitherSide) {
  constexpr float kBin = 1.0F / 16384.0F;  // 32768 bins hold -1..1
  // 990 of the 1000 are at most 990 / 1024, rounded up to the end of its bin.
  EXPECT_EQ(histogram_of(ramp()).range(percentile(99.0)),
            (ValueRange{0.0F, 990.0F / 1024.0F + kBin}));
  EXPECT_EQ(histogram_of(ramp()).range(percentile(100.0)), histogram_of(ramp()).range(kMax));
  // Below 0 a bin begins with its element.
  EXPECT_EQ(histogram_of(ramp(-1.0F)).range(percentile(99.0)),
            (ValueRange{-990.0F / 1024.0F, 0.0F}));
  auto both = ramp();
  const auto negative = ramp(-1.0F);
  both.insert(both.end(), negative.begin(), negative.end());
  // 1980 of 2000 from either side.
  EXPECT_EQ(histogram_of(both).range(percentile(99.0)),
            (ValueRange{-980.0F / 1024.0F, 980.0F / 1024.0F + kBin}));
}

TEST(ActivationRange, DependsOnTheElementsAndNotOnTheirOrder) {
  auto values = normal_values(0.3F, 2.0F, 5000);
  values.push_back(70.0F);
  for (const auto& options : {kMax, percentile(99.0), kLeastError}) {
    std::sort(values.begin(), values.end(),
              [](float a, float b) { return std::abs(a) < std::abs(b); });
    const ValueRange range = histogram_of(values).range(options);
    std::reverse(values.begin(), values.end());
    ValueHistogram one_by_one;
    for (const float value : values) one_by_one.add({&value, 1});
    EXPECT_EQ(one_by_one.range(options), range);
    EXPECT_EQ(one_by_one.count(), 5001);
  }
}

/// Mean squared error of 8-bit codes over low..high with a code for 0.
double coded_error(const std::vector<float>& values, const ValueRange& range) {
  const double step = (static_cast<double>(range.high) - range.low) / 255.0;
  double error = 0.0;
  for (const double value : values) {
    const double clipped = std::clamp(value, double{range.low}, double{range.high});
    const double coded = step == 0.0 ? 0.0 : std::round(clipped / step) * step;
    error += (value - coded) * (value - coded);
  }
  return error;
}

TEST(ActivationRange, LeastErrorIsTheLeastThatAnyEndsGive) {
  for (const float mean : {0.0F, 3.0F}) {
    auto values = normal_values(mean, 1.0F, 400'000);
    values.push_back(mean + 25.0F);  // an outlier worth clipping
    for (float& value : values) {
      if (mean == 0.0F) value = std::max(0.0F, value);  // behind a ReLU: many are exactly 0
    }
    const ValueRange best = histogram_of(values).range(kLeastError);
    const ValueRange all = histogram_of(values).range(kMax);
    EXPECT_LT(best.high, 0.9F * all.high);
    const double least = coded_error(values, best);
    EXPECT_LT(least, 0.9 * coded_error(values, all));
    for (int j = 4; j <= 128; j += 4) {
      const ValueRange other{all.low, all.high * static_cast<float>(j) / 128.0F};
      EXPECT_GT(coded_error(values, other), 0.93 * least) << j;  // step^2 / 12 is a model
    }
  }
}

TEST(ActivationRange, LeastErrorKeepsWhatItCannotImprove) {
  // Two values, half of them each: any clipping costs more than its finer step saves.
  EXPECT_EQ(histogram_of({0.0F, 1.0F, 0.0F, 1.0F}).range(kLeastError), (ValueRange{0.0F, 1.0F}));
  EXPECT_EQ(histogram_of({0.0F, 0.0F}).range(kLeastError), ValueRange{});
  // On both sides: -1 is one in 100 001 and worth nothing, 100 is half of the rest.
  std::vector<float> values(100'000, 100.0F);
  std::fill_n(values.begin(), 50'000, 0.0F);
  values.push_back(-1.0F);
  const ValueRange range = histogram_of(values).range(kLeastError);
  EXPECT_EQ(range.high, 100.0F);
  EXPECT_GT(range.low, -1.0F);
}

TEST(ObserveRanges, KeepsTheExtentOfTheOutputUnderEveryPolicy) {
  const network::Network network = small_resnet();
  const auto images = noisy_images(network.input_shape, 60, 3);
  const auto all = observe_ranges(network, images);
  const auto most = observe_ranges(network, images, percentile(90.0));
  EXPECT_EQ(all.at(network.output_name), most.at(network.output_name));
  int narrower = 0;
  for (const auto& [value, range] : most) {
    EXPECT_LE(range.high, all.at(value).high) << value;
    EXPECT_GE(range.low, all.at(value).low) << value;
    narrower += range.high < all.at(value).high ? 1 : 0;
  }
  EXPECT_GT(narrower, 10);
}

TEST(ObserveRanges, NamesAValueThatIsNotFinite) {
  network::Network network = single_linear(4, 2);
  std::get<network::Linear>(network.nodes[0].op).weight[0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT([&] { observe_ranges(network, noisy_images(network.input_shape, 2, 1)); },
              ThrowsMessage<InputError>(HasSubstr("'fc'")));
}

TEST(CompileOptions, ActivationRangesReachTheScales) {
  network::Network network = small_resnet();
  const auto images = noisy_images(network.input_shape, 16, 3);
  const CompileOptions options{.placement = {}, .activations = percentile(90.0)};
  const Deployment all = compile(network, test_tile(), test_device(), images);
  Deployment most = compile(network, test_tile(), test_device(), images, options);
  EXPECT_LT(most.tensors[1].scale, 0.9 * all.tensors[1].scale);
  EXPECT_EQ(most.tensors.back().scale, all.tensors.back().scale);
  const Deployment compiled = most;
  update_activation_ranges(most, network, images);
  EXPECT_EQ(most.tensors, all.tensors);
  update_activation_ranges(most, network, images, options.activations);
  EXPECT_EQ(most.tensors, compiled.tensors);
  EXPECT_EQ(most.layers, compiled.layers);
}

TEST(ActivationRange, KnowsItsPoliciesByName) {
  for (const auto policy : {ActivationRangePolicy::kMax, ActivationRangePolicy::kPercentile,
                            ActivationRangePolicy::kLeastError}) {
    EXPECT_EQ(activation_range_policy(activation_range_name(policy)), policy);
  }
  EXPECT_EQ(activation_range_name(ActivationRangePolicy::kLeastError), "least-error");
  EXPECT_FALSE(activation_range_policy("minimum").has_value());
}

}  // namespace
}  // namespace crossloop::compiler
