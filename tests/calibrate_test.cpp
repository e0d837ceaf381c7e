#include "host/runtime/calibrate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "host/network/executor.hpp"
#include "host/runtime/engine_backend.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using compiler::Deployment;
using testing_support::ideal_device;
using testing_support::rough_device;
using testing_support::SmallCase;

/// Root mean square difference of the logits from those of the float network, over their spread.
double logit_error(const SmallCase& test, const Deployment& deployment, Backend& backend) {
  const auto logits = run_images(deployment, backend, test.images, {});
  const auto input = network::normalise(test.net, test.images, 0, test.images.count);
  const auto expected = network::run(test.net, input, test.images.count);
  const double scale =
      deployment.tensors[static_cast<std::size_t>(deployment.layers.back().output)].scale;
  double error = 0.0, spread = 0.0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    error += std::pow(logits[i] * scale - expected[i], 2);
    spread += std::pow(expected[i], 2);
  }
  return std::sqrt(error / spread);
}

TEST(CalibrateIdeal, FollowsTheFloatNetwork) {
  SmallCase test(ideal_device());
  EngineBackend backend(test.deployment.tile, test.device, 1);
  program_all(backend, test.deployment);
  EXPECT_LT(logit_error(test, test.deployment, backend), 0.03);
}

/// On ideal tiles only levels count, wherever level 0 lies.
TEST(CalibrateIdeal, FindsTheSameRangesWhateverTheConductances) {
  std::vector<std::int32_t> expected;
  for (const auto& [low, high] : {std::pair{5.0, 50.0}, {50.0, 225.0}, {0.0, 40.0}}) {
    analog::Device device = ideal_device();
    device.g_min_us = low;
    device.g_max_us = high;
    SmallCase test(device);
    auto tile = testing_support::small_tile(device);
    tile.adc_bits = 4;  // so few that a sum off its place needs another range
    Deployment deployment = compiler::compile(test.net, tile, device, test.images);
    calibrate_ideal(deployment, test.images, {.policy = AdcRangePolicy::kMax});
    std::vector<std::int32_t> ranges;
    for (const auto& crossbar : deployment.crossbars) {
      for (const auto& column : crossbar.tables.columns) {
        ranges.insert(ranges.end(), {column.shift, column.zero_code, column.offset});
      }
    }
    if (expected.empty()) expected = ranges;
    EXPECT_EQ(ranges, expected) << low << ".." << high << " uS";
  }
}

struct Recovery {
  explicit Recovery(SmallCase& test) : backend(test.deployment.tile, test.device, 9) {
    program_all(backend, test.deployment);
    measure(test.deployment, backend, {}, {}, measurement);
  }
  double climb(const SmallCase& test, bool gain, bool statistics) {
    Deployment deployment = test.deployment;
    CalibrationOptions options;
    options.gain = gain;
    options.statistics = statistics;
    calibrate(deployment, backend, measurement, test.images, options, {});
    return logit_error(test, deployment, backend);
  }
  EngineBackend backend;
  Measurement measurement;
};

TEST(Calibrate, EachRungBringsTheLogitsNearer) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  const double mapped = logit_error(test, test.deployment, recovery.backend);
  const double gain = recovery.climb(test, true, false);
  const double all = recovery.climb(test, true, true);
  EXPECT_GT(mapped, 0.3);
  EXPECT_LT(gain, 0.6 * mapped);
  EXPECT_LT(all, 0.7 * mapped);  // the batch norm of a random network is no statistic of its data
}

TEST(Calibrate, MovesNoCell) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  const auto before = test.deployment.crossbars;
  CalibrationOptions options;
  options.gain = options.statistics = true;
  calibrate(test.deployment, recovery.backend, recovery.measurement, test.images, options, {});
  for (std::size_t id = 0; id < before.size(); ++id) {
    EXPECT_EQ(test.deployment.crossbars[id].levels, before[id].levels);
  }
}

