#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "Vtile.h"
#include "host/engine/reference.hpp"
#include "testbench/dut.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using compiler::ColumnSetting;
using testing_support::bench_seed;
using testing_support::chance;
using testing_support::draw;
using testing_support::RandomPage;

constexpr int kRows = DUT_ROWS;
constexpr int kColumns = DUT_COLS;
constexpr int kCodeWidth = DUT_CODE_WIDTH;
constexpr int kPages = DUT_PAGES;
constexpr int kAdcs = DUT_ADCS;
constexpr int kWords = (kRows + 31) / 32;
constexpr int kInputs = 2 * kRows;
constexpr int kOutputs = 64;

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
    dut_->unit_i = static_cast<IData>(slot * kColumns + column);
    dut_->word_i = static_cast<SData>(word);
    dut_->last_i = word == words - 1;
  }

  void load_table(int slot, const std::vector<ColumnSetting>& columns) {
    for (int column = 0; column < static_cast<int>(columns.size()); ++column) {
      const ColumnSetting& c = columns[static_cast<std::size_t>(column)];
      const std::uint32_t words[5] = {
          static_cast<std::uint32_t>(c.gain | c.sigma << 16), static_cast<std::uint32_t>(c.offset),
          static_cast<std::uint32_t>(c.reference | c.output << 16),
          static_cast<std::uint32_t>(c.shift | c.bits << 8 | c.left_shift << 16 |
                                     (c.negative ? 1 << 24 : 0)) |
              (testing_support::random_word(rng_) & ~0x011F0F1FU),  // bits that mean nothing
          static_cast<std::uint32_t>(c.zero_code) | (testing_support::random_word(rng_) & ~0xFFFU)};
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
      dut_->unit_i = static_cast<IData>(slot * 64 + word);
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
    dut_->seed_i = static_cast<IData>(rng_());
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

/// Few rows, or all; few columns, or all; sometimes noise and references over their whole range.
RandomPage random_partial_page(std::mt19937& rng) {
  const bool wide = chance(rng, 30);
  RandomPage page =
      testing_support::random_page({.rows = chance(rng, 50) ? kRows : draw(rng, 1, kRows),
                                    .columns = chance(rng, 50) ? kColumns : draw(rng, 1, kColumns),
                                    .code_bits = kCodeWidth,
                                    .inputs = kInputs,
                                    .outputs = kOutputs,
                                    .noisy = chance(rng, 70),
                                    .wide_adc = chance(rng, 30)},
                                   rng);
  for (auto& column : page.tables.columns) {
    if (!wide) break;
    column.sigma = draw(rng, 0, 65535);
    column.reference = draw(rng, 0, chance(rng, 50) ? 65535 : (1 << kCodeWidth) - 1);
    column.zero_code = draw(rng, 0, (1 << column.bits) - 1);
    column.shift = draw(rng, 5, 14);
  }
  return page;
}

/// What the plain reference makes of the same run.
Outcome expected_outcome(const RandomPage& page, const RunSettings& run,
                         const std::vector<std::uint8_t>& input, const analog::InlTable& inl = {}) {
  Outcome outcome;
  std::vector<std::int32_t> sums(kOutputs, 0);
  engine::accumulate_page(
      {page.codes, &page.tables, run.inl ? &inl : nullptr}, run.crossbar,
      {.input_bits = run.input_bits, .skip_zero = run.skip_zero, .seed = run.seed}, run.vector,
      input, sums, outcome.counters);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    outcome.sums[i] = static_cast<std::uint32_t>(sums[i]);
  }
  const auto& c = outcome.counters;
  outcome.skipped_phases = static_cast<int>((c.column_reads - c.conversions) / run.columns);
  const std::int64_t groups = (run.columns + kAdcs - 1) / kAdcs;
  const std::int64_t columns_read = c.conversions / run.columns * groups + outcome.skipped_phases;
  outcome.busy = static_cast<std::uint64_t>(1 + columns_read + 1);
  outcome.active = static_cast<std::uint64_t>(1 + columns_read + 7);
  return outcome;
}

TEST_F(TileRtl, MatchesTheReferenceOnRandomPages) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int i = 0; i < 60; ++i) {
    const RandomPage page = random_partial_page(rng_);
    RunSettings settings{.page = draw(rng_, 0, kPages - 1),
                         .columns = static_cast<int>(page.tables.columns.size()),
                         .seed = static_cast<std::uint32_t>(rng_()),
                         .crossbar = static_cast<std::uint32_t>(rng_())};
    load_codes(settings.page, page);
    load_table(settings.page, page.tables.columns);
    const analog::InlTable inl = testing_support::random_inl(rng_);
    load_inl(settings.page, inl);
    for (int vector = 0; vector < 4; ++vector) {
      settings.input_bits = draw(rng_, 1, 8);
      settings.skip_zero = chance(rng_, 50);
      settings.inl = chance(rng_, 70);
      settings.vector = static_cast<std::uint32_t>(rng_());
      auto input = testing_support::random_bytes(kInputs, rng_);
      if (chance(rng_, 10)) std::fill(input.begin(), input.end(), 0xFF);  // all rows driven
      std::vector<std::uint8_t> x;
      for (const int index : page.tables.rows) x.push_back(input[static_cast<std::size_t>(index)]);
      load_inputs(x);
      const Outcome expected = expected_outcome(page, settings, input, inl);
      const Outcome found = run(settings);
      ASSERT_EQ(found.sums, expected.sums) << "page " << i << ", vector " << vector;
      ASSERT_EQ(found.counters, expected.counters) << "page " << i << ", vector " << vector;
      ASSERT_EQ(found.skipped_phases, expected.skipped_phases);
      ASSERT_LE(found.busy, expected.busy);
      ASSERT_LE(found.active, expected.active);
      if (expected.skipped_phases == 0) {
        ASSERT_EQ(found.busy, expected.busy);
        ASSERT_EQ(found.active, expected.active);
      }
      gap();
    }
  }
}

