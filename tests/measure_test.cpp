#include "host/runtime/measure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/patterns.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using testing_support::ideal_device;
using testing_support::rough_device;
using testing_support::SmallCase;

/// True codes of the used part of a crossbar; only a test may look.
std::vector<std::uint16_t> true_codes(const compiler::Deployment& deployment,
                                      const Backend& backend, int id) {
  const auto snapshot = backend.snapshot(static_cast<int>(deployment.crossbars.size()));
  const auto& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
  return upper_left(snapshot.codes[static_cast<std::size_t>(id)], deployment.tile.columns,
                    crossbar.row_count(), crossbar.column_count());
}

TEST(MeasureCrossbar, IsExactWhereNothingIsNoisy) {
  auto device = rough_device();
  device.read_noise_over_g_max = 0.0;
  SmallCase test(device);
  EngineBackend backend(test.deployment.tile, device, 5);
  program_all(backend, test.deployment);
  const auto page = measure_crossbar(test.deployment, backend, 0, {});
  const auto codes = true_codes(test.deployment, backend, 0);
  ASSERT_EQ(page.codes.size(), codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(page.codes[i], codes[i]) << "cell " << i;
}

TEST(MeasureCrossbar, StatesAStandardErrorThatHolds) {
  SmallCase test(rough_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.sigma = 120;
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  const auto page =
      measure_crossbar(test.deployment, backend, 0, {.repeats = 16, .max_standard_error = 2.5});
  const auto codes = true_codes(test.deployment, backend, 0);
  double square = 0.0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    square += (page.codes[i] - codes[i]) * (page.codes[i] - codes[i]);
  }
  const double expected = 120.0 * std::sqrt(170.0) / 256.0 / std::sqrt(page.repeats);
  EXPECT_NEAR(std::sqrt(square / static_cast<double>(codes.size())), expected, 0.25 * expected);
  EXPECT_GT(page.largest_standard_error, expected);
  EXPECT_LE(page.largest_standard_error, 2.5);
}

TEST(MeasureCrossbar, RepeatsUntilTheBoundHolds) {
  SmallCase test(rough_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.sigma = 120;
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  const MeasureOptions strict{.repeats = 4, .max_repeats = 256, .max_standard_error = 1.0};
  EXPECT_GT(measure_crossbar(test.deployment, backend, 0, strict).repeats, 4);
}

TEST(MeasureCrossbar, TurnsToTheSMatrixWhereNoiseDominates) {
  SmallCase test(rough_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.sigma = 400;
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  const MeasureOptions options{.repeats = 8, .max_repeats = 512, .max_standard_error = 1.5};
  const auto page = measure_crossbar(test.deployment, backend, 0, options);
  EXPECT_TRUE(page.s_matrix);
  const double one_hot_repeats = std::pow(400.0 * std::sqrt(170.0) / 256.0 / 1.5, 2);
  EXPECT_LT(page.repeats, one_hot_repeats);
  const auto codes = true_codes(test.deployment, backend, 0);
  double square = 0.0;
  for (std::size_t i = 0; i < codes.size(); ++i) square += std::pow(page.codes[i] - codes[i], 2);
  EXPECT_LT(std::sqrt(square / static_cast<double>(codes.size())), 1.5);
}

TEST(PatternSet, DecodesWhatItDrove) {
  for (const int rows : {1, 2, 9, 16, 31, 40}) {
    for (const PatternSet& set : {PatternSet::one_hot(rows), PatternSet::s_matrix(rows)}) {
      std::vector<double> reads;
      for (int i = 0; i < set.count(); ++i) {
        double sum = 0.0;
        for (int r = 0; r < rows; ++r) {
          sum += set.bits()[static_cast<std::size_t>(i * rows + r)] * (r * r - 7.0);
        }
        reads.push_back(sum);
      }
      const auto cells = set.decode(reads, 1);
      ASSERT_EQ(cells.size(), static_cast<std::size_t>(rows));
      for (int r = 0; r < rows; ++r) {
        EXPECT_NEAR(cells[static_cast<std::size_t>(r)], r * r - 7.0, 1e-9) << rows << " rows";
      }
    }
  }
}

TEST(PatternSet, CarriesVariancesThroughTheDecoder) {
  const auto set = PatternSet::s_matrix(31);
  const auto variances = set.decode_variance(std::vector<double>(31, 1.0), 1);
  EXPECT_NEAR(variances[30], set.variance_factor(), 1e-12);
  EXPECT_NEAR(set.variance_factor(), 4.0 * 31 / (32.0 * 32.0), 1e-12);
}

TEST(MeasureCrossbar, RefusesToCallAPageMeasuredAboveTheBound) {
  SmallCase test(rough_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.sigma = 2000;
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  EXPECT_THROW(measure_crossbar(test.deployment, backend, 0,
                                {.repeats = 2, .max_repeats = 4, .max_standard_error = 0.1}),
               CheckFailed);
}

TEST(MeasureCrossbar, RaisesTheShiftOfAColumnThatClips) {
  SmallCase test(ideal_device());
  for (auto& column : test.deployment.crossbars[0].tables.columns) column.bits = 6;  // 0..63
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  const auto page =
      measure_crossbar(test.deployment, backend, 0, {.repeats = 16, .max_standard_error = 2.0});
  const auto codes = true_codes(test.deployment, backend, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_NEAR(page.codes[i], codes[i], 0.2) << "cell " << i;  // dither beats the coarse step
  }
}

TEST(NominalMeasurement, IsWhatAnIdealChipReads) {
  SmallCase test(ideal_device());
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  const auto nominal = nominal_measurement(test.deployment);
  for (std::size_t id = 0; id < nominal.pages.size(); ++id) {
    const auto page = measure_crossbar(test.deployment, backend, static_cast<std::int32_t>(id), {});
    EXPECT_EQ(nominal.pages[id].codes, page.codes) << "crossbar " << id;
  }
}

TEST(MeasureCrossbar, TakesOffTheOffsetOfTheAdcWhereItReadsThatToo) {
  auto device = rough_device();
  device.read_noise_over_g_max = 0.0;
  device.converter.adc_offset_sigma_lsb = 4.0;
  device.converter.dac_off_level_sigma = 0.03;
  SmallCase test(device);
  EngineBackend backend(test.deployment.tile, device, 5);
  program_all(backend, test.deployment);
  const auto codes = true_codes(test.deployment, backend, 0);
  const auto worst = [&](int offset_reads) {
    const auto page =
        measure_crossbar(test.deployment, backend, 0,
                         {.repeats = 16, .max_standard_error = 1.0, .offset_reads = offset_reads});
    double largest = 0.0;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      largest = std::max<double>(largest, std::abs(page.codes[i] - codes[i]));
    }
    return largest;
  };
  EXPECT_GT(worst(0), 3.0);
  EXPECT_LT(worst(2), 0.2);
}

TEST(MeasureCrossbar, RefusesMoreOffsetReadsThanItHasNumbersFor) {
  SmallCase test(ideal_device());
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  for (const int reads : {-1, 1100}) {
    EXPECT_THROW(measure_crossbar(test.deployment, backend, 0, {.offset_reads = reads}),
                 InputError);
  }
}

TEST(MeasureCrossbar, RefusesMoreRepeatsThanItsLimit) {
  SmallCase test(ideal_device());
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  EXPECT_THROW(measure_crossbar(test.deployment, backend, 0, {.repeats = 64, .max_repeats = 2}),
               InputError);
}

TEST(EffectiveWeights, AreTheQuantisedOnesOnAnIdealChip) {
  SmallCase test(ideal_device());
  const auto measurement = nominal_measurement(test.deployment);
  for (int layer = 0; layer < 2; ++layer) {
    const auto& weights = test.deployment.layers[static_cast<std::size_t>(layer)].weights;
    const auto effective = effective_weights(test.deployment, layer, measurement);
    ASSERT_EQ(effective.size(), weights.size());
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(effective[i], weights[i]);
  }
}

TEST(MeasurementFile, ComesBackAsItWasAndRefusesAnotherDeployment) {
  SmallCase test(rough_device());
  EngineBackend backend(test.deployment.tile, test.device, 5);
  program_all(backend, test.deployment);
  Measurement measurement;
  measure(test.deployment, backend, {}, {}, measurement);
  const auto path = std::filesystem::path(::testing::TempDir()) / "measurement_file_test.h5";
  write_measurement(measurement, path);
  const Measurement back = read_measurement(test.deployment, path);
  for (std::size_t id = 0; id < measurement.pages.size(); ++id) {
    EXPECT_EQ(back.pages[id].codes, measurement.pages[id].codes);
  }
  auto other = test.deployment;
  other.crossbars[0].tables.columns.pop_back();
  EXPECT_THROW(read_measurement(other, path), InputError);
  write_file(path, "not HDF5");
  EXPECT_THROW(read_measurement(test.deployment, path), InputError);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace crossloop::runtime
