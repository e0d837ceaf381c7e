// Device files: TOML to Device, every key checked.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/analog/device.hpp"
#include "host/config.hpp"
#include "host/error.hpp"
#include "host/preset.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;

constexpr double kMaxConductanceUs = 1e6;
constexpr double kMaxSeconds = 1e12;
constexpr double kMaxLogSigma = 2.0;

/// `key` with its table in front, `table` the one it is in.
[[noreturn]] void refuse(const ConfigTable& table, const std::string& key, const std::string& why) {
  const std::string own = key.substr(key.rfind('.') + 1);
  throw InputError(table.where(own) + ": key '" + key + "': " + why);
}

/// Effects that people know from other tools and that no door of the numbers contract lets in.
struct ClosedDoor {
  std::string_view key;
  const char* why;
};
constexpr std::array<ClosedDoor, 5> kClosedDoors = {{
    {"nonlinearity", "a cell's current is not a conductance times a voltage then"},
    {"gated_rows", "the effective matrix would depend on the input bits"},
    {"sneak_paths", "every row is driven and every column held at virtual ground: there are none"},
    {"read_disturb", "the codes would change with every read"},
    {"temperature", "no device here has a law for it; give the laws at that temperature"},
}};

void check_doors(const ConfigTable& config) {
  for (const ClosedDoor& door : kClosedDoors) {
    if (!config.has(door.key)) continue;
    refuse(config, std::string(door.key),
           std::string("this effect cannot enter a deployment, where physics comes in through ") +
               "codes, sigma, gain and offset, and the INL table only: " + door.why);
  }
}

/// A relative spread under `prefix`_sigma_over_mean (normal) or `prefix`_log_sigma (log-normal).
Spread read_spread(ConfigTable& table, const std::string& prefix) {
  const std::string normal = prefix + "_sigma_over_mean";
  const std::string logarithmic = prefix + "_log_sigma";
  if (table.has(normal) && table.has(logarithmic)) {
    refuse(table, "variation." + logarithmic, "found beside " + normal + ", expected one of them");
  }
  if (table.has(logarithmic)) {
    return {.sigma = table.number(logarithmic, 0.0, kMaxLogSigma), .log_normal = true};
  }
  return {.sigma = table.number(normal, 0.0, 1.0, 0.0)};
}

void read_conductance(ConfigTable table, Device& device) {
  device.g_min_us = table.number("g_min_us", 0.0, kMaxConductanceUs);
  device.g_max_us = table.number("g_max_us", 0.0, kMaxConductanceUs);
  if (device.g_max_us <= device.g_min_us) {
    refuse(table, "conductance.g_max_us",
           "found " + std::to_string(device.g_max_us) +
               ", expected more than g_min_us = " + std::to_string(device.g_min_us));
  }
  if (table.has("levels")) device.levels = static_cast<int>(table.integer("levels", 2, 65536));
  table.finish();
}

/// A standard deviation must not be negative anywhere in the range of the device, nor 0 all over.
void check_sigma(const ConfigTable& table, const std::string& key, const Polynomial& sigma,
                 const Device& device) {
  constexpr int kPoints = 64;
  double largest = 0.0;
  for (int i = 0; i <= kPoints; ++i) {
    const double g = device.g_min_us + (device.g_max_us - device.g_min_us) * i / kPoints;
    const double value = sigma.unclamped(g);
    if (value < 0.0) {
      refuse(table, key,
             fmt::format("found {:g} uS at a target of {:g} uS, expected at least 0", value, g));
    }
    largest = std::max(largest, value);
  }
  if (largest == 0.0) refuse(table, key, "found no error at any target, expected some");
}

/// Mode and, for mode fit, the published error.
void read_programming(ConfigTable table, Device& device) {
  device.mode = table.choice("mode", {"fit", "pulses"}, 0) == 0 ? ProgrammingMode::kFit
                                                                : ProgrammingMode::kPulses;
  if (table.has("error_sigma_us")) {
    device.programming_sigma_us = {table.number("error_scale_us", 1e-6, kMaxConductanceUs, 1.0),
                                   table.numbers("error_sigma_us", -1e9, 1e9)};
    check_sigma(table, "programming.error_sigma_us", device.programming_sigma_us, device);
  }
  if (table.has("levels_file")) {
    const fs::path file = table.file().parent_path() / table.text("levels_file");
    device.measured_levels = read_level_statistics(file);
  }
  if (table.has("error_sigma_us") && table.has("levels_file")) {
    refuse(table, "programming.levels_file",
           "found beside error_sigma_us, expected one of them: both are the programming error");
  }
  table.finish();
}

