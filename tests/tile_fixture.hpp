// A tile of the sizes DUT_*, what drives its ports, and what its runs add.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "Vtile.h"
#include "host/engine/reference.hpp"
#include "testbench/dut.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop::testing_support {

inline constexpr int kRows = DUT_ROWS;
inline constexpr int kColumns = DUT_COLS;
inline constexpr int kCodeWidth = DUT_CODE_WIDTH;
inline constexpr int kPages = DUT_PAGES;
inline constexpr int kAdcs = DUT_ADCS;
inline constexpr int kWords = (kRows + 31) / 32;
inline constexpr int kInputs = 2 * kRows;
inline constexpr int kOutputs = 64;

struct RunSettings {
  int page = 0;
  int columns = kColumns;
  int input_bits = 8;
  bool skip_zero = false, inl = false;
  std::uint32_t seed = 1, crossbar = 2, vector = 3;
};

/// What a run added, and how often each statistics pulse came.
struct Outcome {
  std::vector<std::uint32_t> sums = std::vector<std::uint32_t>(kOutputs, 0);
  engine::ConversionCounters counters;
  int skipped_phases = 0;
  std::uint64_t busy = 0;  ///< cycles; upper bounds if a phase was skipped
  std::uint64_t active = 0;
};

class TileRtl : public ::testing::Test {
 protected:
  /// Word `word` of plane `plane` of column `column`; rows that do not exist get random bits.
  std::uint32_t plane_word(const RandomPage& page, int column, int plane, int word) {
    auto bits = static_cast<std::uint32_t>(rng_());
    const int columns = static_cast<int>(page.tables.columns.size());
    for (int row = word * 32; row < std::min(word * 32 + 32, kRows); ++row) {
      const bool stored = row < static_cast<int>(page.tables.rows.size()) && column < columns;
      const auto cell = static_cast<std::size_t>(row * columns + column);
      const std::uint32_t mask = 1U << (row % 32);
      if (stored) bits = page.codes[cell] >> plane & 1 ? bits | mask : bits & ~mask;
    }
    return bits;
  }

  /// Writes the whole page and returns the words written.
  std::vector<std::uint32_t> load_codes(int slot, const RandomPage& page) {
    std::vector<std::uint32_t> image;
    for (int column = 0; column < kColumns; ++column) {
      for (int plane = 0; plane < kCodeWidth; ++plane) {
        for (int word = 0; word < kWords; ++word) {
          image.push_back(plane_word(page, column, plane, word));
          dut_->array_we_i = 1;
          address(slot, column, plane * kWords + word, kCodeWidth * kWords);
          dut_->wdata_i = image.back();
          dut_.tick();
          dut_->array_we_i = 0;
          gap();
        }
      }
    }
    return image;
  }

  /// Word `word` of the `words` words of a column of page `slot`.
  void address(int slot, int column, int word, int words) {
    unit(slot * kColumns + column);
    dut_->word_i = static_cast<SData>(word);
    dut_->last_i = word == words - 1;
  }

  void expect_codes(int slot, const std::vector<std::uint32_t>& image) {
    constexpr int kColumnWords = kCodeWidth * kWords;
    for (int word = 0; word < static_cast<int>(image.size()); ++word) {
      dut_->array_re_i = 1;
      address(slot, word / kColumnWords, word % kColumnWords, kColumnWords);
      dut_.tick();
      dut_->array_re_i = 0;
      ASSERT_EQ(dut_->array_rdata_o, image[static_cast<std::size_t>(word)]) << "word " << word;
      gap();
    }
  }

  void unit(int number) {
    dut_->unit_i = static_cast<std::remove_reference_t<decltype(dut_->unit_i)>>(number);
  }

  void load_table(int slot, const std::vector<compiler::ColumnSetting>& columns) {
    for (int column = 0; column < static_cast<int>(columns.size()); ++column) {
      const compiler::ColumnSetting& c = columns[static_cast<std::size_t>(column)];
      const std::uint32_t words[5] = {
          static_cast<std::uint32_t>(c.gain | c.sigma << 16), static_cast<std::uint32_t>(c.offset),
          static_cast<std::uint32_t>(c.reference | c.output << 16),
          static_cast<std::uint32_t>(c.shift | c.bits << 8 | c.left_shift << 16 |
                                     (c.negative ? 1 << 24 : 0)) |
              (random_word(rng_) & ~0x011F0F1FU),  // bits that mean nothing
          static_cast<std::uint32_t>(c.zero_code) | (random_word(rng_) & ~0xFFFU)};
      for (int word = 0; word < 5; ++word) {
        dut_->table_we_i = 1;
        address(slot, column, word, 5);
        dut_->wdata_i = words[word];
        dut_.tick();
        dut_->table_we_i = 0;
        gap();
      }
    }
  }

  void load_inl(int slot, const analog::InlTable& inl) {
    for (int word = 0; word < 64; ++word) {
      std::uint32_t value = 0;
      for (int byte = 0; byte < 4; ++byte) {
        const auto entry =
            static_cast<std::uint8_t>(inl[static_cast<std::size_t>(word * 4 + byte)]);
        value |= std::uint32_t{entry} << (8 * byte);
      }
      dut_->inl_we_i = 1;
      unit(slot * 64 + word);
      dut_->last_i = 1;
      dut_->wdata_i = value;
      dut_.tick();
      dut_->inl_we_i = 0;
      gap();
    }
  }