TEST(FitGains, BringTheMeasuredWeightsNearerToTheirTargets) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  const double before = relative_weight_error(test.deployment, recovery.measurement);
  CalibrationOptions options;
  options.gain = true;
  calibrate(test.deployment, recovery.backend, recovery.measurement, test.images, options, {});
  EXPECT_LT(relative_weight_error(test.deployment, recovery.measurement), 0.7 * before);
}

TEST(FitAdcRange, GivesEachPolicyARangeOfItsOwn) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  const auto sample_of = [&](AdcRangeOptions range) {
    Deployment deployment = test.deployment;
    deployment.tile.adc_bits = 5;  // few codes, so that it matters which sums they cover
    calibrate(deployment, recovery.backend, recovery.measurement, test.images,
              {.range = range, .sample_vectors = 200}, {});
    std::vector<std::pair<int, int>> ranges;
    for (const auto& column : deployment.crossbars[0].tables.columns) {
      EXPECT_EQ(column.offset, column.zero_code << column.shift);
      ranges.emplace_back(column.shift, column.zero_code);
    }
    return ranges;
  };
  std::set<std::vector<std::pair<int, int>>> found;
  for (const auto policy : {AdcRangePolicy::kFixed, AdcRangePolicy::kMax,
                            AdcRangePolicy::kPercentile, AdcRangePolicy::kMinimumError}) {
    found.insert(sample_of({.policy = policy, .percentile = 97.0}));
  }
  EXPECT_EQ(found.size(), 4U);
  const auto fixed = sample_of({.policy = AdcRangePolicy::kFixed});
  // 16 word lines of 3 * 32 code units each, at unit gain: 1536 in 31 steps of 64 at most.
  EXPECT_EQ(fixed[0].first, 8 + 6);
}

/// Ranges by what tells the columns of the first layer apart.
std::map<compiler::AdcGroupKey, std::set<std::vector<int>>> ranges_by(const Deployment& deployment,
                                                                      compiler::AdcGroup group) {
  std::map<compiler::AdcGroupKey, std::set<std::vector<int>>> ranges;
  const auto& layer = deployment.layers[0];
  for (const std::int32_t id : layer.crossbars) {
    const auto& columns = deployment.crossbars[static_cast<std::size_t>(id)].tables.columns;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const auto key =
          compiler::adc_group_key(deployment, layer, id, static_cast<std::int32_t>(j), group);
      ranges[key].insert({columns[j].shift, columns[j].zero_code, columns[j].bits});
    }
  }
  return ranges;
}

TEST(FitAdcRange, GivesTheColumnsOfAGroupOneRange) {
  for (const auto encoding : {compiler::Encoding::kDifferential, compiler::Encoding::kOffset}) {
    SmallCase test(ideal_device(), 3, {.encoding = encoding, .compile = {}});
    const bool offset = encoding == compiler::Encoding::kOffset;
    std::size_t different = 0;
    for (const auto& [group, groups] :
         {std::pair<compiler::AdcGroup, std::size_t>{compiler::AdcGroup::kLayer, 1},
          {compiler::AdcGroup::kSlice, 4},
          {compiler::AdcGroup::kColumn, 0}}) {
      calibrate_ideal(test.deployment, test.images,
                      {.policy = AdcRangePolicy::kMax,
                       .group = group,
                       .resolution = AdcResolution::kCalibrated});
      std::set<std::vector<int>> all;
      const auto ranges = ranges_by(test.deployment, group);
      for (const auto& [key, found] : ranges) {
        EXPECT_EQ(found.size(), 1U) << to_string(key);
        all.insert(found.begin(), found.end());
      }
      if (groups != 0) {
        EXPECT_EQ(ranges.size(), groups + (offset ? 1 : 0));
      }
      EXPECT_GT(all.size(), different) << compiler::adc_group_name(group);
      different = all.size();
    }
  }
}

