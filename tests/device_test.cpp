#include "host/analog/device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "host/error.hpp"
#include "tests/input_error.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kProject = CROSSLOOP_SOURCE_DIR;

constexpr const char* kMinimal =
    "name = 'mine'\n[conductance]\ng_min_us = 1\ng_max_us = 11\n"
    "[wires]\ndriver_ohm = 1\nrow_ohm = 2\ncolumn_ohm = 3\nsense_ohm = 4\n";

class DeviceFile : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_ / "configs" / "devices"); }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& text) const {
    const fs::path path = folder_ / "configs" / "devices" / "mine.toml";
    std::ofstream(path) << text;
    return path;
  }

  std::string error_of(const std::string& text) const {
    return testing_support::error_of([&] { read_device(write(text)); });
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("device_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(DeviceFile, GivesEveryNumberItsPlace) {
  const Device device = read_device(write(std::string(kMinimal) +
                                          "[variation]\ncycle_to_cycle_sigma_over_mean = 0.1\n" +
                                          "[faults]\nstuck_lrs_rate = 0.2\nstuck_hrs_rate = 0.3\n" +
                                          "[read_noise]\nsigma_over_g_max = 0.4\n"));
  EXPECT_EQ(device.name, "mine");
  EXPECT_EQ(device.g_min_us, 1.0);
  EXPECT_EQ(device.g_max_us, 11.0);
  EXPECT_EQ(device.cycle_to_cycle.sigma, 0.1);
  EXPECT_EQ(device.stuck_lrs_rate, 0.2);
  EXPECT_EQ(device.stuck_hrs_rate, 0.3);
  EXPECT_EQ(device.read_noise_over_g_max, 0.4);
  EXPECT_EQ(device.wires.driver_ohm, 1.0);
  EXPECT_EQ(device.wires.row_ohm, 2.0);
  EXPECT_EQ(device.wires.column_ohm, 3.0);
  EXPECT_EQ(device.wires.sense_ohm, 4.0);
}

TEST_F(DeviceFile, HasNoErrorsUnlessItSaysSo) {
  const Device device = read_device(write(kMinimal));
  EXPECT_EQ(device.cycle_to_cycle.sigma, 0.0);
  EXPECT_EQ(device.stuck_lrs_rate, 0.0);
  EXPECT_EQ(device.stuck_hrs_rate, 0.0);
  EXPECT_EQ(device.read_noise_over_g_max, 0.0);
}

TEST_F(DeviceFile, IsRefusedWithoutWires) {
  EXPECT_THAT(error_of("name = 'x'\n[conductance]\ng_min_us = 1\ng_max_us = 2\n"),
              HasSubstr("'wires.driver_ohm' is missing"));
}

TEST_F(DeviceFile, IsRefusedForAnUnknownKeyInAnyTable) {
  const std::string text = kMinimal;
  EXPECT_THAT(error_of("nam = 'x'\n" + text), HasSubstr("unknown key 'nam'"));
  EXPECT_THAT(error_of(text + "extra_ohm = 1\n"), HasSubstr("unknown key 'wires.extra_ohm'"));
  EXPECT_THAT(error_of(text + "[variation]\nsigma = 1\n"), HasSubstr("'variation.sigma'"));
  EXPECT_THAT(error_of(text + "[faults]\nrate = 1\n"), HasSubstr("'faults.rate'"));
  EXPECT_THAT(error_of(text + "[read_noise]\nsigma = 1\n"), HasSubstr("'read_noise.sigma'"));
  EXPECT_THAT(error_of(text + "[drift]\nnu = 1\n"), HasSubstr("unknown key 'drift.nu'"));
  EXPECT_THAT(error_of(text + "[drifting]\nnu = 1\n"), HasSubstr("unknown key 'drifting'"));
}

TEST_F(DeviceFile, IsRefusedForNumbersNoDeviceHas) {
  const std::string text = kMinimal;
  EXPECT_THAT(error_of("name = 'x'\n[conductance]\ng_min_us = 2\ng_max_us = 2\n"),
              AllOf(HasSubstr(":4: key 'conductance.g_max_us'"), HasSubstr("more than g_min_us")));
  EXPECT_THAT(error_of("name = 'x'\n[conductance]\ng_min_us = -1\ng_max_us = 2\n"),
              HasSubstr("found -1"));
  EXPECT_THAT(error_of(text + "[faults]\nstuck_lrs_rate = 0.6\nstuck_hrs_rate = 0.6\n"),
              HasSubstr("expected at most 1"));
  EXPECT_THAT(error_of(text + "[variation]\ncycle_to_cycle_sigma_over_mean = -0.1\n"),
              HasSubstr("from 0 to 1"));
}

TEST_F(DeviceFile, IsFoundByNameOrPath) {
  const fs::path path = write(kMinimal);
  EXPECT_EQ(find_device("mine", folder_).name, "mine");
  EXPECT_EQ(find_device(path.string(), "/nowhere").name, "mine");
}

TEST_F(DeviceFile, IsMissedWithAListOfThePresets) {
  write(kMinimal);
  try {
    find_device("yours", folder_);
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'yours'"), HasSubstr("presets: mine")));
  }
  EXPECT_THROW(find_device("yours", "/nowhere"), InputError);
}

TEST(DevicePresets, AreReadableAndNamedAfterTheirFile) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(kProject / "configs" / "devices")) {
    const Device device = find_device(entry.path().stem().string(), kProject);
    EXPECT_EQ(device.name, entry.path().stem().string());
    EXPECT_NO_THROW(code_format(device, 2, 8, 5)) << device.name;
    if (!device.levels || *device.levels >= 16) {
      EXPECT_NO_THROW(code_format(device, 4, 8, 3)) << device.name;
    }
    ++count;
  }
  EXPECT_GE(count, 8);
}

