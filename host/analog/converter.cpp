#include "host/analog/converter.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <string>

#include "host/analog/cell_draws.hpp"
#include "host/analog/inl_file.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

constexpr std::int64_t kLargestField = 65535;  // of gain and sigma
constexpr double kUnitFactor = 65536.0;
constexpr double kSmallestRowFactor = 1.0 / 16.0;

void read_inl(ConfigTable& table, Converter& converter) {
  constexpr double kSmallestPeak = 0.5, kLargestPeak = 127.0;
  converter.adc_inl_lsb = table.number("adc_inl_lsb", 0.0, kLargestPeak, 0.0);
  if (converter.adc_inl_lsb > 0.0 && converter.adc_inl_lsb < kSmallestPeak) {
    throw InputError(table.where("adc_inl_lsb") + ": key 'converter.adc_inl_lsb': found " +
                     std::to_string(converter.adc_inl_lsb) +
                     ", expected 0 or a number from 0.5 to 127, since corrections are whole LSB");
  }
  const std::string file = table.text("adc_inl_file", "");
  if (file.empty()) return;
  if (table.has("adc_inl_lsb")) {
    throw InputError(table.where("adc_inl_file") +
                     ": found both 'converter.adc_inl_file' and 'converter.adc_inl_lsb', expected "
                     "one of them");
  }
  try {
    converter.adc_inl_table = read_inl_file(table.file().parent_path() / file);
  } catch (const InputError& error) {
    throw InputError(table.where("adc_inl_file") +
                     ": key 'converter.adc_inl_file': " + error.what());
  }
}

/// A draw of its own for the whole crossbar (at 0, 0), a row or a column.
double drawn(std::uint64_t seed, Draw draw, std::uint32_t crossbar, int row, int column,
             std::uint32_t count = 0) {
  const Cell cell = {crossbar, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column)};
  return normal(random_words(seed, draw, cell, count));
}

double off_level(const Converter& converter, std::uint64_t seed, std::uint32_t crossbar, int row) {
  if (converter.dac_off_level_sigma == 0.0) return 0.0;
  return converter.dac_off_level_sigma * drawn(seed, Draw::kDacOff, crossbar, row, 0);
}

/// A bow and an S, each of a random sign, mixed at random and scaled to the peak; 0 at both ends of
/// the first `entries` entries, 0 beyond.
InlTable smooth_inl(double peak, std::uint64_t seed, std::uint32_t crossbar, int entries) {
  const auto words = random_words(seed, Draw::kAdcInl, {crossbar, 0, 0});
  const double mix = uniform(words[2], words[3]);
  const double bow = (words[0] & 1U) != 0 ? mix : -mix;
  const double curl = (words[1] & 1U) != 0 ? 1.0 - mix : mix - 1.0;
  std::vector<double> shape;
  double largest = 0.0;
  for (int i = 0; i < entries; ++i) {
    const double u = static_cast<double>(i) / (entries - 1);
    // Both terms have a peak of 1.
    shape.push_back(u * (1.0 - u) *
                    (4.0 * bow + 6.0 * std::numbers::sqrt3 * curl * (1.0 - 2.0 * u)));
    largest = std::max(largest, std::abs(shape.back()));
  }
  InlTable table{};
  for (std::size_t i = 0; i < shape.size() && largest > 0.0; ++i) {
    table[i] = static_cast<std::int8_t>(std::lround(peak * shape[i] / largest));
  }
  return table;
}

std::int32_t fixed_point(double value, double unit) {
  constexpr double kLargest = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp(std::floor(value * unit + 0.5), -kLargest, kLargest));
}

/// floor(sqrt(value)) of a number below 2^62.
std::int64_t integer_root(std::int64_t value) {
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 30; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

/// sqrt(sigma^2 + (noise * 2^shift / gain)^2), rounded half up.
std::int32_t total_sigma(std::int32_t sigma, std::int64_t noise, int shift, std::int64_t gain) {
  const std::int64_t term = std::min((noise << shift) / gain, kLargestField << 8);
  const std::int64_t square = (std::int64_t{sigma} * sigma << 16) + term * term;
  return static_cast<std::int32_t>(std::min((integer_root(square) + 128) >> 8, kLargestField));
}

}  // namespace