/// Groups of another size change ranges, and where nothing clips they change no result.
TEST(FitAdcRange, OnIdealTilesEveryGroupGivesTheExactLogits) {
  SmallCase test(ideal_device());
  std::vector<std::int32_t> expected;
  const auto logits_of = [&](const AdcRangeOptions& range) {
    Deployment deployment = test.deployment;
    calibrate_ideal(deployment, test.images, range);
    EngineBackend backend(deployment.tile, test.device, 1);
    program_all(backend, deployment);
    return run_images(deployment, backend, test.images, {});
  };
  for (const auto group :
       {compiler::AdcGroup::kLayer, compiler::AdcGroup::kSlice, compiler::AdcGroup::kColumn}) {
    const auto logits = logits_of({.group = group, .resolution = AdcResolution::kProven});
    if (expected.empty()) expected = logits;
    EXPECT_EQ(logits, expected);
    // 16 rows of level 3 are 48 levels: 6 bits hold them in steps of one.
    EXPECT_EQ(logits_of({.policy = AdcRangePolicy::kFixed,
                         .group = group,
                         .resolution = AdcResolution::kCalibrated}),
              expected);
  }
}

TEST(Measure, TakesAllBitsOfTheTileWhereAColumnRunsWithOne) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  for (auto& crossbar : test.deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) {
      column.bits = 1;
      column.zero_code = 0;
    }
  }
  const auto page = measure_crossbar(test.deployment, recovery.backend, 0, {});
  for (std::size_t i = 0; i < page.codes.size(); ++i) {
    EXPECT_NEAR(page.codes[i], recovery.measurement.pages[0].codes[i], 3.0);
  }
}

TEST(FitAdcRange, HoldsTheSumsOfTheSampleWithoutClipping) {
  SmallCase test(rough_device());
  Recovery recovery(test);
  Deployment deployment = test.deployment;
  CalibrationOptions options;
  options.range.policy = AdcRangePolicy::kMax;
  options.sample_vectors = 1'000'000;
  calibrate(deployment, recovery.backend, recovery.measurement, test.images, options, {});
  for (auto& crossbar : deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) column.sigma = 0;
  }
  std::int64_t clipped = 0, conversions = 0;
  run_images(deployment, recovery.backend, test.images, {}, [&](const LayerEvent& event) {
    if (event.counters == nullptr || event.layer != 0) return;
    clipped += event.counters->clipped_low + event.counters->clipped_high;
    conversions += event.counters->conversions;
  });
  EXPECT_GT(conversions, 0);
  EXPECT_LE(clipped, conversions / 1000);  // measured codes are rounded reads
}

/// Columns of a linear layer whose ADC ranges, by max, were fitted to `count` vectors, all dark but
/// those from `bright` up to `end`.
std::vector<compiler::ColumnSetting> fitted_columns(int count, int bright, int end) {
  constexpr int kInputs = 4, kOutputs = 64;  // 512 columns of 8 phases: 2^12 sums a vector
  network::Network network = compiler::single_linear(kInputs, kOutputs);
  const auto images = compiler::noisy_images(network.input_shape, 2, 3);
  Deployment deployment =
      compiler::compile(network, compiler::test_tile(16, 512), compiler::test_device(), images);
  std::vector<std::uint8_t> vectors(static_cast<std::size_t>(kInputs) *
                                    static_cast<std::size_t>(count));
  std::fill(vectors.begin() + kInputs * bright, vectors.begin() + kInputs * end, std::uint8_t{255});
  fit_adc_range(deployment, 0, nominal_measurement(deployment), vectors,
                {.policy = AdcRangePolicy::kMax});
  return deployment.crossbars.at(0).tables.columns;
}

TEST(FitAdcRange, ThinsEvenlyBeyond2To25SumsALayer) {
  const auto dark = fitted_columns(100, 0, 0);
  const auto bright = fitted_columns(100, 1, 2);
  ASSERT_NE(dark, bright);
  EXPECT_EQ(fitted_columns(8192, 1, 2), bright);  // all are taken
  EXPECT_EQ(fitted_columns(8200, 1, 2), dark);    // one in four: 0, 4, 8, ...
  EXPECT_EQ(fitted_columns(8200, 8190, 8200), bright);
}

}  // namespace
}  // namespace crossloop::runtime
