#include "host/analog/device.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "host/config.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;

constexpr double kMaxConductanceUs = 1e6;

/// The names of the presets, for an error: `date2022, default, ...`.
std::string presets(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

void check_range(const char* what, int found, int low, int high) {
  if (found >= low && found <= high) return;
  throw InputError("code format: found " + std::to_string(found) + " " + what + ", expected " +
                   std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace

Device read_device(const fs::path& path) {
  ConfigTable config = ConfigTable::parse_file(path);
  Device device;
  device.name = config.text("name");

  ConfigTable conductance = config.table("conductance");
  device.g_min_us = conductance.number("g_min_us", 0.0, kMaxConductanceUs);
  device.g_max_us = conductance.number("g_max_us", 0.0, kMaxConductanceUs);
  if (device.g_max_us <= device.g_min_us) {
    throw InputError(conductance.where("g_max_us") + ": key 'conductance.g_max_us': found " +
                     std::to_string(device.g_max_us) +
                     ", expected more than g_min_us = " + std::to_string(device.g_min_us));
  }
  conductance.finish();

  ConfigTable variation = config.table("variation");
  device.sigma_over_mu = variation.number("sigma_over_mu", 0.0, 1.0, 0.0);
  variation.finish();

  ConfigTable faults = config.table("faults");
  device.stuck_lrs_rate = faults.number("stuck_lrs_rate", 0.0, 1.0, 0.0);
  device.stuck_hrs_rate = faults.number("stuck_hrs_rate", 0.0, 1.0, 0.0);
  if (device.stuck_lrs_rate + device.stuck_hrs_rate > 1.0) {
    throw InputError(faults.where("stuck_hrs_rate") + ": stuck_lrs_rate + stuck_hrs_rate: found " +
                     std::to_string(device.stuck_lrs_rate + device.stuck_hrs_rate) +
                     ", expected at most 1");
  }
  faults.finish();

  ConfigTable read_noise = config.table("read_noise");
  device.read_noise_over_g_max = read_noise.number("sigma_over_g_max", 0.0, 1.0, 0.0);
  read_noise.finish();

  device.wires = read_wires(config.table("wires"));
  device.converter = read_converter(config.table("converter"));
  config.finish();
  return device;
}

Device find_device(const std::string& name_or_path, const fs::path& config_root) {
  if (fs::is_regular_file(name_or_path)) return read_device(name_or_path);
  const fs::path folder = config_root / "configs" / "devices";
  const fs::path preset = folder / (name_or_path + ".toml");
  if (fs::is_regular_file(preset)) return read_device(preset);
  throw InputError("device '" + name_or_path + "': no such file, and no such preset in " +
                   folder.string() + "; presets: " + presets(folder));
}

std::int64_t conductance_code(double g_us, double step_us, int fraction_bits) {
  constexpr double kTie = 1e-9;  // codes; far above rounding, far below anything physical
  return static_cast<std::int64_t>(
      std::floor(std::ldexp(g_us / step_us, fraction_bits) + 0.5 + kTie));
}

CodeFormat code_format(const Device& device, int cell_bits, int bits, int fraction_bits) {
  check_range("bits per cell", cell_bits, 1, 4);
  check_range("bits per code", bits, 4, 12);
  check_range("fraction bits", fraction_bits, 0, bits);
  CodeFormat format = {.cell_bits = cell_bits, .bits = bits, .fraction_bits = fraction_bits};
  const std::int64_t reference =
      conductance_code(device.g_min_us, device.step_us(cell_bits), fraction_bits);
  const std::int64_t highest = reference + ((format.levels() - 1) << fraction_bits);
  if (highest > format.code_limit()) {
    throw InputError("device " + device.name + ", " + std::to_string(cell_bits) +
                     " bits per cell, " + std::to_string(fraction_bits) +
                     " fraction bits: found code " + std::to_string(highest) +
                     " for g_max, expected at most " + std::to_string(format.code_limit()) + " (" +
                     std::to_string(bits) + " bits)");
  }
  format.reference = static_cast<std::int32_t>(reference);
  return format;
}

std::int32_t noise_sigma(const Device& device, const CodeFormat& format) {
  // n = (m * sigma) >> 8, where m has the variance 170 (numerics.md, step 5).
  constexpr double kMaxSigma = 65535.0;  // a 16-bit field of the column table
  const double deviation =
      std::ldexp(device.read_noise_over_g_max * device.g_max_us / device.step_us(format.cell_bits),
                 format.fraction_bits);
  const double sigma = std::round(256.0 * deviation / std::sqrt(170.0));
  if (sigma > kMaxSigma) {
    throw InputError("device " + device.name + ": read noise gives sigma " + std::to_string(sigma) +
                     ", expected at most 65535");
  }
  return static_cast<std::int32_t>(sigma);
}

}  // namespace crossloop::analog
