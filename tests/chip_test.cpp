// A chip whose cells are programmed by pulses, wear out, age or are measured ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "host/analog/plant.hpp"
#include "host/error.hpp"
#include "tests/input_error.hpp"
#include "tests/pulsed_device.hpp"

namespace crossloop::analog {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using testing_support::error_of;
using testing_support::pulsed_device;

constexpr Wires kIdealWires = {0.0, 0.0, 0.0, 0.0};
constexpr int kSide = 32;
constexpr std::size_t kCells = kSide * kSide;

Device ideal_device() { return {.name = "test", .wires = kIdealWires}; }

Chip make_chip(const Device& device, std::uint64_t seed = 5) {
  return Chip(device, code_format(device, 2, 8, 5), seed);
}

std::vector<std::uint8_t> levels_in_turn() {
  std::vector<std::uint8_t> levels(kCells);
  for (std::size_t i = 0; i < kCells; ++i) levels[i] = static_cast<std::uint8_t>(i * 7 / 3 % 4);
  return levels;
}

/// Largest distance of the codes from the nominal ones.
int worst_error(const PlantResult& result, const std::vector<std::uint8_t>& levels,
                const CodeFormat& format) {
  int worst = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    worst = std::max(worst, std::abs(result.codes[i] - format.nominal(levels[i])));
  }
  return worst;
}

double rms_error(const PlantResult& result, const std::vector<std::uint8_t>& levels,
                 const CodeFormat& format) {
  double sum = 0.0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const double error = result.codes[i] - format.nominal(levels[i]);
    sum += error * error;
  }
  return std::sqrt(sum / static_cast<double>(levels.size()));
}

TEST(PulsedChip, BringsEveryCellWithinItsTolerance) {
  Chip chip = make_chip(pulsed_device());
  const auto levels = levels_in_turn();
  const PlantResult result = chip.program(0, kSide, kSide, levels);
  // 0.75 uS are 1.6 codes, the noise of the last read 0.2 uS times 60 / sqrt(170), and 0.5 for
  // rounding each of code and pedestal.
  EXPECT_LE(worst_error(result, levels, chip.format()), 5);
  EXPECT_GT(worst_error(result, levels, chip.format()), 0);
  EXPECT_THAT(chip.status(0), Each(CellStatus::kVerified));
  EXPECT_EQ(chip.report().failures, 0);
}

TEST(PulsedChip, CountsPulsesReadsAndEnergy) {
  Chip chip = make_chip(pulsed_device());
  chip.program(0, kSide, kSide, levels_in_turn());
  const ProgrammingReport& report = chip.report();
  EXPECT_EQ(report.cells_programmed, static_cast<std::int64_t>(kCells));
  EXPECT_GT(report.set_pulses, 0);
  EXPECT_GT(report.reset_pulses, 0);
  EXPECT_EQ(report.verify_reads,
            report.set_pulses + report.reset_pulses + static_cast<std::int64_t>(kCells));
  EXPECT_NEAR(report.energy_pj,
              1.2 * static_cast<double>(report.set_pulses) +
                  1.1 * static_cast<double>(report.reset_pulses) +
                  0.1 * static_cast<double>(report.verify_reads),
              1e-6 * report.energy_pj);
  EXPECT_GT(report.most_writes, 1u);
  EXPECT_LE(report.most_writes, 200u);
}

TEST(PulsedChip, PulsesOnlyTheCellsWhoseLevelChanged) {
  Chip chip = make_chip(pulsed_device());
  auto levels = levels_in_turn();
  const PlantResult before = chip.program(0, kSide, kSide, levels);
  const std::int64_t reads = chip.report().verify_reads;
  levels[77] = levels[77] == 3 ? 0 : 3;
  const PlantResult after = chip.program(0, kSide, kSide, levels);
  EXPECT_EQ(chip.report().cells_programmed, static_cast<std::int64_t>(kCells) + 1);
  EXPECT_GT(chip.report().verify_reads, reads);
  for (std::size_t i = 0; i < kCells; ++i) {
    EXPECT_EQ(before.codes[i] != after.codes[i], i == 77) << "cell " << i;
  }
}

TEST(PulsedChip, EndsAtTheBudgetForStuckCells) {
  Device device = pulsed_device();
  device.stuck_lrs_rate = 0.05;
  device.stuck_hrs_rate = 0.05;
  Chip chip = make_chip(device);
  const std::vector<std::uint8_t> levels(kCells, 1);  // 20 uS, neither 5 nor 50
  chip.program(0, kSide, kSide, levels);
  std::int64_t stuck = 0;
  for (int i = 0; i < kSide * kSide; ++i) {
    const bool faulty = chip.fault(0, i / kSide, i % kSide) != CellFault::kNone;
    stuck += faulty ? 1 : 0;
    EXPECT_EQ(chip.status(0)[static_cast<std::size_t>(i)],
              faulty ? CellStatus::kFailed : CellStatus::kVerified);
  }
  EXPECT_GT(stuck, 50);
  EXPECT_EQ(chip.report().failures, stuck);
  EXPECT_GE(chip.report().set_pulses + chip.report().reset_pulses, 200 * stuck);
}

