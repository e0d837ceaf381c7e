// Random pages for tests that hold two implementations of the numbers contract equal.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "host/analog/inl_table.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::testing_support {

struct RandomPage {
  compiler::PageTables tables;
  std::vector<std::uint16_t> codes;  ///< [rows][columns]
};

struct RandomPageOptions {
  int rows = 16;
  int columns = 16;
  int code_bits = 8;
  int inputs = 40;
  int outputs = 8;
  bool noisy = true;
  bool wide_adc = false;  ///< gains and offsets over their whole range
};

inline int draw(std::mt19937& rng, int low, int high) {
  return low + static_cast<int>(rng() % static_cast<unsigned long>(high - low + 1));
}

/// Settings such that codes land on, between and beyond the rails.
inline compiler::ColumnSetting random_column(const RandomPageOptions& options, std::mt19937& rng) {
  compiler::ColumnSetting column;
  column.output = draw(rng, 0, options.outputs - 1);
  column.negative = draw(rng, 0, 1) == 1;
  column.slice = draw(rng, 0, 3);
  column.left_shift = draw(rng, 0, 8);
  column.reference = draw(rng, 0, (1 << options.code_bits) / 4);
  column.sigma = options.noisy ? draw(rng, 0, 3) * 40 : 0;
  column.bits = draw(rng, 1, 12);
  column.shift = options.wide_adc ? draw(rng, 0, 24) : draw(rng, 3, 13);
  column.gain = options.wide_adc ? draw(rng, 0, 65535) : draw(rng, 100, 900);
  column.zero_code = draw(rng, 0, (1 << column.bits) / 4);
  column.offset = options.wide_adc ? static_cast<std::int32_t>(rng())
                                   : column.zero_code * (1 << column.shift) + draw(rng, -50, 50);
  return column;
}

/// Corrections of every size, among them those that reach beyond any rail.
inline analog::InlTable random_inl(std::mt19937& rng) {
  analog::InlTable table;
  const int largest = draw(rng, 0, 1) == 1 ? 128 : 3;
  for (auto& entry : table) entry = static_cast<std::int8_t>(draw(rng, -largest, largest - 1));
  return table;
}

inline RandomPage random_page(const RandomPageOptions& options, std::mt19937& rng) {
  RandomPage page;
  for (int row = 0; row < options.rows; ++row) {  // neighbours of the row before, and others
    const bool near = row > 0 && draw(rng, 0, 1) == 1;
    page.tables.rows.push_back(near ? (page.tables.rows.back() + 1) % options.inputs
                                    : draw(rng, 0, options.inputs - 1));
  }
  for (int column = 0; column < options.columns; ++column) {
    page.tables.columns.push_back(random_column(options, rng));
  }
  page.codes.resize(static_cast<std::size_t>(options.rows * options.columns));
  for (auto& code : page.codes) {
    code = static_cast<std::uint16_t>(draw(rng, 0, (1 << options.code_bits) - 1));
  }
  return page;
}

/// Bytes with many zeros and some all-zero stretches, so that phases are skipped.
inline std::vector<std::uint8_t> random_bytes(std::size_t count, std::mt19937& rng) {
  std::vector<std::uint8_t> bytes(count);
  const int style = draw(rng, 0, 2);
  for (auto& byte : bytes) {
    byte = style == 0 ? 0 : static_cast<std::uint8_t>(style == 1 ? rng() % 8 : rng() % 256);
    if (rng() % 3 == 0) byte = 0;
  }
  return bytes;
}

}  // namespace crossloop::testing_support