Converter read_converter(ConfigTable table) {
  Converter converter;
  converter.adc_gain_sigma = table.number("adc_gain_sigma", 0.0, 1.0, 0.0);
  converter.adc_column_gain_sigma = table.number("adc_column_gain_sigma", 0.0, 1.0, 0.0);
  converter.adc_offset_sigma_lsb = table.number("adc_offset_sigma_lsb", 0.0, 256.0, 0.0);
  converter.adc_noise_lsb = table.number("adc_noise_lsb", 0.0, 100.0, 0.0);
  read_inl(table, converter);
  converter.dac_gain_sigma = table.number("dac_gain_sigma", 0.0, 0.2, 0.0);
  converter.dac_off_level_sigma = table.number("dac_off_level_sigma", 0.0, 0.2, 0.0);
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  const std::int64_t bits = table.integer("dac_bits", -kAny, kAny, 1);
  if (bits != 1) {
    throw InputError(table.where("dac_bits") + ": key 'converter.dac_bits': found " +
                     std::to_string(bits) +
                     ", expected 1: inputs are fed one bit a phase (docs/numerics.md)");
  }
  table.finish();
  return converter;
}

double row_factor(const Converter& converter, std::uint64_t chip_seed, std::uint32_t crossbar,
                  int row) {
  if (!converter.has_row_factors()) return 1.0;
  double on = 1.0;
  if (converter.dac_gain_sigma > 0.0) {
    on += converter.dac_gain_sigma * drawn(chip_seed, Draw::kDacGain, crossbar, row, 0);
  }
  return std::max(kSmallestRowFactor, on - off_level(converter, chip_seed, crossbar, row));
}

ConverterState converter_state(const Converter& converter, std::uint64_t chip_seed,
                               std::uint32_t crossbar, const ConverterSizes& sizes) {
  ConverterState state;
  const bool gains = converter.adc_gain_sigma > 0.0 || converter.adc_column_gain_sigma > 0.0;
  const double common = converter.adc_gain_sigma * drawn(chip_seed, Draw::kAdcGain, crossbar, 0, 0);
  for (int j = 0; j < sizes.columns && gains; ++j) {
    const double own =
        converter.adc_column_gain_sigma * drawn(chip_seed, Draw::kAdcGain, crossbar, 0, j, 1);
    state.gain.push_back(fixed_point(std::max(0.0, 1.0 + common + own), kUnitFactor));
  }
  for (int j = 0; j < sizes.columns && converter.adc_offset_sigma_lsb > 0.0; ++j) {
    state.offset.push_back(fixed_point(
        converter.adc_offset_sigma_lsb * drawn(chip_seed, Draw::kAdcOffset, crossbar, 0, j),
        256.0));
  }
  for (int r = 0; r < sizes.rows && converter.has_off_level(); ++r) {
    state.off_level.push_back(fixed_point(off_level(converter, chip_seed, crossbar, r) /
                                              row_factor(converter, chip_seed, crossbar, r),
                                          kUnitFactor));
  }
  // A deviation of 1 is sigma = 256 / sqrt(170) (numerics.md, step 5), here in 1/256.
  state.noise = std::llround(converter.adc_noise_lsb * 65536.0 / std::sqrt(170.0));
  if (converter.adc_inl_table) {
    state.inl = converter.adc_inl_table;
  } else if (converter.adc_inl_lsb > 0.0) {
    state.inl =
        smooth_inl(converter.adc_inl_lsb, chip_seed, crossbar, 1 << std::min(sizes.adc_bits, 8));
  }
  return state;
}

std::vector<std::int64_t> standing_sums(const ConverterState& state,
                                        std::span<const std::uint16_t> codes) {
  if (state.off_level.empty()) return {};
  const std::size_t columns = codes.size() / state.off_level.size();
  std::vector<std::int64_t> sums(columns, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    sums[i % columns] += std::int64_t{state.off_level[i / columns]} * codes[i];
  }
  return sums;
}

ColumnConversion converted(const ConverterState& state, int column, const ColumnConversion& host,
                           int shift, std::int64_t standing) {
  constexpr std::int64_t kLow = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<std::int32_t>::max();
  const std::size_t j = static_cast<std::size_t>(column);
  std::int64_t gain = host.gain;
  if (!state.gain.empty()) {
    gain = std::clamp<std::int64_t>((gain * state.gain[j] + 32768) >> 16, 0, kLargestField);
  }
  std::int64_t offset = host.offset;
  if (!state.offset.empty()) {
    offset += (state.offset[j] * (std::int64_t{1} << shift) + 128) >> 8;
  }
  offset += (standing * gain + 32768) >> 16;
  ColumnConversion chip = host;
  if (state.noise > 0 && gain > 0) chip.sigma = total_sigma(host.sigma, state.noise, shift, gain);
  chip.gain = static_cast<std::int32_t>(gain);
  chip.offset = static_cast<std::int32_t>(std::clamp(offset, kLow, kHigh));
  return chip;
}

}  // namespace crossloop::analog
