#include "host/analog/components.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kProject = CROSSLOOP_SOURCE_DIR;

class ComponentFile : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    std::ostringstream text;
    text << std::ifstream(kProject / "configs/components/puma.toml").rdbuf();
    text_ = text.str();
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Reads PUMA's table with `from` replaced by `to`.
  std::string error_with(const std::string& from, const std::string& to) const {
    std::string changed = text_;
    const auto at = changed.find(from);
    if (at == std::string::npos) return "nothing to replace";
    changed.replace(at, from.size(), to);
    std::ofstream(folder_ / "mine.toml") << changed;
    try {
      read_components(folder_ / "mine.toml");
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }

  std::string text_;
  fs::path folder_ = fs::path(::testing::TempDir()) /
                     ("components_" +
                      std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(ComponentFile, GivesEveryNumberItsPlace) {
  const ComponentTable puma = find_components("puma", kProject);
  EXPECT_EQ(puma.name, "puma");
  EXPECT_THAT(puma.source, HasSubstr("ASPLOS 2019"));
  EXPECT_EQ(puma.organisation.adcs_per_crossbar, 1);
  EXPECT_EQ(puma.organisation.crossbars_per_shift_add, 1);
  EXPECT_EQ(puma.organisation.crossbars_per_ima, 16);
  EXPECT_EQ(puma.organisation.imas_per_tile, 8);
  EXPECT_EQ(puma.organisation.tiles_per_router, 4);
  EXPECT_EQ(puma.adc.bits, 8);
  EXPECT_EQ(puma.adc.rate_msps, 1280.0);
  EXPECT_EQ(puma.adc.energy_pj, 1.5625);
  EXPECT_EQ(puma.adc.area_um2, 1200.0);
  EXPECT_EQ(puma.dac.energy_pj, 0.39);
  EXPECT_EQ(puma.sample_hold.area_um2, 0.039);
  ASSERT_EQ(puma.arrays.size(), 4U);
  EXPECT_EQ(puma.arrays[1].side, 64);
  EXPECT_EQ(puma.arrays[1].power_mw, 0.075);
  EXPECT_EQ(puma.arrays[1].area_um2, 6.25);
  EXPECT_EQ(puma.read_ns, 100.0);
  EXPECT_EQ(puma.shift_add.energy_pj, 0.05);
  EXPECT_EQ(puma.input_register.energy_pj, 0.0136);
  EXPECT_EQ(puma.output_register.energy_pj, 0.2);
  EXPECT_EQ(puma.edram.energy_pj, 17.2);
  EXPECT_EQ(puma.bus.energy_pj, 0.0273);
  EXPECT_EQ(puma.router.bits, 32);
  EXPECT_EQ(puma.tile_logic_um2, 7300.0);
}

TEST_F(ComponentFile, IsRefusedWithKeyLineAndRange) {
  EXPECT_THAT(error_with("read_ns = 100.0", "read_ns = 0"),
              AllOf(HasSubstr("mine.toml:"), HasSubstr("'array.read_ns'"), HasSubstr("found 0")));
  EXPECT_THAT(error_with("energy_pj = 1.5625", "energy_pj = -1"),
              AllOf(HasSubstr("'adc.energy_pj'"), HasSubstr("found -1"), HasSubstr("to 1000000")));
  EXPECT_THAT(error_with("bits = 8 ", "bits = 13 "),
              AllOf(HasSubstr("'adc.bits'"), HasSubstr("1 to 12")));
  EXPECT_THAT(error_with("flit_bits = 32", "flits = 32"), HasSubstr("'router.flit_bits'"));
  EXPECT_THAT(error_with("[bus]", "[bus]\nspeed = 3"),
              AllOf(HasSubstr("mine.toml:"), HasSubstr("'bus.speed'")));
  EXPECT_THAT(error_with("[tile_logic]", "[hobby]\nx = 1\n[tile_logic]"), HasSubstr("'hobby'"));
}

TEST_F(ComponentFile, IsRefusedWhereArraysDoNotMatch) {
  EXPECT_THAT(error_with("[0.01875, 0.075, 0.3, 1.2]", "[0.01875, 0.075, 0.3]"),
              AllOf(HasSubstr("mine.toml:"), HasSubstr("'array.power_mw'"),
                    HasSubstr("found 3 numbers, expected 4")));
  EXPECT_THAT(error_with("[32, 64, 128, 256]", "[32, 64, 256, 128]"),
              AllOf(HasSubstr("'array.sides'"), HasSubstr("found 128")));
  EXPECT_THAT(error_with("[32, 64, 128, 256]", "[32, 64.5, 128, 256]"), HasSubstr("found 64.5"));
  EXPECT_THAT(error_with("[32, 64, 128, 256]", "[]"), HasSubstr("found no size"));
}

TEST_F(ComponentFile, IsFoundByNameOrPath) {
  EXPECT_EQ(find_components("isaac", kProject).name, "isaac");
  EXPECT_EQ(error_with("name = \"puma\"", "name = \"mine\""), "no error");
  EXPECT_EQ(find_components((folder_ / "mine.toml").string(), kProject).name, "mine");
  try {
    find_components("tpu", kProject);
    FAIL() << "found a table of that name";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'tpu'"), HasSubstr("isaac, puma")));
  }
}

TEST_F(ComponentFile, ArraysAreTakenBySizeElseScaledByCells) {
  const ComponentTable puma = find_components("puma", kProject);
  const ArrayChoice exact = array_of(puma, 64, 64);
  EXPECT_FALSE(exact.scaled);
  EXPECT_EQ(exact.from.side, 64);
  EXPECT_DOUBLE_EQ(exact.energy_pj, 7.5);
  EXPECT_DOUBLE_EQ(exact.area_um2, 6.25);
  const ArrayChoice small = array_of(puma, 16, 16);
  EXPECT_TRUE(small.scaled);
  EXPECT_EQ(small.from.side, 32);
  EXPECT_DOUBLE_EQ(small.energy_pj, 1.875 / 4.0);
  EXPECT_TRUE(array_of(puma, 128, 32).scaled);  // as many cells as 64x64
  EXPECT_DOUBLE_EQ(array_of(puma, 128, 32).energy_pj, 7.5);
  const ArrayChoice of_isaac = array_of(find_components("isaac", kProject), 64, 64);
  EXPECT_EQ(of_isaac.from.side, 128);
  EXPECT_DOUBLE_EQ(of_isaac.energy_pj, 7.5);
}

/// An IMA and a tile of ISAAC add up to their totals: 0.0131 mm2 and 0.372 mm2.
TEST_F(ComponentFile, IsaacsAreasAddUp) {
  const ComponentTable isaac = find_components("isaac", kProject);
  const double ima_um2 =
      8 * (isaac.adc.area_um2 + 128 * (isaac.dac.area_um2 + isaac.sample_hold.area_um2) +
           isaac.arrays.at(0).area_um2) +
      4 * isaac.shift_add.area_um2 + isaac.input_register.area_um2 + isaac.output_register.area_um2;
  EXPECT_NEAR(ima_um2, 13'100.0, 50.0);
  const double tile_um2 = 12 * ima_um2 + isaac.edram.area_um2 + isaac.bus.area_um2 +
                          isaac.router.area_um2 / 4 + isaac.tile_logic_um2;
  EXPECT_NEAR(tile_um2, 372'000.0, 500.0);
}

}  // namespace
}  // namespace crossloop::analog
