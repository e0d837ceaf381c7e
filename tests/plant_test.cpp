#include "host/analog/plant.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "host/analog/wires.hpp"
#include "host/error.hpp"
#include "tests/input_error.hpp"

namespace crossloop::analog {
namespace {

using ::testing::HasSubstr;
using testing_support::error_of;

constexpr Wires kIdealWires = {0.0, 0.0, 0.0, 0.0};

Device ideal_device(double g_min_us = 5.0, double g_max_us = 50.0) {
  return {.name = "test", .g_min_us = g_min_us, .g_max_us = g_max_us, .wires = kIdealWires};
}

Device varied_device() {
  Device device = ideal_device();
  device.cycle_to_cycle.sigma = 0.1;
  return device;
}

Chip make_chip(const Device& device, std::uint64_t seed, int bits = 8, int fraction_bits = 5) {
  return Chip(device, code_format(device, 2, bits, fraction_bits), seed);
}

std::vector<std::uint8_t> random_levels(std::size_t count, unsigned levels = 4) {
  std::mt19937 rng(7);
  std::vector<std::uint8_t> result(count);
  for (auto& level : result) level = static_cast<std::uint8_t>(rng() % levels);
  return result;
}

std::size_t differences(const PlantResult& a, const PlantResult& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.codes.size(); ++i) count += a.codes[i] != b.codes[i] ? 1U : 0U;
  return count;
}

TEST(Chip, WithoutErrorsHoldsTheNominalCodes) {
  for (const double on_off : {4.5, 10.0, 100.0}) {
    for (const auto& [cell_bits, fraction_bits] : {std::pair{1, 6}, {2, 5}, {3, 4}, {4, 3}}) {
      const Device device = ideal_device(50.0 / on_off, 50.0);
      const CodeFormat format = code_format(device, cell_bits, 8, fraction_bits);
      const auto levels = random_levels(16 * 8, static_cast<unsigned>(format.levels()));
      const PlantResult result = Chip(device, format, 1).program(0, 16, 8, levels);
      for (std::size_t i = 0; i < levels.size(); ++i) {
        ASSERT_EQ(result.codes[i], format.nominal(levels[i]))
            << "on/off " << on_off << ", " << cell_bits << " bits, cell " << i;
      }
      EXPECT_EQ(result.saturated, 0);
    }
  }
}

TEST(Chip, WithoutErrorsHoldsTheNominalCodesWhenThePedestalIsOnATie) {
  const Device device = ideal_device(0.3, 2.7);  // 4 * 0.3 / 0.8 = 1.5
  const CodeFormat format = code_format(device, 2, 8, 2);
  const std::vector<std::uint8_t> levels = {0, 1, 2, 3};
  const PlantResult result = Chip(device, format, 1).program(0, 2, 2, levels);
  EXPECT_THAT(result.codes, ::testing::ElementsAre(2, 6, 10, 14));
}

TEST(Chip, GivesTheSameCodesForTheSameSeedOnly) {
  const auto levels = random_levels(32 * 32);
  const PlantResult once = make_chip(varied_device(), 5).program(3, 32, 32, levels);
  const PlantResult again = make_chip(varied_device(), 5).program(3, 32, 32, levels);
  const PlantResult other = make_chip(varied_device(), 6).program(3, 32, 32, levels);
  const PlantResult high_word =
      make_chip(varied_device(), 5 + (1ULL << 32)).program(3, 32, 32, levels);
  EXPECT_EQ(once.codes, again.codes);
  EXPECT_EQ(once.hash, again.hash);
  EXPECT_GT(differences(once, other), 500u);
  EXPECT_GT(differences(once, high_word), 500u);
  EXPECT_NE(once.hash, other.hash);
}

TEST(Chip, DrawsEveryCrossbarOnItsOwnWhateverTheOrder) {
  const auto levels = random_levels(32 * 32);
  Chip forwards = make_chip(varied_device(), 5);
  Chip backwards = make_chip(varied_device(), 5);
  const PlantResult first = forwards.program(0, 32, 32, levels);
  const PlantResult second = forwards.program(1, 32, 32, levels);
  EXPECT_GT(differences(first, second), 500u);
  EXPECT_EQ(backwards.program(1, 32, 32, levels).codes, second.codes);
  EXPECT_EQ(backwards.program(0, 32, 32, levels).codes, first.codes);
}

TEST(Chip, DrawsOnlyTheCellsWhoseLevelChanged) {
  auto levels = random_levels(16 * 16);
  Chip chip = make_chip(varied_device(), 5);
  const PlantResult before = chip.program(0, 16, 16, levels);
  EXPECT_EQ(chip.cells_programmed(), 256);
  levels[37] = static_cast<std::uint8_t>((levels[37] + 2) % 4);
  const PlantResult after = chip.program(0, 16, 16, levels);
  EXPECT_EQ(chip.cells_programmed(), 257);
  EXPECT_EQ(differences(before, after), 1u);
  EXPECT_NE(before.codes[37], after.codes[37]);
  EXPECT_EQ(chip.program(0, 16, 16, levels).hash, after.hash);
  EXPECT_EQ(chip.cells_programmed(), 257);
}

TEST(Chip, DrawsACellAnewEachTimeItIsProgrammed) {
  const std::vector<std::uint8_t> high(64, 3), low(64, 1);
  Chip chip = make_chip(varied_device(), 5);
  const PlantResult first = chip.program(0, 8, 8, high);
  chip.program(0, 8, 8, low);
  EXPECT_GT(differences(first, chip.program(0, 8, 8, high)), 40u);
}

TEST(Chip, LetsAChangedCellMoveItsNeighboursThroughTheWires) {
  Device device = ideal_device();
  device.wires = {1000.0, 5.0, 10.0, 1000.0};
  auto levels = random_levels(32 * 32);
  Chip chip = make_chip(device, 5, 12, 9);
  const PlantResult before = chip.program(0, 32, 32, levels);
  levels[100] = levels[100] == 3 ? 0 : 3;
  EXPECT_GT(differences(before, chip.program(0, 32, 32, levels)), 10u);
}

TEST(Chip, ReadsTheEffectiveConductanceOfItsArray) {
  Device device = ideal_device();
  device.wires = {1000.0, 5.0, 10.0, 1000.0};
  const auto levels = random_levels(4 * 6);
  const PlantResult result = make_chip(device, 5).program(0, 4, 6, levels);
  Eigen::MatrixXd g(4, 6);
  for (int i = 0; i < 24; ++i) {
    g(i / 6, i % 6) = 5.0 + 15.0 * levels[static_cast<std::size_t>(i)];
  }
  const Eigen::MatrixXd effective = effective_conductance_reference(g, device.wires);
  for (int i = 0; i < 24; ++i) {
    EXPECT_EQ(result.codes[static_cast<std::size_t>(i)],
              std::floor(32.0 * effective(i / 6, i % 6) / 15.0 + 0.5));
  }
}

TEST(Chip, SpreadsCellsByTheGivenSigma) {
  const Device device = varied_device();
  const std::vector<std::uint8_t> levels(64 * 64, 2);  // 35 uS
  Chip chip = make_chip(device, 11, 12, 7);
  const double nominal = 128.0 * 35.0 / 15.0;
  double sum = 0.0, squares = 0.0;
  constexpr int kArrays = 8;
  for (std::uint32_t crossbar = 0; crossbar < kArrays; ++crossbar) {
    for (const std::uint16_t code : chip.program(crossbar, 64, 64, levels).codes) {
      const double error = code / nominal - 1.0;
      sum += error;
      squares += error * error;
    }
  }
  constexpr double kCells = kArrays * 64 * 64;
  // Five standard errors: sigma / sqrt(n) of the mean, sigma / sqrt(2 n) of the deviation.
  EXPECT_NEAR(sum / kCells, 0.0, 5 * 0.1 / std::sqrt(kCells));
  EXPECT_NEAR(std::sqrt(squares / kCells), 0.1, 5 * 0.1 / std::sqrt(2 * kCells));
}

TEST(Chip, NeverHoldsANegativeConductance) {
  Device device = ideal_device();
  device.cycle_to_cycle.sigma = 1.0;
  const std::vector<std::uint8_t> levels(32 * 32, 1);
  const PlantResult result = make_chip(device, 1).program(0, 32, 32, levels);
  EXPECT_GT(std::count(result.codes.begin(), result.codes.end(), 0), 100);  // 16 % below 0
  EXPECT_EQ(result.saturated, 0);
}

class FaultyChip : public ::testing::Test {
 protected:
  static Device device() {
    Device device = ideal_device();
    device.stuck_lrs_rate = 0.09;
    device.stuck_hrs_rate = 0.02;
    return device;
  }
  Chip chip_ = make_chip(device(), 21);
};

TEST_F(FaultyChip, HasTheGivenShareOfEachFault) {
  int lrs = 0, hrs = 0;
  for (std::uint32_t crossbar = 0; crossbar < 8; ++crossbar) {
    for (int cell = 0; cell < 64 * 64; ++cell) {
      const CellFault fault = chip_.fault(crossbar, cell / 64, cell % 64);
      lrs += fault == CellFault::kStuckLrs ? 1 : 0;
      hrs += fault == CellFault::kStuckHrs ? 1 : 0;
    }
  }
  constexpr double kCells = 8 * 64 * 64;
  EXPECT_NEAR(lrs / kCells, 0.09, 5 * std::sqrt(0.09 * 0.91 / kCells));
  EXPECT_NEAR(hrs / kCells, 0.02, 5 * std::sqrt(0.02 * 0.98 / kCells));
}

TEST_F(FaultyChip, KeepsItsFaultsWhateverIsProgrammed) {
  const std::vector<std::uint8_t> low(256, 0), high(256, 3);
  const PlantResult at_low = chip_.program(2, 16, 16, low);
  const PlantResult at_high = chip_.program(2, 16, 16, high);
  int faults = 0;
  for (int i = 0; i < 256; ++i) {
    const auto cell = static_cast<std::size_t>(i);
    const CellFault fault = chip_.fault(2, i / 16, i % 16);
    faults += fault == CellFault::kNone ? 0 : 1;
    const int stuck = fault == CellFault::kStuckLrs ? 3 : 0;
    const int expected_low = fault == CellFault::kNone ? 0 : stuck;
    const int expected_high = fault == CellFault::kNone ? 3 : stuck;
    EXPECT_EQ(at_low.codes[cell], chip_.format().nominal(expected_low));
    EXPECT_EQ(at_high.codes[cell], chip_.format().nominal(expected_high));
  }
  EXPECT_GT(faults, 5);
}

TEST_F(FaultyChip, ThatIsWhollyStuckHoldsOneState) {
  Device device = ideal_device();
  device.stuck_lrs_rate = 1.0;
  Chip chip = make_chip(device, 3);
  const auto levels = random_levels(64);
  EXPECT_THAT(chip.program(0, 8, 8, levels).codes, ::testing::Each(chip.format().nominal(3)));
}

TEST(Chip, CountsSaturatedCells) {
  const Device device = ideal_device();
  CodeFormat format = code_format(device, 2, 8, 5);
  format.bits = 6;  // limit 63; nominal codes 11, 43, 75, 107
  Chip chip(device, format, 1);
  const std::vector<std::uint8_t> levels = {0, 1, 2, 3, 3, 1};
  const PlantResult result = chip.program(0, 2, 3, levels);
  EXPECT_EQ(result.saturated, 3);
  EXPECT_THAT(result.codes, ::testing::ElementsAre(11, 43, 63, 63, 63, 43));
}

TEST(Chip, RefusesBadLevelsAndSizesAndStaysAsItWas) {
  Chip chip = make_chip(varied_device(), 1);
  auto levels = random_levels(4 * 6);
  const PlantResult good = chip.program(9, 4, 6, levels);
  auto bad = levels;
  bad[13] = 4;
  EXPECT_EQ(error_of([&] { chip.program(9, 4, 6, bad); }),
            "crossbar 9: cell (2, 1): found level 4, expected 0 to 3");
  EXPECT_EQ(error_of([&] { chip.program(9, 6, 4, levels); }),
            "crossbar 9: found 6x4 cells, expected 4x6 as when first programmed");
  EXPECT_THAT(error_of([&] { chip.program(9, 4, 5, levels); }),
              HasSubstr("found 24 levels, expected 20"));
  EXPECT_THAT(error_of([&] { chip.program(9, 0, 5, {}); }), HasSubstr("expected at least 1x1"));
  EXPECT_EQ(chip.cells_programmed(), 24);
  EXPECT_EQ(chip.program(9, 4, 6, levels).hash, good.hash);
}

TEST(HashCodes, IsFnv1aOverLittleEndianBytes) {
  EXPECT_EQ(hash_codes({}), 0xCBF29CE484222325U);
  const std::vector<std::uint16_t> codes = {0x6f66, 0x626f, 0x7261};  // "foobar"
  EXPECT_EQ(hash_codes(codes), 0x85944171F73967E8U);
}

}  // namespace
}  // namespace crossloop::analog