Pulses read_pulses(ConfigTable table, const Device& device) {
  Pulses pulses;
  pulses.set_step = table.number("set_step", 1e-4, 0.99);
  pulses.reset_step = table.number("reset_step", 1e-4, 0.99);
  pulses.g_bottom_us = table.number("g_bottom_us", 0.0, kMaxConductanceUs);
  pulses.g_top_us = table.number("g_top_us", 0.0, kMaxConductanceUs);
  pulses.cycle_to_cycle = table.number("cycle_to_cycle_sigma_over_mean", 0.0, 0.8, 0.0);
  pulses.device_to_device = table.number("device_to_device_log_sigma", 0.0, 1.0, 0.0);
  if (pulses.g_bottom_us > device.g_min_us) {
    refuse(table, "pulses.g_bottom_us", "found more than g_min_us, which no pulse would reach");
  }
  if (pulses.g_top_us < device.g_max_us) {
    refuse(table, "pulses.g_top_us", "found less than g_max_us, which no pulse would reach");
  }
  pulses.tolerance_us = table.number("tolerance_us", 0.0, kMaxConductanceUs);
  pulses.verify_noise_us = table.number("verify_noise_us", 0.0, kMaxConductanceUs, 0.0);
  pulses.budget = static_cast<int>(table.integer("budget", 1, 1'000'000));
  pulses.set_energy_pj = table.number("set_energy_pj", 0.0, 1e9);
  pulses.reset_energy_pj = table.number("reset_energy_pj", 0.0, 1e9);
  pulses.verify_energy_pj = table.number("verify_energy_pj", 0.0, 1e9);
  table.finish();
  return pulses;
}

/// `key` = [low, high] in microsiemens.
std::optional<StuckRange> read_stuck_range(ConfigTable& table, const std::string& key) {
  if (!table.has(key)) return std::nullopt;
  const std::vector<double> ends = table.numbers(key, 1e-9, kMaxConductanceUs);
  if (ends.size() != 2 || ends[0] > ends[1]) {
    refuse(table, "faults." + key, "expected [low, high] with 0 < low <= high, microsiemens");
  }
  return StuckRange{ends[0], ends[1]};
}

void read_faults(ConfigTable faults, Device& device) {
  device.stuck_lrs_rate = faults.number("stuck_lrs_rate", 0.0, 1.0, 0.0);
  device.stuck_hrs_rate = faults.number("stuck_hrs_rate", 0.0, 1.0, 0.0);
  if (device.stuck_lrs_rate + device.stuck_hrs_rate > 1.0) {
    throw InputError(faults.where("stuck_hrs_rate") + ": stuck_lrs_rate + stuck_hrs_rate: found " +
                     std::to_string(device.stuck_lrs_rate + device.stuck_hrs_rate) +
                     ", expected at most 1");
  }
  device.stuck_lrs_us = read_stuck_range(faults, "stuck_lrs_us");
  device.stuck_hrs_us = read_stuck_range(faults, "stuck_hrs_us");
  faults.finish();
}

Relaxation read_relaxation(ConfigTable table, const Device& device) {
  Relaxation law;
  if (!table.has("law")) {
    table.finish();
    return law;
  }
  if (table.choice("law", {"log_time", "spread_at_times"}) == 0) {
    law.law = RelaxationLaw::kLogTime;
    law.shift_us_per_ln_s = table.number("shift_us_per_ln_s", -1e3, 1e3);
    law.sigma_us = table.number("sigma_us", 0.0, 1e3);
    law.sigma_us_per_ln_s = table.number("sigma_us_per_ln_s", 0.0, 1e3);
    table.finish();
    return law;
  }
  law.law = RelaxationLaw::kSpreadAtTimes;
  law.times_s = table.numbers("times_s", 1e-9, kMaxSeconds);
  const double scale = table.number("scale_us", 1e-6, kMaxConductanceUs);
  const std::vector<double> all = table.numbers("sigma_us", -1e9, 1e9);
  const std::size_t times = law.times_s.size();
  if (times == 0 || all.empty() || all.size() % times != 0) {
    refuse(table, "relaxation.sigma_us",
           "found " + std::to_string(all.size()) + " coefficients, expected as many for each of " +
               std::to_string(times) + " times, time after time");
  }
  if (std::adjacent_find(law.times_s.begin(), law.times_s.end(), std::greater_equal<>()) !=
      law.times_s.end()) {
    refuse(table, "relaxation.times_s", "expected rising times");
  }
  const auto each = static_cast<std::ptrdiff_t>(all.size() / times);
  for (std::size_t i = 0; i < times; ++i) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(i) * each;
    law.total_sigma_us.push_back({scale, {first, first + each}});
    check_sigma(table, "relaxation.sigma_us", law.total_sigma_us.back(), device);
  }
  table.finish();
  return law;
}