/// All rows in order, and of the columns every other time not more than a tile reads at once.
RandomPage random_short_page(std::mt19937& rng) {
  RandomPage page =
      testing_support::random_page({.rows = kRows,
                                    .columns = draw(rng, 1, chance(rng, 50) ? kAdcs : kColumns),
                                    .code_bits = kCodeWidth,
                                    .inputs = kInputs,
                                    .outputs = kOutputs},
                                   rng);
  std::iota(page.tables.rows.begin(), page.tables.rows.end(), 0);
  return page;
}

TEST_F(TileRtl, StartsARunWhileTheOnesBeforeDrain) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::vector<RandomPage> pages;
  std::vector<analog::InlTable> inls;
  for (int slot = 0; slot < kPages; ++slot) {
    pages.push_back(random_short_page(rng_));
    inls.push_back(testing_support::random_inl(rng_));
    load_codes(slot, pages.back());
    load_table(slot, pages.back().tables.columns);
    load_inl(slot, inls.back());
  }
  Outcome found, expected;
  watched_ = &found;
  int overlapping = 0;
  std::vector<std::uint8_t> input;
  for (int i = 0; i < 400; ++i) {
    const auto slot = static_cast<std::size_t>(draw(rng_, 0, kPages - 1));
    const RunSettings settings{.page = static_cast<int>(slot),
                               .columns = static_cast<int>(pages[slot].tables.columns.size()),
                               .input_bits = chance(rng_, 50) ? 1 : draw(rng_, 2, 8),
                               .skip_zero = chance(rng_, 50),
                               .inl = chance(rng_, 50),
                               .seed = static_cast<std::uint32_t>(rng_()),
                               .crossbar = static_cast<std::uint32_t>(rng_()),
                               .vector = static_cast<std::uint32_t>(rng_())};
    if (i == 0 || chance(rng_, 30)) {  // else the inputs of the run before, and no cycle lost
      input = testing_support::random_bytes(kInputs, rng_);
      load_inputs({input.begin(), input.begin() + kRows});
    }
    while (dut_->busy_o) tick();
    overlapping += dut_->active_o;
    start(settings);
    const Outcome run = expected_outcome(pages[slot], settings, input, inls[slot]);
    for (std::size_t k = 0; k < run.sums.size(); ++k) expected.sums[k] += run.sums[k];
    expected.counters += run.counters;
    expected.skipped_phases += run.skipped_phases;
  }
  while (dut_->active_o) tick();
  EXPECT_EQ(found.sums, expected.sums);
  EXPECT_EQ(found.counters, expected.counters);
  EXPECT_EQ(found.skipped_phases, expected.skipped_phases);
  EXPECT_GT(overlapping, 100);
}

