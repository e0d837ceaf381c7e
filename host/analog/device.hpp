// A ReRAM device and the wires of its array, as configs/devices/*.toml describe them.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/analog/code_format.hpp"
#include "host/analog/converter.hpp"
#include "host/analog/measured.hpp"
#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// sum_i coefficients[i] * (G / scale_us)^i in microsiemens, never below 0; 0 without coefficients.
struct Polynomial {
  double scale_us = 1.0;
  std::vector<double> coefficients = {};
  bool empty() const { return coefficients.empty(); }
  double at(double g_us) const;
  double unclamped(double g_us) const;  ///< may be below 0
};

/// A relative spread: G * (1 + sigma * N(0, 1)), or G * exp(sigma * N(0, 1)) where log-normal.
struct Spread {
  double sigma = 0.0;
  bool log_normal = false;
  double factor(double z) const { return log_normal ? std::exp(sigma * z) : 1.0 + sigma * z; }
};

/// How cells get to their level: `fit` samples a published error after write-verify, `pulses` runs
/// the write-verify loop itself. Never both: a fit already is what the loop leaves behind.
enum class ProgrammingMode { kFit, kPulses };

/// Mode `pulses` (pulse_law.hpp): soft bounds, so that a pulse goes a share of the way left.
struct Pulses {
  double set_step = 0.0;          ///< share of the way to g_top_us of a SET pulse, (0, 1)
  double reset_step = 0.0;        ///< share of the way to g_bottom_us of a RESET pulse
  double g_bottom_us = 0.0;       ///< where RESET pulses end
  double g_top_us = 0.0;          ///< where SET pulses end
  double cycle_to_cycle = 0.0;    ///< standard deviation of a step over its mean
  double device_to_device = 0.0;  ///< of the logarithm of a cell's step factor
  double tolerance_us = 0.0;      ///< a read-back this near to the target ends the loop
  double verify_noise_us = 0.0;   ///< standard deviation of a read-back
  int budget = 0;                 ///< most pulses of one programming
  double set_energy_pj = 0.0, reset_energy_pj = 0.0, verify_energy_pj = 0.0;  ///< each
};

/// Conductance of stuck cells: log-uniform between the two; equal ends are a single value.
struct StuckRange {
  double low_us = 0.0;
  double high_us = 0.0;
};

enum class RelaxationLaw { kNone, kLogTime, kSpreadAtTimes };

/// What happens to a cell after write-verify, t seconds later.
struct Relaxation {
  RelaxationLaw law = RelaxationLaw::kNone;
  /// kLogTime: the mean moves by shift_us_per_ln_s * ln t, and an error of the standard deviation
  /// sigma_us + sigma_us_per_ln_s * ln t comes on top of the programming error; t >= 1 s.
  double shift_us_per_ln_s = 0.0, sigma_us = 0.0, sigma_us_per_ln_s = 0.0;
  /// kSpreadAtTimes: spread around the target at these times in all, programming error included,
  /// as polynomials in the target; linear in ln t between. The first is the programming error.
  std::vector<double> times_s = {};
  std::vector<Polynomial> total_sigma_us = {};
};

/// G(t) = G * (t / t0)^-nu with a nu of its own for each cell.
struct Drift {
  double nu_mean = 0.0, nu_sigma = 0.0;
  double t0_s = 1.0;
  bool active() const { return nu_mean != 0.0 || nu_sigma != 0.0; }
};

/// Accumulated 1/f noise: what a read at time t finds of fluctuations slower than the read. A
/// standard deviation of rho * G * sqrt(ln((t + t_r) / (2 t_r))), held until reprogrammed.
struct OneOverF {
  double rho = 0.0;
  double t_r_s = 250e-9;
};

/// Random telegraph noise of a slow trap: with `probability` it is occupied when the page is
/// committed, and takes x G / (G - x), x = a_us + b * G, of the cell's conductance (all of it at
/// most).
struct Telegraph {
  double probability = 0.0;
  double a_us = 0.0;
  double b = 0.0;
  double amplitude_us(double g_us) const;
};