void read_time_laws(ConfigTable& config, Device& device) {
  device.relaxation = read_relaxation(config.table("relaxation"), device);

  ConfigTable drift = config.table("drift");
  device.drift.nu_mean = drift.number("nu_mean", -1.0, 1.0, 0.0);
  device.drift.nu_sigma = drift.number("nu_sigma", 0.0, 1.0, 0.0);
  if (device.drift.active()) device.drift.t0_s = drift.number("t0_s", 1e-9, kMaxSeconds);
  drift.finish();

  ConfigTable time = config.table("time");
  if (time.has("elapsed_s")) {
    const double elapsed = time.number("elapsed_s", 0.0, kMaxSeconds);
    try {
      device = aged(std::move(device), elapsed);
    } catch (const InputError& error) {
      refuse(time, "time.elapsed_s", error.what());
    }
  } else if (device.ages()) {
    throw InputError(time.file().string() + ": key 'time.elapsed_s' is missing, expected the " +
                     "seconds since programming: without them relaxation, drift and 1/f noise " +
                     "would do nothing");
  }
  time.finish();
}

void read_read_noise(ConfigTable table, Device& device) {
  if (table.has("sigma_over_g")) {
    refuse(table, "read_noise.sigma_over_g",
           "noise that grows with the current cannot enter a deployment: sigma is one number per "
           "column; expected sigma_over_g_max");
  }
  device.read_noise_over_g_max = table.number("sigma_over_g_max", 0.0, 1.0, 0.0);
  device.one_over_f.rho = table.number("one_over_f_rho", 0.0, 1.0, 0.0);
  if (device.one_over_f.rho > 0.0) {
    device.one_over_f.t_r_s = table.number("one_over_f_t_r_s", 1e-12, 1.0, device.one_over_f.t_r_s);
  }
  table.finish();
}

void read_telegraph(ConfigTable table, Device& device) {
  device.telegraph.probability = table.number("probability", 0.0, 1.0, 0.0);
  if (device.telegraph.probability > 0.0) {
    device.telegraph.a_us = table.number("a_us", 0.0, kMaxConductanceUs);
    device.telegraph.b = table.number("b", 0.0, 0.5);
    if (device.telegraph.a_us == 0.0 && device.telegraph.b == 0.0) {
      refuse(table, "telegraph.a_us", "a_us and b are both 0: the noise would do nothing");
    }
  }
  table.finish();
}

void read_endurance(ConfigTable table, Device& device) {
  if (table.has("cycles")) {
    Endurance endurance;
    endurance.cycles = table.number("cycles", 1.0, 1e15);
    endurance.log10_sigma = table.number("log10_sigma", 0.0, kMaxLogSigma, 0.0);
    endurance.fails_to_lrs = table.choice("fails_to", {"stuck_lrs", "stuck_hrs"}) == 0;
    device.endurance = endurance;
  }
  table.finish();
}

void read_measured(ConfigTable table, Device& device) {
  if (table.has("pages")) {
    const fs::path pages = table.file().parent_path() / table.text("pages");
    device.measured_pages = std::make_shared<ConductancePages>(read_conductance_pages(pages));
  }
  table.finish();
}