  void load_inputs(const std::vector<std::uint8_t>& x) {
    dut_->x_clear_i = 1;
    tick();
    dut_->x_clear_i = 0;
    const int rows = static_cast<int>(x.size());
    const auto value = [&x](int row) { return x[static_cast<std::size_t>(row)]; };
    for (int row = 0; row < rows; row += 2) {
      if (row + 1 < rows && chance(rng_, 70)) {
        write_pair(row, 3, value(row), value(row + 1));
        continue;
      }
      // One by one, or the last one with one that the tile does not have.
      write_pair(row, row + 1 == kRows ? 3 : 1, value(row), 0xFF);
      if (row + 1 < rows) write_pair(row, 2, 0xFF, value(row + 1));
    }
    write_pair((kRows + 1) / 2 * 2 + 2 * draw(rng_, 0, 50), 3, 0xFF, 0xFF);  // ignored
  }

  /// Those rows of an even one and the one behind it that are in `written`.
  void write_pair(int row, unsigned written, unsigned even, unsigned odd) {
    dut_->x_we_i = static_cast<CData>(written);
    dut_->x_row_i = static_cast<SData>(row);
    dut_->x_value_i = static_cast<SData>(even | odd << 8);
    tick();
    dut_->x_we_i = 0;
    gap();
  }

  void start(const RunSettings& run) {
    dut_->start_i = 1;
    dut_->page_i = static_cast<SData>(run.page);
    dut_->columns_i = static_cast<SData>(run.columns);
    dut_->input_bits_i = static_cast<CData>(run.input_bits);
    dut_->skip_zero_i = run.skip_zero;
    dut_->seed_i = run.seed;
    dut_->crossbar_i = run.crossbar;
    dut_->vector_i = run.vector;
    dut_->inl_i = run.inl;
    tick();
    columns_ = run.columns;
    dut_->start_i = 0;
    dut_->page_i = static_cast<SData>(rng_());  // sampled at the start only
    dut_->columns_i = static_cast<SData>(rng_());
    dut_->input_bits_i = static_cast<CData>(draw(rng_, 1, 8));
    dut_->skip_zero_i = static_cast<CData>(rng_() & 1);
    dut_->seed_i = static_cast<IData>(rng_());
    dut_->crossbar_i = static_cast<IData>(rng_());
    dut_->vector_i = static_cast<IData>(rng_());
    dut_->inl_i = static_cast<CData>(rng_() & 1);
  }

  /// Bits `bit` .. of a port of any width.
  template <typename Port>
  static std::uint32_t part(const Port& port, int bit, std::uint32_t mask) {
    if constexpr (requires { port.m_storage; }) {
      return port.m_storage[bit / 32] >> (bit % 32) & mask;
    } else {
      return static_cast<std::uint32_t>(port >> bit) & mask;
    }
  }

  void collect(Outcome& outcome) {
    outcome.counters.column_reads += dut_->converted_o + dut_->skipped_o * dut_->columns_o;
    outcome.counters.conversions += dut_->converted_o;
    outcome.counters.clipped_low += dut_->clipped_low_o;
    outcome.counters.clipped_high += dut_->clipped_high_o;
    outcome.skipped_phases += dut_->skipped_o;
    if (dut_->active_o) {
      ASSERT_EQ(dut_->columns_o, columns_);
    }
    for (int lane = 0; lane < kAdcs; ++lane) {
      if (part(dut_->add_valid_o, lane, 1) == 0) continue;
      const std::uint32_t output = part(dut_->add_output_o, lane * 16, 0xFFFF);
      ASSERT_LT(output, outcome.sums.size());
      outcome.sums[output] += part(dut_->add_value_o, lane * 32, ~0U);
    }
  }

  /// One cycle, what it adds collected where a run is watched.
  void tick() {
    if (watched_ != nullptr) collect(*watched_);
    dut_.tick();
  }

  Outcome run(const RunSettings& run) {
    Outcome outcome;
    start(run);
    while (dut_->active_o && outcome.active < 100'000) {
      collect(outcome);
      outcome.busy += dut_->busy_o;
      ++outcome.active;
      dut_.tick();
    }
    EXPECT_FALSE(dut_->active_o) << "stalled";
    EXPECT_FALSE(dut_->busy_o) << "busy while not active";
    EXPECT_FALSE(dut_->add_valid_o) << "added while idle";
    return outcome;
  }

  void gap() {
    while (chance(rng_, 10)) tick();
  }

  int columns_ = 0;             ///< of the run started last
  Outcome* watched_ = nullptr;  ///< collects in every tick()
  std::mt19937 rng_{static_cast<unsigned>(bench_seed())};
  testbench::Dut<Vtile> dut_{bench_seed(), [](Vtile& m) {
                               m.clear_i = m.array_we_i = m.array_re_i = m.table_we_i = 0;
                               m.inl_we_i = 0;
                               m.x_clear_i = m.x_we_i = m.start_i = 0;
                             }};
};

}  // namespace crossloop::testing_support