TEST(DevicePresets, HoldTheNumbersTheyPromise) {
  const Device demo = find_device("demo", kProject);
  EXPECT_NEAR(demo.stuck_lrs_rate + demo.stuck_hrs_rate, 0.005, 1e-12);
  EXPECT_NEAR(demo.stuck_lrs_rate / demo.stuck_hrs_rate, 81.6 / 18.4, 1e-9);
  EXPECT_EQ(demo.wires.driver_ohm, 100.0);
  EXPECT_TRUE(find_device("ideal", kProject).wires.ideal());
  const Device date2022 = find_device("date2022", kProject);
  EXPECT_EQ(date2022.wires.row_ohm, 5.0);
  EXPECT_EQ(date2022.wires.column_ohm, 10.0);
}

TEST(DevicePresets, AreThereForTheDevicesPeopleAskFor) {
  for (const char* name : {"ideal", "default", "date2022", "milo2021", "wan2022", "cmo_hfox",
                           "isaac2016", "liu2017_faults", "pulses"}) {
    EXPECT_NO_THROW(find_device(name, kProject)) << name;
  }
  const Device milo = find_device("milo2021", kProject);
  EXPECT_NEAR(milo.programming_sigma_us.at(50.0), 4.3, 0.05);
  EXPECT_NEAR(milo.programming_sigma_us.at(100.0), 3.9, 0.05);
  EXPECT_NEAR(milo.programming_sigma_us.at(225.0), 2.7, 0.05);
  const Device faulty = find_device("liu2017_faults", kProject);
  EXPECT_NEAR(faulty.stuck_lrs_rate + faulty.stuck_hrs_rate, 0.16, 1e-12);
  EXPECT_EQ(faulty.stuck_lrs_us->high_us, 1200.0);
  EXPECT_EQ(find_device("isaac2016", kProject).levels, 4);
}

TEST(CodeFormat, PlacesLevelZeroAtTheRoundedPedestal) {
  const Device device = {.g_min_us = 5.0, .g_max_us = 50.0};
  EXPECT_EQ(code_format(device, 2, 8, 5).reference, 11);  // 32 * 5 / 15 = 10.67
  EXPECT_EQ(code_format(device, 4, 8, 3).reference, 13);  // 8 * 5 / 3 = 13.33
  EXPECT_EQ(code_format(device, 2, 8, 5).nominal(3), 11 + 96);
}

TEST(CodeFormat, RoundsAPedestalOnATieUpwards) {
  // 4 * 0.3 / 0.8 = 1.5, which double precision puts just below.
  const Device device = {.g_min_us = 0.3, .g_max_us = 2.7};
  EXPECT_EQ(code_format(device, 2, 8, 2).reference, 2);
}

TEST(CodeFormat, RefusesADeviceWhoseHighestCodeDoesNotFit) {
  const Device device = {.name = "low", .g_min_us = 50.0, .g_max_us = 60.0};
  try {
    code_format(device, 2, 8, 5);
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("device low"), HasSubstr("found code 576"),
                                    HasSubstr("at most 255")));
  }
}

TEST(CodeFormat, RefusesParametersOutsideTheContract) {
  const Device device;
  EXPECT_THROW(code_format(device, 0, 8, 5), InputError);
  EXPECT_THROW(code_format(device, 5, 12, 5), InputError);
  EXPECT_THROW(code_format(device, 2, 3, 0), InputError);
  EXPECT_THROW(code_format(device, 2, 13, 5), InputError);
  EXPECT_THROW(code_format(device, 2, 8, -1), InputError);
}

TEST(NoiseSigma, GivesTheDeviceItsStandardDeviation) {
  const Device device = {.g_min_us = 5.0, .g_max_us = 50.0, .read_noise_over_g_max = 0.005};
  const CodeFormat format = code_format(device, 2, 8, 5);
  const std::int32_t sigma = noise_sigma(device, format);
  EXPECT_EQ(sigma, 10);  // 0.5333 code units * 256 / sqrt(170) = 10.47
  EXPECT_EQ(noise_sigma(Device{}, format), 0);
}

TEST(NoiseSigma, RefusesWhatTheTableCannotHold) {
  const Device device = {.g_min_us = 49.0, .g_max_us = 50.0, .read_noise_over_g_max = 1.0};
  EXPECT_THROW(noise_sigma(device, {.cell_bits = 4, .bits = 12, .fraction_bits = 12}), InputError);
}

TEST(CodeFormat, RefusesMoreLevelsThanTheDeviceHas) {
  const Device device = {.name = "two bits", .levels = 4};
  EXPECT_NO_THROW(code_format(device, 2, 8, 5));
  EXPECT_THROW(code_format(device, 3, 8, 4), InputError);
}

}  // namespace
}  // namespace crossloop::analog