TEST(PulsedChip, GivesTheSameCodesForTheSameSeedOnly) {
  const auto levels = levels_in_turn();
  const auto hash = [&](std::uint64_t seed) {
    return make_chip(pulsed_device(), seed).program(3, kSide, kSide, levels).hash;
  };
  EXPECT_EQ(hash(5), hash(5));
  EXPECT_NE(hash(5), hash(6));
  EXPECT_NE(hash(5), hash(5 + (1ULL << 32)));
}

TEST(PulsedChip, RefusesAFormatItsStatesDoNotFit) {
  Device device = pulsed_device();
  device.pulses.g_top_us = 125.0;
  EXPECT_THROW(make_chip(device), InputError);
}

TEST(FittedChip, MarksStuckCellsThatAreFarFromTheirTarget) {
  Device device = ideal_device();
  device.stuck_lrs_rate = 1.0;
  Chip chip = make_chip(device);
  chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, 3));
  EXPECT_THAT(chip.status(0), Each(CellStatus::kVerified));
  chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, 2));
  EXPECT_THAT(chip.status(0), Each(CellStatus::kFailed));
  EXPECT_EQ(chip.report().failures, static_cast<std::int64_t>(kCells));
  EXPECT_TRUE(chip.status(1).empty());
}

TEST(FittedChip, WearsOutAtItsEndurance) {
  Device device = ideal_device();
  device.endurance = Endurance{.cycles = 3.5, .log10_sigma = 0.0, .fails_to_lrs = false};
  Chip chip = make_chip(device);
  for (int write = 1; write <= 3; ++write) {
    const auto level = static_cast<std::uint8_t>(2 - write % 2);
    const PlantResult result =
        chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, level));
    EXPECT_THAT(result.codes, Each(chip.format().nominal(level))) << "write " << write;
  }
  EXPECT_EQ(chip.report().worn, 0);
  const PlantResult worn = chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, 3));
  EXPECT_THAT(worn.codes, Each(chip.format().nominal(0)));
  EXPECT_THAT(chip.status(0), Each(CellStatus::kWorn));
  chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, 1));
  EXPECT_EQ(chip.report().worn, static_cast<std::int64_t>(kCells));
  EXPECT_EQ(chip.report().failures, static_cast<std::int64_t>(2 * kCells));
  EXPECT_EQ(chip.report().most_writes, 4u);
}

TEST(FittedChip, LeavesCellsThatAreStuckAnywayOutOfItsWear) {
  Device device = ideal_device();
  device.stuck_hrs_rate = 1.0;
  device.endurance = Endurance{.cycles = 0.5, .fails_to_lrs = true};
  Chip chip = make_chip(device);
  const PlantResult result = chip.program(0, kSide, kSide, std::vector<std::uint8_t>(kCells, 3));
  EXPECT_THAT(result.codes, Each(chip.format().nominal(0)));
  EXPECT_THAT(chip.status(0), Each(CellStatus::kFailed));
  EXPECT_EQ(chip.report().worn, 0);
}

TEST(ManyCrossbars, AreProgrammedAsOneByOne) {
  Device device = pulsed_device();
  device.wires = {100.0, 2.5, 2.5, 100.0};
  device.converter.dac_gain_sigma = 0.01;
  Chip together = make_chip(device), apart = make_chip(device);
  std::vector<ProgramRequest> requests;
  for (std::uint32_t crossbar = 0; crossbar < 5; ++crossbar) {
    requests.push_back({crossbar * 3, kSide, kSide, levels_in_turn()});
  }
  const auto results = together.program_many(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& r = requests[i];
    EXPECT_EQ(results[i].hash, apart.program(r.crossbar, r.rows, r.columns, r.levels).hash);
  }
  EXPECT_EQ(together.report().set_pulses, apart.report().set_pulses);
  requests[4].levels[7] = 9;
  requests[0].levels.assign(kCells, 2);
  EXPECT_THAT(error_of([&] { together.program_many(requests); }), HasSubstr("found level 9"));
  EXPECT_EQ(together.program(0, kSide, kSide, levels_in_turn()).hash, results[0].hash);
  EXPECT_EQ(together.cells_programmed(), static_cast<std::int64_t>(5 * kCells));
}

TEST(AgeingChip, SpreadsWithTime) {
  Device device = ideal_device();
  device.relaxation = {.law = RelaxationLaw::kLogTime,
                       .shift_us_per_ln_s = -0.089,
                       .sigma_us = 0.4,
                       .sigma_us_per_ln_s = 0.04};
  const auto levels = levels_in_turn();
  double before = 0.0;
  for (const double seconds : {1.0, 3600.0, 1e8}) {
    Chip chip = make_chip(aged(device, seconds));
    const double error = rms_error(chip.program(0, kSide, kSide, levels), levels, chip.format());
    EXPECT_GT(error, before) << seconds << " s";
    before = error;
  }
}

