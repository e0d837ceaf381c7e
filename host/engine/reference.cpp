#include "host/engine/reference.hpp"

#include <cassert>

#include "host/engine/adc.hpp"

namespace crossloop::engine {

ConversionCounters& ConversionCounters::operator+=(const ConversionCounters& other) {
  column_reads += other.column_reads;
  conversions += other.conversions;
  clipped_low += other.clipped_low;
  clipped_high += other.clipped_high;
  return *this;
}

namespace {

/// Bit `bit` of the input of word line `row`.
std::int32_t driven(const PageView& page, std::span<const std::uint8_t> input, int bit,
                    std::size_t row) {
  return (input[static_cast<std::size_t>(page.tables->rows[row])] >> bit) & 1;
}

std::int32_t noise_of(const NoiseKey& key, std::uint32_t vector, int bit, int column,
                      std::int32_t sigma) {
  const auto words = noise_words(key, vector, bit, column >> 1);
  return scaled_noise(nibble_noise(words.v[column & 1]), sigma);
}

}  // namespace

std::int32_t column_sum(const PageView& page, std::span<const std::uint8_t> input, int bit,
                        int column) {
  const auto& tables = *page.tables;
  const std::int32_t reference = tables.columns[static_cast<std::size_t>(column)].reference;
  std::int32_t sum = 0;
  for (std::size_t row = 0; row < tables.rows.size(); ++row) {
    const std::size_t cell = row * tables.columns.size() + static_cast<std::size_t>(column);
    sum += driven(page, input, bit, row) * (page.codes[cell] - reference);
  }
  return sum;
}

void accumulate_page(const PageView& page, std::uint32_t crossbar, const RunSettings& settings,
                     std::uint32_t vector, std::span<const std::uint8_t> input,
                     std::span<std::int32_t> accumulators, ConversionCounters& counters) {
  const auto& tables = *page.tables;
  assert(page.codes.size() == tables.rows.size() * tables.columns.size());
  for (int bit = 0; bit < settings.input_bits; ++bit) {
    counters.column_reads += static_cast<std::int64_t>(tables.columns.size());
    std::int32_t driven_rows = 0;
    for (std::size_t row = 0; row < tables.rows.size(); ++row) {
      driven_rows += driven(page, input, bit, row);
    }
    if (settings.skip_zero && driven_rows == 0) continue;
    for (std::size_t j = 0; j < tables.columns.size(); ++j) {
      const compiler::ColumnSetting& column = tables.columns[j];
      const int index = static_cast<int>(j);
      const std::int32_t sum =
          column_sum(page, input, bit, index) +
          noise_of({settings.seed, crossbar}, vector, bit, index, column.sigma);
      const AdcSettings adc{column.gain, column.offset, column.shift, column.bits};
      const std::int64_t unclamped = adc_unclamped(sum, adc);
      counters.conversions += 1;
      counters.clipped_low += unclamped < 0;
      counters.clipped_high += unclamped > (1 << column.bits) - 1;
      std::int32_t code = adc_code(sum, adc);
      if (page.inl != nullptr) code = corrected_code(code, column.bits, *page.inl);
      const std::int32_t y = code - column.zero_code;
      const std::int32_t term = y * (1 << (column.left_shift + bit));
      accumulators[static_cast<std::size_t>(column.output)] += column.negative ? -term : term;
    }
  }
}

}  // namespace crossloop::engine