/// Laws that would say the same thing twice, or nothing at all.
void check_consistent(const ConfigTable& config, const Device& device) {
  const bool fitted = !device.programming_sigma_us.empty() || !device.measured_levels.empty() ||
                      device.relaxation.law == RelaxationLaw::kSpreadAtTimes;
  const bool varied = device.cycle_to_cycle.sigma > 0.0 || device.device_to_device.sigma > 0.0;
  const bool several = (device.programming_sigma_us.empty() ? 0 : 1) +
                           (device.measured_levels.empty() ? 0 : 1) +
                           (device.relaxation.law == RelaxationLaw::kSpreadAtTimes ? 1 : 0) >
                       1;
  if (several) {
    refuse(config, "relaxation",
           "law spread_at_times holds the programming error, too; expected "
           "no programming.error_sigma_us or levels_file beside it");
  }
  if (fitted && varied) {
    refuse(config, "variation",
           "found beside a programming error, which was measured over cells "
           "and cycles and holds both; expected one of them");
  }
  if (device.mode == ProgrammingMode::kPulses && (fitted || varied)) {
    refuse(config, "programming",
           "found mode pulses beside " +
               std::string(fitted ? "a fitted programming error" : "variation") +
               ", which is what pulses leave behind; expected one of them");
  }
  if ((device.mode == ProgrammingMode::kPulses) != config.has("pulses")) {
    refuse(config, "pulses",
           "expected this table with programming.mode = \"pulses\", and only "
           "then");
  }
  const bool other = fitted || varied || device.ages() || device.telegraph.probability > 0.0 ||
                     device.endurance || device.stuck_lrs_rate + device.stuck_hrs_rate > 0.0 ||
                     device.mode == ProgrammingMode::kPulses;
  if (device.measured_pages && other) {
    refuse(config, "measured",
           "measured pages hold what the cells really are; expected no "
           "programming error, variation, faults, time laws or endurance beside them");
  }
}

/// A range for stuck cells where no cell ever gets stuck.
void check_stuck_ranges(const ConfigTable& config, const Device& device) {
  const bool worn = device.endurance.has_value();
  const bool lrs = device.stuck_lrs_rate > 0.0 || (worn && device.endurance->fails_to_lrs);
  const bool hrs = device.stuck_hrs_rate > 0.0 || (worn && !device.endurance->fails_to_lrs);
  if ((device.stuck_lrs_us && !lrs) || (device.stuck_hrs_us && !hrs)) {
    refuse(config, "faults",
           std::string(lrs ? "stuck_hrs_us" : "stuck_lrs_us") +
               " without a rate or an endurance would do nothing");
  }
}

}  // namespace

Device aged(Device device, double elapsed_s) {
  if (!device.ages()) {
    throw InputError("device " + device.name + ": nothing in it changes with time, expected " +
                     "relaxation, drift or read_noise.one_over_f_rho");
  }
  double earliest = device.drift.active() ? device.drift.t0_s : 0.0;
  double latest = kMaxSeconds;
  if (device.one_over_f.rho > 0.0) earliest = std::max(earliest, device.one_over_f.t_r_s);
  if (device.relaxation.law == RelaxationLaw::kLogTime) earliest = std::max(earliest, 1.0);
  if (device.relaxation.law == RelaxationLaw::kSpreadAtTimes) {
    earliest = std::max(earliest, device.relaxation.times_s.front());
    latest = device.relaxation.times_s.back();
  }
  if (!(elapsed_s >= earliest && elapsed_s <= latest)) {
    throw InputError(
        fmt::format("device {}: found {:g} s since programming, its laws hold from {:g} to {:g} s",
                    device.name, elapsed_s, earliest, latest));
  }
  device.elapsed_s = elapsed_s;
  return device;
}

Device read_device(const fs::path& path) {
  ConfigTable config = ConfigTable::parse_file(path);
  Device device;
  device.name = config.text("name");
  check_doors(config);
  read_conductance(config.table("conductance"), device);
  read_programming(config.table("programming"), device);
  if (config.has("pulses")) device.pulses = read_pulses(config.table("pulses"), device);
  ConfigTable variation = config.table("variation");
  device.cycle_to_cycle = read_spread(variation, "cycle_to_cycle");
  device.device_to_device = read_spread(variation, "device_to_device");
  variation.finish();
  read_faults(config.table("faults"), device);
  read_read_noise(config.table("read_noise"), device);
  read_telegraph(config.table("telegraph"), device);
  read_time_laws(config, device);
  read_endurance(config.table("endurance"), device);
  read_measured(config.table("measured"), device);
  device.wires = read_wires(config.table("wires"));
  device.converter = read_converter(config.table("converter"));
  check_consistent(config, device);
  check_stuck_ranges(config, device);
  config.finish();
  return device;
}

Device find_device(const std::string& name_or_path, const fs::path& config_root) {
  return read_device(find_preset("device", name_or_path, config_root / "configs" / "devices"));
}

}  // namespace crossloop::analog