TEST(AgeingChip, LeavesStuckCellsAlone) {
  Device device = ideal_device();
  device.stuck_lrs_rate = 1.0;
  device.drift = {.nu_mean = 0.1, .t0_s = 1.0};
  Chip chip = make_chip(aged(device, 1e6));
  EXPECT_THAT(chip.program(0, kSide, kSide, levels_in_turn()).codes,
              Each(chip.format().nominal(3)));
}

TEST(AgeingChip, KeepsTheHistoryOfACellUntilItIsProgrammedAgain) {
  Device device = ideal_device();
  device.one_over_f.rho = 0.02;
  Chip chip = make_chip(aged(device, 1e3));
  auto levels = levels_in_turn();
  const PlantResult before = chip.program(0, kSide, kSide, levels);
  EXPECT_EQ(chip.program(0, kSide, kSide, levels).hash, before.hash);
  levels[5] = static_cast<std::uint8_t>(3 - levels[5]);
  const PlantResult after = chip.program(0, kSide, kSide, levels);
  for (std::size_t i = 0; i < kCells; ++i) {
    if (i == 5) continue;
    EXPECT_EQ(before.codes[i], after.codes[i]) << "cell " << i;
  }
}

/// A law of a device, switched on.
struct Knob {
  const char* name;
  void (*turn)(Device& device);
};
void PrintTo(const Knob& knob, std::ostream* stream) { *stream << knob.name; }

class EveryLaw : public ::testing::TestWithParam<Knob> {};

TEST_P(EveryLaw, MovesTheCodes) {
  const auto levels = levels_in_turn();
  const PlantResult before = make_chip(ideal_device()).program(0, kSide, kSide, levels);
  Device device = ideal_device();
  GetParam().turn(device);
  Chip chip = make_chip(device);
  EXPECT_NE(chip.program(0, kSide, kSide, levels).hash, before.hash);
}

constexpr Knob kKnobs[] = {
    {"programming_error", [](Device& d) { d.programming_sigma_us.coefficients = {1.0}; }},
    {"measured_levels",
     [](Device& d) {
       d.measured_levels = {{5.0, 6.0, 0.0}, {50.0, 52.0, 0.0}};
     }},
    {"cycle_to_cycle", [](Device& d) { d.cycle_to_cycle.sigma = 0.1; }},
    {"device_to_device",
     [](Device& d) {
       d.device_to_device = {0.1, true};
     }},
    {"stuck_lrs", [](Device& d) { d.stuck_lrs_rate = 0.1; }},
    {"stuck_hrs", [](Device& d) { d.stuck_hrs_rate = 0.1; }},
    {"relaxation",
     [](Device& d) {
       d.relaxation = {.law = RelaxationLaw::kLogTime, .sigma_us = 1.0};
       d.elapsed_s = 10.0;
     }},
    {"spread_at_times",
     [](Device& d) {
       d.relaxation = {.law = RelaxationLaw::kSpreadAtTimes,
                       .times_s = {1.0},
                       .total_sigma_us = {{1.0, {1.0}}}};
       d.elapsed_s = 1.0;
     }},
    {"drift",
     [](Device& d) {
       d.drift = {.nu_mean = 0.05, .t0_s = 1.0};
       d.elapsed_s = 10.0;
     }},
    {"one_over_f",
     [](Device& d) {
       d.one_over_f.rho = 0.01;
       d.elapsed_s = 10.0;
     }},
    {"telegraph", [](Device& d) { d.telegraph = {.probability = 0.5, .a_us = 1.0}; }},
    {"endurance", [](Device& d) { d.endurance = Endurance{.cycles = 0.5}; }},
    {"pulses", [](Device& d) { d = pulsed_device(); }},
    {"wires",
     [](Device& d) {
       d.wires = {100.0, 2.5, 2.5, 100.0};
     }},
};
INSTANTIATE_TEST_SUITE_P(Of, EveryLaw, ::testing::ValuesIn(kKnobs),
                         [](const auto& knob) { return std::string(knob.param.name); });

TEST(MeasuredChip, HoldsWhatWasMeasured) {
  Device device = ideal_device();
  auto pages = std::make_shared<ConductancePages>();
  (*pages)[4] = {.rows = 2, .columns = 2, .conductance_us = {5.0, 20.0, 35.5, 51.0}};
  device.measured_pages = pages;
  Chip chip = make_chip(device);
  const std::vector<std::uint8_t> levels = {3, 2, 1, 0};
  const PlantResult result = chip.program(4, 2, 2, levels);
  EXPECT_THAT(result.codes, ::testing::ElementsAre(11, 43, 76, 109));
  const auto error = [&](std::uint32_t crossbar, int rows, int columns) {
    const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(rows * columns), 0);
    return error_of([&] { chip.program(crossbar, rows, columns, zeros); });
  };
  EXPECT_THAT(error(3, 2, 2), HasSubstr("crossbar 3 has no measured page"));
  EXPECT_THAT(error(4, 2, 3), HasSubstr("found a measured page of 2x2 cells, expected 2x3"));
}

}  // namespace
}  // namespace crossloop::analog
