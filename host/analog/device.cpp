#include "host/analog/device.hpp"

#include <algorithm>
#include <cmath>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

void check_range(const char* what, int found, int low, int high) {
  if (found >= low && found <= high) return;
  throw InputError("code format: found " + std::to_string(found) + " " + what + ", expected " +
                   std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace

double Polynomial::at(double g_us) const { return std::max(0.0, unclamped(g_us)); }

double Polynomial::unclamped(double g_us) const {
  double value = 0.0;
  for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) {
    value = value * (g_us / scale_us) + *c;
  }
  return value;
}

double Telegraph::amplitude_us(double g_us) const {
  const double x = a_us + b * g_us;
  return g_us <= 2.0 * x ? g_us : x * g_us / (g_us - x);
}

std::int64_t conductance_code(double g_us, double step_us, int fraction_bits) {
  constexpr double kTie = 1e-9;  // codes; far above rounding, far below anything physical
  constexpr double kLargest = 1e15;
  const double code = std::floor(std::ldexp(g_us / step_us, fraction_bits) + 0.5 + kTie);
  return static_cast<std::int64_t>(std::min(code, kLargest));
}

CodeFormat code_format(const Device& device, int cell_bits, int bits, int fraction_bits) {
  check_range("bits per cell", cell_bits, 1, 4);
  check_range("bits per code", bits, 4, 12);
  check_range("fraction bits", fraction_bits, 0, bits);
  if (device.levels && *device.levels < 1 << cell_bits) {
    throw InputError("device " + device.name + ": " + std::to_string(*device.levels) +
                     " levels, expected at least " + std::to_string(1 << cell_bits) + " for " +
                     std::to_string(cell_bits) + " bits per cell");
  }
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
  if (sigma == 0.0 && deviation > 0.0) {
    throw InputError("device " + device.name + ": read noise of " + std::to_string(deviation) +
                     " codes rounds to none, expected at least " +
                     std::to_string(0.5 * std::sqrt(170.0) / 256.0) + " or 0");
  }
  if (sigma > kMaxSigma) {
    throw InputError("device " + device.name + ": read noise gives sigma " + std::to_string(sigma) +
                     ", expected at most 65535");
  }
  return static_cast<std::int32_t>(sigma);
}

}  // namespace crossloop::analog