/// Writes that a cell survives: log-normal around `cycles` (the median). A write is one programming
/// in mode `fit`, one pulse in mode `pulses`. A worn cell is stuck from then on.
struct Endurance {
  double cycles = 0.0;
  double log10_sigma = 0.0;
  bool fails_to_lrs = true;
};

struct Device {
  std::string name = "default";
  double g_min_us = 5.0;           ///< conductance of level 0, microsiemens
  double g_max_us = 50.0;          ///< conductance of the highest level
  std::optional<int> levels = {};  ///< states the device can tell apart, if limited
  ProgrammingMode mode = ProgrammingMode::kFit;
  /// Mode fit: standard deviation of the programming error over the target, drawn anew each time.
  Polynomial programming_sigma_us = {};
  /// Mode fit: measured mean and deviation by target instead; linear between, held beyond.
  std::vector<LevelStatistics> measured_levels = {};
  Spread cycle_to_cycle = {};    ///< mode fit: drawn anew each time a cell is programmed
  Spread device_to_device = {};  ///< mode fit: fixed per cell
  Pulses pulses = {};            ///< mode pulses
  double stuck_lrs_rate = 0.0;   ///< share of cells stuck at low resistance, fixed per chip
  double stuck_hrs_rate = 0.0;   ///< share of cells stuck at high resistance
  std::optional<StuckRange> stuck_lrs_us = {};  ///< else g_max_us
  std::optional<StuckRange> stuck_hrs_us = {};  ///< else g_min_us
  Relaxation relaxation = {};
  Drift drift = {};
  OneOverF one_over_f = {};
  Telegraph telegraph = {};
  double elapsed_s = 0.0;  ///< time since programming, where a law above needs it
  std::optional<Endurance> endurance = {};
  /// White read noise of one column read, standard deviation in units of g_max. Enters as sigma_j.
  double read_noise_over_g_max = 0.0;
  /// Whole measured pages in place of everything above but range and levels.
  std::shared_ptr<const ConductancePages> measured_pages = {};
  Wires wires = {};
  Converter converter = {};

  double step_us(int cell_bits) const {  ///< dG = (g_max - g_min) / (2^c - 1)
    return (g_max_us - g_min_us) / ((1 << cell_bits) - 1);
  }
  /// Whether the codes depend on elapsed_s.
  bool ages() const {
    return relaxation.law != RelaxationLaw::kNone || drift.active() || one_over_f.rho > 0.0;
  }
};

/// Reads a device file, strictly (docs/devices.md has the keys). Files that it names are looked for
/// beside it. Throws InputError naming key, line and allowed range; an effect that no door of the
/// numbers contract lets in is named with the reason.
Device read_device(const std::filesystem::path& path);

/// Reads `name_or_path`: an existing file, else `config_root`/configs/devices/NAME.toml.
/// Throws InputError listing the presets.
Device find_device(const std::string& name_or_path, const std::filesystem::path& config_root);

/// The same device, `elapsed_s` seconds after programming. Throws InputError if nothing in it ages,
/// or if its laws do not reach that far.
Device aged(Device device, double elapsed_s);

/// round(2^fraction_bits * g / step), half up, not clamped. Ties are recognised within 1e-9 of a
/// code, so that rounding in g cannot move the code of an ideal cell.
std::int64_t conductance_code(double g_us, double step_us, int fraction_bits);

/// The code format of this device: reference = round(2^F * g_min / dG). c 1..4, W 4..12, F
/// 0..W as given. Throws InputError if one is out of range, the nominal code of g_max does not
/// fit W bits, or the device has fewer than 2^c levels.
CodeFormat code_format(const Device& device, int cell_bits, int bits, int fraction_bits);

/// sigma_j of numerics.md step 5 for this device: the integer whose noise has the standard
/// deviation read_noise_over_g_max * 2^F * g_max / dG code units. Throws InputError beyond 65535,
/// and for noise that rounds to none.
std::int32_t noise_sigma(const Device& device, const CodeFormat& format);

}  // namespace crossloop::analog
