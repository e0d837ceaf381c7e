// A ReRAM device and the wires of its array, as configs/devices/*.toml describe them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/analog/code_format.hpp"
#include "host/analog/converter.hpp"
#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// Mode `fit`: what a cell holds after write-verify, sampled from a published law.
struct Device {
  std::string name = "default";
  double g_min_us = 5.0;   ///< conductance of level 0, microsiemens
  double g_max_us = 50.0;  ///< conductance of the highest level
  /// Programming error: G = G_target * (1 + N(0, sigma_over_mu^2)), clamped at 0, drawn anew each
  /// time a cell is programmed (cycle-to-cycle).
  double sigma_over_mu = 0.0;
  double stuck_lrs_rate = 0.0;  ///< share of cells stuck at g_max (0..1), fixed per chip
  double stuck_hrs_rate = 0.0;  ///< share of cells stuck at g_min
  /// White read noise of one column read, standard deviation in units of g_max. Enters as sigma_j.
  double read_noise_over_g_max = 0.0;
  Wires wires = {};
  Converter converter = {};

  double step_us(int cell_bits) const {  ///< dG = (g_max - g_min) / (2^c - 1)
    return (g_max_us - g_min_us) / ((1 << cell_bits) - 1);
  }
};

/// Reads a device file, strictly. Throws InputError naming key, line and allowed range.
Device read_device(const std::filesystem::path& path);

/// Reads `name_or_path`: an existing file, else `config_root`/configs/devices/NAME.toml.
/// Throws InputError listing the presets.
Device find_device(const std::string& name_or_path, const std::filesystem::path& config_root);

/// round(2^fraction_bits * g / step), half up, not clamped. Ties are recognised within 1e-9 of a
/// code, so that rounding in g cannot move the code of an ideal cell.
std::int64_t conductance_code(double g_us, double step_us, int fraction_bits);

/// The code format of this device: reference = round(2^F * g_min / dG). c 1..4, W 4..12, F
/// 0..W as given. Throws InputError if one is out of range or the nominal code of g_max does not
/// fit W bits.
CodeFormat code_format(const Device& device, int cell_bits, int bits, int fraction_bits);

/// sigma_j of numerics.md step 5 for this device: the integer whose noise has the standard
/// deviation read_noise_over_g_max * 2^F * g_max / dG code units. Throws InputError beyond 65535.
std::int32_t noise_sigma(const Device& device, const CodeFormat& format);

}  // namespace crossloop::analog
