#include "drivers/page_image.hpp"

#include <string>

#include "drivers/registers.hpp"
#include "host/error.hpp"

namespace crossloop::drivers {
namespace {

std::string block(int rows, int columns) {
  return std::to_string(rows) + "x" + std::to_string(columns);
}

void check_block(int rows, int columns, const PageGeometry& geometry) {
  if (rows < 1 || columns < 1 || rows > geometry.rows || columns > geometry.columns) {
    throw InputError("page image: block of " + block(rows, columns) + " codes, page has " +
                     block(geometry.rows, geometry.columns));
  }
}

void check_size(const std::string& what, std::size_t found, std::size_t expected) {
  if (found != expected) {
    throw InputError(what + ": " + std::to_string(found) + " values, expected " +
                     std::to_string(expected));
  }
}

/// Index of the word of plane 0 that holds (row, column); plane p is p * plane_words() further.
std::size_t first_word(int row, int column, const PageGeometry& geometry) {
  return static_cast<std::size_t>(column) * static_cast<std::size_t>(geometry.code_bits) *
             static_cast<std::size_t>(geometry.plane_words()) +
         static_cast<std::size_t>(row / 32);
}

void place(std::vector<std::uint32_t>& entry, int column, const char* name, const BitField& bits,
           std::int32_t value, std::int32_t low, std::int32_t high) {
  if (value < low || value > high) {
    throw InputError("column table: column " + std::to_string(column) + ": " + name + " is " +
                     std::to_string(value) + ", expected " + std::to_string(low) + ".." +
                     std::to_string(high));
  }
  entry[bits.word] |= bits.place(static_cast<std::uint32_t>(value));
}

std::vector<std::uint32_t> pack_column(const ColumnEntry& entry, int column) {
  std::vector<std::uint32_t> words(constant::COLUMN_WORDS);
  const auto unsigned_field = [&](const char* name, const BitField& bits, std::int32_t value) {
    place(words, column, name, bits, value, 0, static_cast<std::int32_t>(bits.limit()));
  };
  unsigned_field("gain", column_field::GAIN, entry.gain);
  unsigned_field("sigma", column_field::SIGMA, entry.sigma);
  words[column_field::OFFSET.word] = static_cast<std::uint32_t>(entry.offset);
  unsigned_field("reference", column_field::REFERENCE, entry.reference);
  unsigned_field("output", column_field::OUTPUT, entry.output);
  unsigned_field("shift", column_field::SHIFT, entry.shift);
  place(words, column, "bits", column_field::BITS, entry.bits, 1, constant::MAX_ADC_BITS);
  unsigned_field("left_shift", column_field::LEFT_SHIFT, entry.left_shift);
  unsigned_field("negative", column_field::NEGATIVE, entry.negative ? 1 : 0);
  place(words, column, "zero_code", column_field::ZERO_CODE, entry.zero_code, 0,
        (1 << entry.bits) - 1);
  return words;
}

}  // namespace

int PageGeometry::table_words() const {
  return row_table_words() + columns * static_cast<int>(constant::COLUMN_WORDS);
}

std::vector<std::uint32_t> pack_codes(std::span<const std::uint16_t> codes, int rows, int columns,
                                      const PageGeometry& geometry) {
  check_block(rows, columns, geometry);
  check_size("page image of " + block(rows, columns) + " codes", codes.size(),
             static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  const auto stride = static_cast<std::size_t>(geometry.plane_words());
  std::vector<std::uint32_t> image(static_cast<std::size_t>(geometry.image_words()));
  std::size_t index = 0;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      std::uint32_t code = codes[index++];
      if (code >> geometry.code_bits != 0) {
        throw InputError("page image: code " + std::to_string(code) + " at row " +
                         std::to_string(row) + ", column " + std::to_string(column) +
                         ", expected 0.." + std::to_string((1 << geometry.code_bits) - 1));
      }
      for (std::size_t at = first_word(row, column, geometry); code != 0; code >>= 1) {
        image[at] |= (code & 1U) << (row % 32);
        at += stride;
      }
    }
  }
  return image;
}

std::vector<std::uint16_t> unpack_codes(std::span<const std::uint32_t> image, int rows, int columns,
                                        const PageGeometry& geometry) {
  check_block(rows, columns, geometry);
  check_size("page image", image.size(), static_cast<std::size_t>(geometry.image_words()));
  const auto stride = static_cast<std::size_t>(geometry.plane_words());
  std::vector<std::uint16_t> codes;
  codes.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      std::size_t at = first_word(row, column, geometry);
      unsigned code = 0;
      for (int plane = 0; plane < geometry.code_bits; ++plane, at += stride) {
        code |= ((image[at] >> (row % 32)) & 1U) << plane;
      }
      codes.push_back(static_cast<std::uint16_t>(code));
    }
  }
  return codes;
}

TableWords pack_table(std::span<const std::int32_t> rows, std::span<const ColumnEntry> columns,
                      const PageGeometry& geometry) {
  if (rows.empty() || columns.empty() || rows.size() > static_cast<std::size_t>(geometry.rows) ||
      columns.size() > static_cast<std::size_t>(geometry.columns)) {
    throw InputError("page tables: " + std::to_string(rows.size()) + " rows and " +
                     std::to_string(columns.size()) + " columns, expected 1.." +
                     std::to_string(geometry.rows) + " and 1.." + std::to_string(geometry.columns));
  }
  TableWords table;
  table.rows = static_cast<int>(rows.size());
  table.columns = static_cast<int>(columns.size());
  table.words.resize(static_cast<std::size_t>(geometry.table_words()));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::uint32_t entry = static_cast<std::uint32_t>(rows[row]);
    if (rows[row] == kUnusedRow) {
      entry = constant::UNUSED_ROW;
    } else if (entry >= constant::UNUSED_ROW) {
      throw InputError("row table: row " + std::to_string(row) + " takes input " +
                       std::to_string(rows[row]) + ", expected 0..65534 or unused (-1)");
    }
    table.words[row / 2] |= entry << (row % 2 * 16);
  }
  auto at = table.words.begin() + geometry.row_table_words();
  for (std::size_t column = 0; column < columns.size(); ++column) {
    for (const std::uint32_t word : pack_column(columns[column], static_cast<int>(column))) {
      *at++ = word;
    }
  }
  return table;
}

std::vector<std::uint32_t> pack_inl(std::span<const std::int8_t, 256> corrections) {
  std::vector<std::uint32_t> words(constant::INL_WORDS);
  for (std::size_t i = 0; i < corrections.size(); ++i) {
    words[i / 4] |= std::uint32_t{static_cast<std::uint8_t>(corrections[i])} << (i % 4 * 8);
  }
  return words;
}

ColumnEntry unpack_column(std::span<const std::uint32_t> entry) {
  check_size("column table entry", entry.size(), constant::COLUMN_WORDS);
  const auto get = [&](const BitField& bits) {
    return static_cast<std::int32_t>(bits.get(entry[bits.word]));
  };
  ColumnEntry column;
  column.gain = get(column_field::GAIN);
  column.sigma = get(column_field::SIGMA);
  column.offset = get(column_field::OFFSET);
  column.reference = get(column_field::REFERENCE);
  column.output = get(column_field::OUTPUT);
  column.shift = get(column_field::SHIFT);
  column.bits = get(column_field::BITS);
  column.left_shift = get(column_field::LEFT_SHIFT);
  column.negative = get(column_field::NEGATIVE) != 0;
  column.zero_code = get(column_field::ZERO_CODE);
  return column;
}

}  // namespace crossloop::drivers
