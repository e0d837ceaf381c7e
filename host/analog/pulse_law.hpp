// What one programming pulse does to a cell, in integers (numerics.md, "Pulses"): the law that the
// plant and rtl/pulse_law.v share to the last bit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "host/analog/counter_noise.hpp"

namespace crossloop::analog {

/// Bits of a cell state. A code on W bits is the state without its lowest 16 - W bits, rounded.
inline constexpr int kStateBits = 16;

enum class Pulse : std::uint8_t { kReset = 0, kSet = 1 };

/// Settings of a chip's write circuit, all integers.
struct PulseSettings {
  std::uint16_t bottom = 0;        ///< state where RESET pulses end
  std::uint16_t top = 0xFFFF;      ///< state where SET pulses end, above bottom
  std::uint16_t set_rate = 0;      ///< share of the way to `top`, units of 2^-16
  std::uint16_t reset_rate = 0;    ///< share of the way to `bottom`
  std::uint8_t step_sigma = 0;     ///< a step's relative deviation is step_sigma sqrt(170) / 4096
  std::uint16_t verify_sigma = 0;  ///< a read-back's deviation is verify_sigma sqrt(170) / 256
  std::uint16_t tolerance = 0;     ///< largest |read-back - target| that ends the loop
  std::uint32_t budget = 0;        ///< most pulses of one programming
};

inline constexpr std::int32_t kUnitStepFactor = 64;  ///< of an 8-bit step factor

/// The state after one pulse. `factor` is the cell's own step factor in units of 1/64, `word`
/// random:
///   gain = (rate * factor + 32) >> 6
///   mean = ((way left) * gain + 2^15) >> 16
///   step = (mean * max(0, 4096 + m * step_sigma) + 2048) >> 12,   m = nibble_noise(word)
/// and the state moves by `step` towards its bound, at most to it. Soft bounds: Fusi and Abbott,
/// Nature Neuroscience 2007.
constexpr std::uint16_t pulsed(std::uint16_t state, Pulse pulse, std::uint8_t factor,
                               std::uint32_t word, const PulseSettings& settings) {
  const bool set = pulse == Pulse::kSet;
  const std::uint32_t rate = set ? settings.set_rate : settings.reset_rate;
  const std::int32_t way = set ? settings.top - state : state - settings.bottom;
  const auto left = static_cast<std::uint32_t>(std::max(way, 0));
  const std::uint32_t gain = (rate * factor + 32U) >> 6;
  const std::uint64_t mean = (std::uint64_t{left} * gain + (1U << 15)) >> 16;
  const std::int32_t spread = 4096 + nibble_noise(word) * settings.step_sigma;
  const std::uint64_t step = (mean * static_cast<std::uint64_t>(std::max(spread, 0)) + 2048U) >> 12;
  const auto moved = static_cast<std::int32_t>(std::min<std::uint64_t>(step, left));
  return static_cast<std::uint16_t>(set ? state + moved : state - moved);
}

/// What a verify read finds: state + ((m * verify_sigma + 128) >> 8).
constexpr std::int32_t read_back(std::uint16_t state, std::uint32_t word,
                                 const PulseSettings& settings) {
  return state + scaled_noise(nibble_noise(word), settings.verify_sigma);
}

/// The two random words of read `read` (counted over the cell's life) and the pulse behind it:
/// Threefry-2x32-13 with key (pulse seed, crossbar), counter (row << 16 | column, read). The first
/// word is the pulse's, the second the read's.
inline threefry2x32_ctr_t pulse_words(std::uint32_t pulse_seed, std::uint32_t crossbar, int row,
                                      int column, std::uint32_t read) {
  const threefry2x32_key_t key = {{pulse_seed, crossbar}};
  const threefry2x32_ctr_t counter = {
      {static_cast<std::uint32_t>(row) << 16 | static_cast<std::uint32_t>(column), read}};
  return threefry2x32_R(kThreefryRounds, counter, key);
}

// A quarter of the way, from either side, without noise.
static_assert(pulsed(1000, Pulse::kSet, 64, 0, {.top = 9000, .set_rate = 1U << 14}) == 3000);
static_assert(pulsed(9000, Pulse::kReset, 64, 0, {.bottom = 1000, .reset_rate = 1U << 14}) == 7000);
// A cell beyond a bound stays; no step goes past one.
static_assert(pulsed(9001, Pulse::kSet, 255, ~0U, {.top = 9000, .set_rate = 0xFFFF}) == 9001);
static_assert(pulsed(0, Pulse::kSet, 255, ~0U, {.top = 9, .set_rate = 0xFFFF, .step_sigma = 255}) ==
              9);
static_assert(read_back(100, 0xFFFFFFFFU, {.verify_sigma = 256}) == 160);

}  // namespace crossloop::analog
