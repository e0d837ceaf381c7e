// Every law of a cell against the moments it is configured with, from 1e5 cells of a fixed seed.
#include "host/analog/cell_laws.hpp"

#include <gtest/gtest.h>

#include "host/engine/noise.hpp"
#include "tests/sample_moments.hpp"

namespace crossloop::analog {
namespace {

using testing_support::expect_moments;
using testing_support::expect_share;
using testing_support::samples_of;

constexpr std::uint64_t kSeed = 20261125;
constexpr double kTarget = 35.0;

Cell cell_number(int i) {
  return {static_cast<std::uint32_t>(i / 16384), static_cast<std::uint32_t>(i / 128 % 128),
          static_cast<std::uint32_t>(i % 128)};
}

std::vector<double> programmed(const Device& device, double target_us = kTarget) {
  const CellLaws laws(device, kSeed);
  return samples_of([&](int i) { return laws.programmed_us(cell_number(i), target_us, 0); });
}

/// Logarithms of what cells programmed to kTarget hold, over it.
std::vector<double> log_ratios(const Device& device) {
  auto logs = programmed(device);
  for (double& x : logs) x = std::log(x / kTarget);
  return logs;
}

/// Cells that held kTarget exactly, device.elapsed_s later.
std::vector<double> aged_cells(const Device& device) {
  const CellLaws laws(device, kSeed);
  return samples_of([&](int i) { return laws.aged_us(cell_number(i), kTarget, kTarget, 0); });
}

TEST(ProgrammingError, HasTheDeviationOfItsPolynomialAtEveryTarget) {
  Device device;
  device.programming_sigma_us = {.coefficients = {4.782321, -0.009107}};  // Milo 2021
  for (const double target : {50.0, 100.0, 225.0}) {
    SCOPED_TRACE(target);
    expect_moments(programmed(device, target), target, 4.782321 - 0.009107 * target);
  }
}

TEST(ProgrammingError, ScalesTheArgumentOfItsPolynomial) {
  const Polynomial wan = {.scale_us = 40.0,
                          .coefficients = {0.348, 16.030, -43.853, 45.393, -16.815}};
  EXPECT_NEAR(wan.at(0.0), 0.35, 0.005);
  EXPECT_NEAR(wan.at(10.0), 2.26, 0.005);
  EXPECT_NEAR(wan.at(20.0), 2.02, 0.005);
  EXPECT_NEAR(wan.at(40.0), 1.10, 0.005);
  EXPECT_EQ((Polynomial{.coefficients = {1.0, -1.0}}.at(2.0)), 0.0);
}

TEST(ProgrammingError, FollowsMeasuredLevels) {
  Device device;
  device.measured_levels = {{10.0, 11.0, 0.5}, {30.0, 29.0, 1.5}, {50.0, 47.0, 2.0}};
  expect_moments(programmed(device, 30.0), 29.0, 1.5);
  expect_moments(programmed(device, 20.0), 20.0, 1.0);  // half way: mean 20, sigma 1
  expect_moments(programmed(device, 60.0), 57.0, 2.0);  // beyond: 3 below the target
}

TEST(Variation, IsNormalOrLogNormalFromCycleToCycle) {
  Device device;
  device.cycle_to_cycle = {.sigma = 0.1};
  expect_moments(programmed(device), kTarget, 3.5);
  device.cycle_to_cycle = {.sigma = 0.2, .log_normal = true};
  expect_moments(log_ratios(device), 0.0, 0.2);
}

TEST(Variation, IsNormalOrLogNormalFromDeviceToDevice) {
  Device device;
  device.device_to_device = {.sigma = 0.1};
  expect_moments(programmed(device), kTarget, 3.5);
  device.device_to_device = {.sigma = 0.2, .log_normal = true};
  expect_moments(log_ratios(device), 0.0, 0.2);
}

TEST(Variation, BelongsToTheCellOrToTheCycle) {
  Device device;
  device.device_to_device = {.sigma = 0.1};
  EXPECT_EQ(CellLaws(device, 1).programmed_us({0, 1, 2}, kTarget, 0),
            CellLaws(device, 1).programmed_us({0, 1, 2}, kTarget, 1));
  EXPECT_NE(CellLaws(device, 1).programmed_us({0, 1, 2}, kTarget, 0),
            CellLaws(device, 2).programmed_us({0, 1, 2}, kTarget, 0));
  device.device_to_device = {};
  device.cycle_to_cycle = {.sigma = 0.1};
  EXPECT_NE(CellLaws(device, 1).programmed_us({0, 1, 2}, kTarget, 0),
            CellLaws(device, 1).programmed_us({0, 1, 2}, kTarget, 1));
}

TEST(Variation, OfBothKindsAddsUp) {
  Device device;
  device.cycle_to_cycle = {.sigma = 0.03, .log_normal = true};
  device.device_to_device = {.sigma = 0.04, .log_normal = true};
  expect_moments(log_ratios(device), 0.0, 0.05);
}

TEST(Faults, HaveTheirRates) {
  Device device;
  device.stuck_lrs_rate = 0.0904;
  device.stuck_hrs_rate = 0.0175;
  const CellLaws laws(device, kSeed);
  expect_share(samples_of([&](int i) {
                 return laws.fault(cell_number(i)) == CellFault::kStuckLrs ? 1.0 : 0.0;
               }),
               0.0904);
  expect_share(samples_of([&](int i) {
                 return laws.fault(cell_number(i)) == CellFault::kStuckHrs ? 1.0 : 0.0;
               }),
               0.0175);
}

TEST(Faults, AreLogUniformInTheirRange) {
  Device device;
  device.stuck_lrs_us = StuckRange{300.0, 1200.0};
  const CellLaws laws(device, kSeed);
  const double span = std::log(4.0);
  expect_moments(samples_of([&](int i) {
                   return std::log(laws.stuck_us(cell_number(i), CellFault::kStuckLrs));
                 }),
                 std::log(300.0) + span / 2.0, span / std::sqrt(12.0));
  EXPECT_EQ(laws.stuck_us({0, 0, 0}, CellFault::kStuckHrs), device.g_min_us);
}

TEST(Relaxation, InLogTimeMovesMeanAndSpread) {
  Device device;
  device.relaxation = {.law = RelaxationLaw::kLogTime,
                       .shift_us_per_ln_s = -0.0890,
                       .sigma_us = 0.4118,
                       .sigma_us_per_ln_s = 0.0420};
  struct Row {
    double seconds, shift, sigma;
  };
  // The CMO/HfOx fit at 1 h, 1 day, 10 years.
  for (const Row& row : {Row{3600.0, -0.73, 0.76}, Row{86400.0, -1.01, 0.89},
                         Row{10 * 365.25 * 86400.0, -1.74, 1.23}}) {
    SCOPED_TRACE(row.seconds);
    device.elapsed_s = row.seconds;
    const double ln_t = std::log(row.seconds);
    EXPECT_NEAR(-0.0890 * ln_t, row.shift, 0.005);
    EXPECT_NEAR(0.4118 + 0.0420 * ln_t, row.sigma, 0.006);
    expect_moments(aged_cells(device), kTarget - 0.0890 * ln_t, 0.4118 + 0.0420 * ln_t);
  }
}

Device wan_device() {
  Device device;
  device.relaxation.law = RelaxationLaw::kSpreadAtTimes;
  device.relaxation.times_s = {1.0, 86400.0, 172800.0};
  device.relaxation.total_sigma_us = {{40.0, {0.348, 16.030, -43.853, 45.393, -16.815}},
                                      {40.0, {0.701, 22.086, -50.773, 47.095, -16.458}},
                                      {40.0, {0.782, 20.274, -43.507, 37.062, -11.934}}};
  return device;
}

TEST(Relaxation, ByTimesHasTheTotalSpread) {
  Device device = wan_device();
  const CellLaws laws(device, kSeed);
  struct Row {
    double seconds, sigma;
  };
  for (const Row& row : {Row{1.0, 2.02}, Row{86400.0, 3.91}, Row{172800.0, 3.93}}) {
    SCOPED_TRACE(row.seconds);
    device.elapsed_s = row.seconds;
    const double sigma = total_sigma_us(device.relaxation, 20.0, row.seconds);
    EXPECT_NEAR(sigma, row.sigma, 0.005);
    expect_moments(samples_of([&](int i) {
                     const Cell cell = cell_number(i);
                     return laws.aged_us(cell, 20.0, laws.programmed_us(cell, 20.0, 0), 0);
                   }),
                   20.0, sigma);
  }
}

TEST(Relaxation, ByTimesNarrowsWhereTheSpreadDoes) {
  Device device;
  device.relaxation.law = RelaxationLaw::kSpreadAtTimes;
  device.relaxation.times_s = {1.0, 100.0};
  device.relaxation.total_sigma_us = {{1.0, {3.0}}, {1.0, {1.0}}};
  device.elapsed_s = 100.0;
  const CellLaws laws(device, kSeed);
  expect_moments(samples_of([&](int i) {
                   const Cell cell = cell_number(i);
                   return laws.aged_us(cell, 20.0, laws.programmed_us(cell, 20.0, 0), 0);
                 }),
                 20.0, 1.0);
}

TEST(Relaxation, IsLinearInTheLogarithmBetweenTimes) {
  const Relaxation law = wan_device().relaxation;
  const double low = total_sigma_us(law, 20.0, 1.0);
  const double high = total_sigma_us(law, 20.0, 86400.0);
  EXPECT_NEAR(total_sigma_us(law, 20.0, std::sqrt(86400.0)), (low + high) / 2.0, 1e-12);
}

TEST(Drift, IsAPowerOfTimeWithItsOwnExponents) {
  Device device;
  device.drift = {.nu_mean = 0.1, .nu_sigma = 0.05, .t0_s = 20.0};
  device.elapsed_s = 3600.0;
  auto exponents = aged_cells(device);
  for (double& g : exponents) g = -std::log(g / kTarget) / std::log(3600.0 / 20.0);
  expect_moments(exponents, 0.1, 0.05);
}

TEST(OneOverF, GrowsWithTheLogarithmOfTime) {
  Device device;
  device.one_over_f = {.rho = 0.01, .t_r_s = 250e-9};
  for (const double seconds : {1e-3, 1.0, 1e6}) {
    SCOPED_TRACE(seconds);
    device.elapsed_s = seconds;
    const double spread = std::sqrt(std::log((seconds + 250e-9) / 500e-9));
    expect_moments(aged_cells(device), kTarget, 0.01 * kTarget * spread);
  }
}

TEST(Telegraph, TakesItsAmplitudeFromAShareOfTheCells) {
  Device device;
  device.telegraph = {.probability = 0.3, .a_us = 0.1662, .b = 0.0015};
  const double amplitude = device.telegraph.amplitude_us(kTarget);
  const double x = 0.1662 + 0.0015 * kTarget;
  EXPECT_NEAR(amplitude, x * kTarget / (kTarget - x), 1e-12);
  expect_moments(aged_cells(device), kTarget - 0.3 * amplitude, amplitude * std::sqrt(0.3 * 0.7));
  auto occupied = aged_cells(device);
  for (double& g : occupied) g = g < kTarget ? 1.0 : 0.0;
  expect_share(occupied, 0.3);
  EXPECT_EQ(device.telegraph.amplitude_us(0.2), 0.2) << "never more than the cell has";
}

TEST(Endurance, IsLogNormalAroundItsMedian) {
  Device device;
  EXPECT_TRUE(std::isinf(CellLaws(device, kSeed).write_limit({0, 0, 0})));
  device.endurance = Endurance{.cycles = 1e6, .log10_sigma = 0.5};
  const CellLaws laws(device, kSeed);
  expect_moments(samples_of([&](int i) { return std::log10(laws.write_limit(cell_number(i))); }),
                 6.0, 0.5);
}

TEST(StepFactor, IsLogNormalFromCellToCell) {
  Device device;
  device.pulses.device_to_device = 0.3;
  const CellLaws laws(device, kSeed);
  // Rounding to 1/64 adds 1/12 of a step to the variance, a thousandth of it here.
  expect_moments(
      samples_of([&](int i) { return std::log(laws.step_factor(cell_number(i)) / 64.0); }), 0.0,
      0.3);
  device.pulses.device_to_device = 0.0;
  EXPECT_EQ(laws.step_factor({0, 0, 0}), 64);
}

TEST(ReadNoise, HasTheDeviationOfTheDevice) {
  Device device;
  device.read_noise_over_g_max = 0.05;
  const CodeFormat format = code_format(device, 2, 8, 5);
  const std::int32_t sigma = noise_sigma(device, format);
  const double expected = 0.05 * 32.0 * 50.0 / 15.0;  // code units
  EXPECT_NEAR(sigma * std::sqrt(170.0) / 256.0, expected, 0.5 * std::sqrt(170.0) / 256.0);
  // Rounding half up after the shift adds 1/12 to the variance.
  const double exact = sigma * std::sqrt(170.0) / 256.0;
  expect_moments(
      samples_of([&](int i) {
        const auto words = engine::noise_words({7, 3}, static_cast<std::uint32_t>(i), 0, 0);
        return engine::scaled_noise(engine::nibble_noise(words[0]), sigma);
      }),
      0.0, std::sqrt(exact * exact + 1.0 / 12.0));
}

TEST(CellLaws, NeverGoBelowZero) {
  Device device = wan_device();
  device.elapsed_s = 86400.0;
  const CellLaws laws(device, kSeed);
  int zeros = 0;
  for (int i = 0; i < 1000; ++i) {
    const Cell cell = cell_number(i);
    const double g = laws.aged_us(cell, 0.0, laws.programmed_us(cell, 0.0, 0), 0);
    ASSERT_GE(g, 0.0);
    zeros += g == 0.0 ? 1 : 0;
  }
  EXPECT_GT(zeros, 300);
}

}  // namespace
}  // namespace crossloop::analog
