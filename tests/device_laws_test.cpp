// The laws of a device file: where each number goes, and what may not stand together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/analog/device.hpp"
#include "host/error.hpp"
#include "tests/input_error.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMinimal =
    "name = 'mine'\n[conductance]\ng_min_us = 1\ng_max_us = 11\n"
    "[wires]\ndriver_ohm = 1\nrow_ohm = 2\ncolumn_ohm = 3\nsense_ohm = 4\n";

constexpr const char* kPulses =
    "[programming]\nmode = 'pulses'\n"
    "[pulses]\nset_step = 0.05\nreset_step = 0.04\ng_bottom_us = 0.5\ng_top_us = 12\n"
    "cycle_to_cycle_sigma_over_mean = 0.3\ndevice_to_device_log_sigma = 0.2\ntolerance_us = 0.5\n"
    "verify_noise_us = 0.1\nbudget = 100\nset_energy_pj = 1\nreset_energy_pj = 2\n"
    "verify_energy_pj = 3\n";

class DeviceLaws : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  Device read(const std::string& text) const {
    std::ofstream(folder_ / "mine.toml") << kMinimal << text;
    return read_device(folder_ / "mine.toml");
  }

  std::string error_of(const std::string& text) const {
    return testing_support::error_of([&] { read(text); });
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("laws_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(DeviceLaws, GiveTheProgrammingErrorItsPlace) {
  const Device device = read("[programming]\nerror_sigma_us = [1, 2]\nerror_scale_us = 40\n");
  EXPECT_EQ(device.mode, ProgrammingMode::kFit);
  EXPECT_EQ(device.programming_sigma_us.scale_us, 40.0);
  EXPECT_THAT(device.programming_sigma_us.coefficients, ElementsAre(1.0, 2.0));
}

TEST_F(DeviceLaws, GiveVariationItsKindByTheNameOfTheKey) {
  const Device normal = read(
      "[variation]\ncycle_to_cycle_sigma_over_mean = 0.1\ndevice_to_device_sigma_over_mean = "
      "0.2\n");
  EXPECT_EQ(normal.cycle_to_cycle.sigma, 0.1);
  EXPECT_EQ(normal.device_to_device.sigma, 0.2);
  EXPECT_FALSE(normal.cycle_to_cycle.log_normal || normal.device_to_device.log_normal);
  const Device logs =
      read("[variation]\ncycle_to_cycle_log_sigma = 0.1\ndevice_to_device_log_sigma = 0.2\n");
  EXPECT_TRUE(logs.cycle_to_cycle.log_normal && logs.device_to_device.log_normal);
  EXPECT_THAT(error_of("[variation]\ncycle_to_cycle_log_sigma = 0.1\n"
                       "cycle_to_cycle_sigma_over_mean = 0.1\n"),
              AllOf(HasSubstr("mine.toml:11"), HasSubstr("cycle_to_cycle_log_sigma"),
                    HasSubstr("expected one of them")));
}

TEST_F(DeviceLaws, GiveFaultsNoiseAndEnduranceTheirPlace) {
  const Device device = read(
      "[faults]\nstuck_lrs_rate = 0.1\nstuck_lrs_us = [20, 30]\nstuck_hrs_us = [0.1, 0.1]\n"
      "[telegraph]\nprobability = 0.5\na_us = 0.1\nb = 0.01\n"
      "[endurance]\ncycles = 1e6\nlog10_sigma = 0.5\nfails_to = 'stuck_hrs'\n");
  EXPECT_EQ(device.stuck_lrs_us->low_us, 20.0);
  EXPECT_EQ(device.stuck_lrs_us->high_us, 30.0);
  EXPECT_EQ(device.stuck_hrs_us->low_us, 0.1);
  EXPECT_EQ(device.telegraph.probability, 0.5);
  EXPECT_EQ(device.telegraph.a_us, 0.1);
  EXPECT_EQ(device.telegraph.b, 0.01);
  EXPECT_EQ(device.endurance->cycles, 1e6);
  EXPECT_EQ(device.endurance->log10_sigma, 0.5);
  EXPECT_FALSE(device.endurance->fails_to_lrs);
  EXPECT_THAT(error_of("[faults]\nstuck_lrs_us = [30, 20]\n"), HasSubstr("[low, high]"));
  EXPECT_THAT(error_of("[faults]\nstuck_hrs_us = [0, 1]\n"), HasSubstr("stuck_hrs_us[0]"));
  EXPECT_THAT(error_of("[telegraph]\nprobability = 0.5\na_us = 0\nb = 0\n"),
              HasSubstr("would do nothing"));
}

TEST_F(DeviceLaws, GiveTimeItsPlace) {
  const Device device = read(
      "[relaxation]\nlaw = 'log_time'\nshift_us_per_ln_s = -0.1\nsigma_us = 0.4\n"
      "sigma_us_per_ln_s = 0.04\n[drift]\nnu_mean = 0.1\nnu_sigma = 0.05\nt0_s = 20\n"
      "[read_noise]\none_over_f_rho = 0.01\n[time]\nelapsed_s = 3600\n");
  EXPECT_EQ(device.relaxation.shift_us_per_ln_s, -0.1);
  EXPECT_EQ(device.relaxation.sigma_us, 0.4);
  EXPECT_EQ(device.relaxation.sigma_us_per_ln_s, 0.04);
  EXPECT_EQ(device.drift.nu_mean, 0.1);
  EXPECT_EQ(device.drift.nu_sigma, 0.05);
  EXPECT_EQ(device.drift.t0_s, 20.0);
  EXPECT_EQ(device.one_over_f.rho, 0.01);
  EXPECT_EQ(device.one_over_f.t_r_s, 250e-9);
  EXPECT_EQ(device.elapsed_s, 3600.0);
  EXPECT_EQ(aged(device, 60.0).elapsed_s, 60.0);
  EXPECT_THROW(aged(device, 10.0), InputError) << "before t0";
}

constexpr const char* kSpreadAtTimes =
    "[relaxation]\nlaw = 'spread_at_times'\ntimes_s = [1, 100]\nscale_us = 10\n"
    "sigma_us = [1, 2, 3, 4, 5, 6]\n";

TEST_F(DeviceLaws, CutTheCoefficientsOfTheTimes) {
  const Device device = read(std::string(kSpreadAtTimes) + "[time]\nelapsed_s = 10\n");
  ASSERT_EQ(device.relaxation.total_sigma_us.size(), 2u);
  EXPECT_THAT(device.relaxation.total_sigma_us[1].coefficients, ElementsAre(4.0, 5.0, 6.0));
  EXPECT_EQ(device.relaxation.total_sigma_us[1].scale_us, 10.0);
  EXPECT_THAT(error_of("[relaxation]\nlaw = 'spread_at_times'\ntimes_s = [1, 100]\nscale_us = 10\n"
                       "sigma_us = [1, 2, 3]\n"),
              HasSubstr("3 coefficients"));
  EXPECT_THAT(error_of("[relaxation]\nlaw = 'spread_at_times'\ntimes_s = [9, 9]\nscale_us = 10\n"
                       "sigma_us = [1, 2]\n"),
              HasSubstr("rising"));
}

TEST_F(DeviceLaws, RefuseAnEffectThatWouldDoNothing) {
  EXPECT_THAT(error_of(kSpreadAtTimes), HasSubstr("'time.elapsed_s' is missing"));
  EXPECT_THAT(error_of("[read_noise]\none_over_f_rho = 0.01\n"),
              HasSubstr("'time.elapsed_s' is missing"));
  EXPECT_THAT(error_of("[time]\nelapsed_s = 10\n"),
              AllOf(HasSubstr("mine.toml:11: key 'time.elapsed_s'"),
                    HasSubstr("nothing in it changes with time")));
  EXPECT_THAT(error_of(std::string(kSpreadAtTimes) + "[time]\nelapsed_s = 101\n"),
              HasSubstr("hold from 1 to 100 s"));
}

TEST_F(DeviceLaws, RefuseAnErrorThatIsNegativeOrNone) {
  EXPECT_THAT(error_of("[programming]\nerror_sigma_us = [1, -1]\n"),
              AllOf(HasSubstr("programming.error_sigma_us"), HasSubstr("at a target of")));
  EXPECT_THAT(error_of("[programming]\nerror_sigma_us = [0]\n"), HasSubstr("no error at any"));
  EXPECT_THAT(error_of("[faults]\nstuck_lrs_us = [20, 30]\n"), HasSubstr("would do nothing"));
  EXPECT_THAT(error_of("[read_noise]\none_over_f_t_r_s = 1e-6\n"), HasSubstr("unknown key"));
}

TEST_F(DeviceLaws, RefusePulsesThatEndBeforeTheLevelsDo) {
  std::string pulses = kPulses;
  pulses.replace(pulses.find("g_top_us = 12"), 13, "g_top_us = 10");
  EXPECT_THAT(error_of(pulses), AllOf(HasSubstr("pulses.g_top_us"), HasSubstr("less than g_max")));
  pulses = kPulses;
  pulses.replace(pulses.find("g_bottom_us = 0.5"), 17, "g_bottom_us = 1.5");
  EXPECT_THAT(error_of(pulses), HasSubstr("pulses.g_bottom_us"));
}

TEST_F(DeviceLaws, NameAnEffectThatCannotEnterADeployment) {
  for (const char* key :
       {"nonlinearity", "gated_rows", "sneak_paths", "read_disturb", "temperature"}) {
    EXPECT_THAT(error_of("[" + std::string(key) + "]\nsize = 1\n"),
                AllOf(HasSubstr("mine.toml:10: key '" + std::string(key) + "'"),
                      HasSubstr("cannot enter a deployment"), HasSubstr("INL table")));
  }
  EXPECT_THAT(error_of("[read_noise]\nsigma_over_g = 0.1\n"),
              AllOf(HasSubstr("read_noise.sigma_over_g"), HasSubstr("cannot enter")));
}

TEST_F(DeviceLaws, GivePulsesTheirPlace) {
  const Device device = read(kPulses);
  EXPECT_EQ(device.mode, ProgrammingMode::kPulses);
  EXPECT_EQ(device.pulses.set_step, 0.05);
  EXPECT_EQ(device.pulses.reset_step, 0.04);
  EXPECT_EQ(device.pulses.g_bottom_us, 0.5);
  EXPECT_EQ(device.pulses.g_top_us, 12.0);
  EXPECT_EQ(device.pulses.cycle_to_cycle, 0.3);
  EXPECT_EQ(device.pulses.device_to_device, 0.2);
  EXPECT_EQ(device.pulses.tolerance_us, 0.5);
  EXPECT_EQ(device.pulses.verify_noise_us, 0.1);
  EXPECT_EQ(device.pulses.budget, 100);
  EXPECT_EQ(device.pulses.set_energy_pj, 1.0);
  EXPECT_EQ(device.pulses.reset_energy_pj, 2.0);
  EXPECT_EQ(device.pulses.verify_energy_pj, 3.0);
}

TEST_F(DeviceLaws, KeepFitsAndPulsesApart) {
  const std::string pulses = kPulses;
  const std::string inside = "error_sigma_us = [1]\n";
  EXPECT_THAT(error_of("[programming]\nmode = 'pulses'\n" + inside +
                       pulses.substr(pulses.find("[pulses]"))),
              HasSubstr("mode pulses beside a fitted programming error"));
  EXPECT_THAT(error_of(pulses + "[variation]\ncycle_to_cycle_sigma_over_mean = 0.1\n"),
              HasSubstr("mode pulses beside variation"));
  EXPECT_THAT(error_of("[programming]\nmode = 'pulses'\n"), HasSubstr("key 'pulses'"));
  EXPECT_THAT(error_of(pulses.substr(pulses.find("[pulses]"))), HasSubstr("key 'pulses'"));
  EXPECT_THAT(error_of("[programming]\nmode = 'guess'\n"), HasSubstr("one of fit, pulses"));
}

TEST_F(DeviceLaws, CountEachErrorOnce) {
  EXPECT_THAT(error_of("[programming]\nerror_sigma_us = [1]\n"
                       "[variation]\ndevice_to_device_log_sigma = 0.1\n"),
              HasSubstr("key 'variation'"));
  EXPECT_THAT(error_of("[programming]\nerror_sigma_us = [1]\n" + std::string(kSpreadAtTimes) +
                       "[time]\nelapsed_s = 10\n"),
              HasSubstr("holds the programming error"));
  EXPECT_THAT(error_of("[programming]\nerror_sigma_us = []\n"),
              HasSubstr("no error at any target"));
}

}  // namespace
}  // namespace crossloop::analog