TEST_F(TileRtl, ReadsBackWhatEachPageHolds) {
  std::vector<std::vector<std::uint32_t>> images;
  for (int slot = 0; slot < kPages; ++slot) {
    images.push_back(load_codes(slot, random_partial_page(rng_)));
  }
  for (int slot = kPages - 1; slot >= 0; --slot) {
    const auto& image = images[static_cast<std::size_t>(slot)];
    for (std::size_t i = 0; i < image.size(); ++i) {
      constexpr int kColumnWords = kCodeWidth * kWords;
      const int word = static_cast<int>(i);
      dut_->array_re_i = 1;
      address(slot, word / kColumnWords, word % kColumnWords, kColumnWords);
      dut_.tick();
      dut_->array_re_i = 0;
      ASSERT_EQ(dut_->array_rdata_o, image[i]) << "page " << slot << ", word " << i;
      gap();
    }
  }
}

TEST_F(TileRtl, ShiftsEveryPhaseModulo32Bits) {
  const RandomPage page =
      testing_support::random_page({.rows = 1, .columns = 1, .code_bits = kCodeWidth}, rng_);
  load_codes(0, page);
  load_inputs({0});
  for (int left_shift = 0; left_shift < 32; ++left_shift) {
    const bool negative = left_shift % 2 == 1;
    // Whatever the sum, the code is 5: y = -4.
    ColumnSetting column{.output = 3, .negative = negative, .left_shift = left_shift};
    column.gain = 0;
    column.offset = 5;
    column.zero_code = 9;
    load_table(0, {column});
    std::uint32_t expected = 0;
    for (int bit = 0; bit < 8; ++bit) {
      const std::uint64_t term = std::uint64_t{4} << (left_shift + bit);
      expected += static_cast<std::uint32_t>(negative ? term : -term);
    }
    EXPECT_EQ(run({.columns = 1}).sums[3], expected) << "left shift " << left_shift;
  }
}

TEST_F(TileRtl, IsIdleAndSilentAfterAClearInTheMiddleOfARun) {
  SCOPED_TRACE(testing_support::replay_hint());
  RandomPage page = random_partial_page(rng_);
  const RunSettings settings{.columns = static_cast<int>(page.tables.columns.size())};
  load_codes(0, page);
  load_table(0, page.tables.columns);
  const auto input = testing_support::random_bytes(kInputs, rng_);
  std::vector<std::uint8_t> x;
  for (const int index : page.tables.rows) x.push_back(input[static_cast<std::size_t>(index)]);
  load_inputs(x);
  const Outcome expected = expected_outcome(page, settings, input);
  for (int delay = 0; delay < 40; ++delay) {
    start(settings);
    for (int i = 0; i < delay; ++i) dut_.tick();
    dut_->clear_i = 1;
    dut_.tick();
    dut_->clear_i = 0;
    for (int i = 0; i < (delay % 2 == 0 ? 10 : 0); ++i) {
      ASSERT_FALSE(dut_->active_o || dut_->add_valid_o) << "after " << delay << " cycles";
      dut_.tick();
    }
    ASSERT_EQ(run(settings).sums, expected.sums) << "after " << delay << " cycles";
  }
}

TEST_F(TileRtl, IgnoresAStartTogetherWithAClear) {
  dut_->clear_i = 1;
  start({});
  EXPECT_FALSE(dut_->busy_o);
  dut_->clear_i = 0;
}

}  // namespace
}  // namespace crossloop
