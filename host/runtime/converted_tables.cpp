#include "host/runtime/converted_tables.hpp"

#include <algorithm>

#include "drivers/registers.hpp"

namespace crossloop::runtime {

namespace column_field = drivers::column_field;
namespace constant = drivers::constant;

namespace {

std::int64_t standing_of(const std::vector<std::int64_t>& standing, std::size_t column) {
  return standing.empty() ? 0 : standing[column];
}

}  // namespace

ChipConverters::ChipConverters(const analog::Chip& chip, int rows, int columns)
    : converter_(chip.device().converter), seed_(chip.seed()), rows_(rows), columns_(columns) {}

const analog::ConverterState& ChipConverters::state(std::uint32_t crossbar, int adc_bits) {
  Cached& cached = states_[crossbar];
  if (cached.adc_bits != adc_bits) {
    const analog::ConverterSizes sizes{rows_, columns_, adc_bits};
    cached = {adc_bits, analog::converter_state(converter_, seed_, crossbar, sizes)};
  }
  return cached.state;
}

compiler::PageTables ChipConverters::tables(std::uint32_t crossbar,
                                            const compiler::PageTables& host,
                                            std::span<const std::uint16_t> codes) {
  int bits = 1;
  for (const auto& column : host.columns) bits = std::max(bits, column.bits);
  const analog::ConverterState& state = this->state(crossbar, bits);
  const auto standing = analog::standing_sums(state, codes);
  compiler::PageTables chip = host;
  for (std::size_t j = 0; j < chip.columns.size(); ++j) {
    compiler::ColumnSetting& column = chip.columns[j];
    const auto made =
        analog::converted(state, static_cast<int>(j), {column.gain, column.offset, column.sigma},
                          column.shift, standing_of(standing, j));
    column.gain = made.gain;
    column.offset = made.offset;
    column.sigma = made.sigma;
  }
  return chip;
}

std::vector<std::uint32_t> ChipConverters::words(std::uint32_t crossbar,
                                                 std::span<const std::uint32_t> host, int columns,
                                                 const drivers::PageGeometry& geometry,
                                                 std::span<const std::uint16_t> codes) {
  std::vector<std::uint32_t> chip(host.begin(), host.end());
  const auto entry = [&](std::size_t j) {
    return std::span(chip).subspan(
        static_cast<std::size_t>(geometry.row_table_words()) + j * constant::COLUMN_WORDS,
        constant::COLUMN_WORDS);
  };
  const std::size_t used = static_cast<std::size_t>(columns);
  int bits = 1;
  for (std::size_t j = 0; j < used; ++j) {
    bits = std::max(bits, drivers::unpack_column(entry(j)).bits);
  }
  const analog::ConverterState& state = this->state(crossbar, bits);
  const auto standing = analog::standing_sums(state, codes);
  for (std::size_t j = 0; j < used; ++j) {
    const auto words = entry(j);
    const drivers::ColumnEntry column = drivers::unpack_column(words);
    const auto made =
        analog::converted(state, static_cast<int>(j), {column.gain, column.offset, column.sigma},
                          column.shift, standing_of(standing, j));
    static_assert(column_field::GAIN.word == column_field::SIGMA.word);
    words[column_field::GAIN.word] =
        column_field::GAIN.place(static_cast<std::uint32_t>(made.gain)) |
        column_field::SIGMA.place(static_cast<std::uint32_t>(made.sigma));
    words[column_field::OFFSET.word] = static_cast<std::uint32_t>(made.offset);
  }
  return chip;
}

}  // namespace crossloop::runtime
