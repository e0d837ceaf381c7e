#include "host/analog/flip_encoding.hpp"

#include <spdlog/fmt/fmt.h>

#include <bit>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

void check(const char* what, std::int64_t found, std::int64_t low, std::int64_t high) {
  if (found >= low && found <= high) return;
  throw InputError(fmt::format("column: found {} {}, expected {} to {}", found, what, low, high));
}

void check_format(const ColumnFormat& format) {
  check("rows", format.rows, 1, 4096);
  check("bits per cell", format.cell_bits, 1, 8);
  check("bits per input", format.input_bits, 1, 8);
}

std::int64_t top(int bits) { return (std::int64_t{1} << bits) - 1; }

}  // namespace

std::int64_t largest_sum(const ColumnFormat& format) {
  check_format(format);
  return format.rows * top(format.input_bits) * top(format.cell_bits);
}

int bits_for_sum(std::int64_t largest) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest)));
}

int adc_bits(const ColumnFormat& format, bool with_flip) {
  return bits_for_sum(largest_sum(format)) - (with_flip ? 1 : 0);
}

int isaac_adc_bits(const ColumnFormat& format, bool with_flip) {
  check_format(format);
  const int rows_log2 = static_cast<int>(std::bit_width(static_cast<unsigned>(format.rows - 1)));
  const bool single = format.cell_bits == 1 || format.input_bits == 1;
  return rows_log2 + format.cell_bits + format.input_bits - (single ? 1 : 0) - (with_flip ? 1 : 0);
}

bool needs_flip(std::span<const std::uint8_t> levels, const ColumnFormat& format) {
  const int bits = adc_bits(format, false);
  check("cells", static_cast<std::int64_t>(levels.size()), 0, format.rows);
  std::int64_t sum = 0;
  for (const std::uint8_t level : levels) {
    check("as a level", level, 0, top(format.cell_bits));
    sum += level;
  }
  return bits_for_sum(sum * top(format.input_bits)) == bits;
}

EncodedColumn encode_column(std::span<const std::uint8_t> levels, const ColumnFormat& format) {
  EncodedColumn column = {{levels.begin(), levels.end()}, needs_flip(levels, format)};
  if (column.flipped) {
    for (std::uint8_t& level : column.levels) {
      level = static_cast<std::uint8_t>(top(format.cell_bits) - level);
    }
  }
  return column;
}

std::int64_t recover_sum(std::int64_t column_sum, std::int64_t unit_sum, bool flipped,
                         int cell_bits) {
  return flipped ? top(cell_bits) * unit_sum - column_sum : column_sum;
}

}  // namespace crossloop::analog
