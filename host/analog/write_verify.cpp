#include "host/analog/write_verify.hpp"

#include <cmath>
#include <cstdlib>
#include <string>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

/// round(value), where it fits `limit`; `at_least` 1 where nothing may round to 0.
std::uint32_t field(const Device& device, const char* key, double value, double limit,
                    double at_least = 0.0) {
  const double rounded = std::round(value);
  if (rounded >= at_least && rounded <= limit) return static_cast<std::uint32_t>(rounded);
  throw InputError("device " + device.name + ": pulses." + key + " is " + std::to_string(value) +
                   " in units of the write circuit, expected " +
                   std::to_string(static_cast<int>(at_least)) + " to " +
                   std::to_string(static_cast<int>(limit)));
}

}  // namespace

WriteResult write_verify(PulseCell& cell, std::uint16_t target, const PulseSettings& settings,
                         const PulsePlace& place) {
  WriteResult result;
  while (true) {
    const auto words =
        pulse_words(place.pulse_seed, place.crossbar, place.row, place.column, cell.reads++);
    ++result.reads;
    const std::int32_t error = read_back(cell.state, words[1], settings) - target;
    result.verified = std::abs(error) <= settings.tolerance;
    cell.verified = result.verified;
    if (result.verified || result.pulses() == settings.budget) return result;
    const Pulse pulse = error < 0 ? Pulse::kSet : Pulse::kReset;
    ++(pulse == Pulse::kSet ? result.set_pulses : result.reset_pulses);
    if (!cell.stuck) cell.state = pulsed(cell.state, pulse, cell.factor, words[0], settings);
  }
}

WriteTotals write_cells(const WriteJob& job) {
  WriteTotals totals;
  for (std::size_t i = 0; i < job.cells.size(); ++i) {
    if (job.selected[i] == 0) continue;
    const int index = static_cast<int>(i);
    const WriteResult result =
        write_verify(job.cells[i], job.targets[i], job.settings,
                     {job.pulse_seed, job.crossbar, index / job.columns, index % job.columns});
    totals.set_pulses += result.set_pulses;
    totals.reset_pulses += result.reset_pulses;
    totals.reads += result.reads;
  }
  return totals;
}

double state_unit_us(const Device& device, const CodeFormat& format) {
  return std::ldexp(device.step_us(format.cell_bits),
                    -(format.fraction_bits + kStateBits - format.bits));
}

PulseSettings pulse_settings(const Device& device, const CodeFormat& format) {
  const Pulses& pulses = device.pulses;
  const double unit = state_unit_us(device, format);
  const double deviation = std::sqrt(kNibbleVariance);  // of the noise's integer
  constexpr double kWord = 65535.0;
  PulseSettings settings;
  settings.bottom =
      static_cast<std::uint16_t>(field(device, "g_bottom_us", pulses.g_bottom_us / unit, kWord));
  settings.top =
      static_cast<std::uint16_t>(field(device, "g_top_us", pulses.g_top_us / unit, kWord, 1.0));
  settings.set_rate =
      static_cast<std::uint16_t>(field(device, "set_step", pulses.set_step * 65536.0, kWord, 1.0));
  settings.reset_rate = static_cast<std::uint16_t>(
      field(device, "reset_step", pulses.reset_step * 65536.0, kWord, 1.0));
  settings.step_sigma = static_cast<std::uint8_t>(
      field(device, "cycle_to_cycle_sigma_over_mean", 4096.0 * pulses.cycle_to_cycle / deviation,
            255.0, pulses.cycle_to_cycle > 0.0 ? 1.0 : 0.0));
  settings.verify_sigma = static_cast<std::uint16_t>(
      field(device, "verify_noise_us", 256.0 * pulses.verify_noise_us / unit / deviation, kWord,
            pulses.verify_noise_us > 0.0 ? 1.0 : 0.0));
  settings.tolerance = static_cast<std::uint16_t>(
      field(device, "tolerance_us", pulses.tolerance_us / unit, kWord, 1.0));
  settings.budget = static_cast<std::uint32_t>(pulses.budget);
  return settings;
}

}  // namespace crossloop::analog
