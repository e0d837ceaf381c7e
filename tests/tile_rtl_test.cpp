#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "host/engine/reference.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"
#include "tests/tile_fixture.hpp"

namespace crossloop::testing_support {
namespace {

/// Few rows, or all; few columns, or all; sometimes noise and references over their whole range.
RandomPage random_partial_page(std::mt19937& rng) {
  const bool wide = chance(rng, 30);
  const bool all_clip = chance(rng, 20);  // every conversion meets the same rail
  const auto beyond = static_cast<std::int32_t>(chance(rng, 50) ? 1U << 31 : ~0U >> 1);
  RandomPage page = random_page({.rows = chance(rng, 50) ? kRows : draw(rng, 1, kRows),
                                 .columns = chance(rng, 50) ? kColumns : draw(rng, 1, kColumns),
                                 .code_bits = kCodeWidth,
                                 .inputs = kInputs,
                                 .outputs = kOutputs,
                                 .noisy = chance(rng, 70),
                                 .wide_adc = chance(rng, 30)},
                                rng);
  for (auto& column : page.tables.columns) {
    if (all_clip) column.gain = 0, column.offset = beyond;
    if (!wide) continue;
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
  SCOPED_TRACE(replay_hint());
  for (int i = 0; i < 60; ++i) {
    const RandomPage page = random_partial_page(rng_);
    RunSettings settings{.page = draw(rng_, 0, kPages - 1),
                         .columns = static_cast<int>(page.tables.columns.size()),
                         .seed = static_cast<std::uint32_t>(rng_()),
                         .crossbar = static_cast<std::uint32_t>(rng_())};
    load_codes(settings.page, page);
    load_table(settings.page, page.tables.columns);
    const analog::InlTable inl = random_inl(rng_);
    load_inl(settings.page, inl);
    for (int vector = 0; vector < 4; ++vector) {
      settings.input_bits = draw(rng_, 1, 8);
      settings.skip_zero = chance(rng_, 50);
      settings.inl = chance(rng_, 70);
      settings.vector = static_cast<std::uint32_t>(rng_());
      auto input = random_bytes(kInputs, rng_);
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
  RandomPage page = random_page({.rows = kRows,
                                 .columns = draw(rng, 1, chance(rng, 50) ? kAdcs : kColumns),
                                 .code_bits = kCodeWidth,
                                 .inputs = kInputs,
                                 .outputs = kOutputs,
                                 .wide_adc = chance(rng, 30)},
                                rng);
  std::iota(page.tables.rows.begin(), page.tables.rows.end(), 0);
  return page;
}

TEST_F(TileRtl, StartsARunWhileTheOnesBeforeDrain) {
  SCOPED_TRACE(replay_hint());
  std::vector<RandomPage> pages;
  std::vector<analog::InlTable> inls;
  for (int slot = 0; slot < kPages; ++slot) {
    pages.push_back(random_short_page(rng_));
    inls.push_back(random_inl(rng_));
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
      input = random_bytes(kInputs, rng_);
      load_inputs({input.begin(), input.begin() + kRows});
    }
    while (dut_->busy_o) {
      dut_->start_i = chance(rng_, 20);  // not taken
      tick();
    }
    dut_->start_i = 0;
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
  for (int round = 0; round < 3; ++round) {
    std::vector<std::vector<std::uint32_t>> images;
    for (int slot = 0; slot < kPages; ++slot) {
      images.push_back(load_codes(slot, random_partial_page(rng_)));
    }
    for (int slot = kPages - 1; slot >= 0; --slot) {
      SCOPED_TRACE("page " + std::to_string(slot));
      expect_codes(slot, images[static_cast<std::size_t>(slot)]);
    }
  }
}

TEST_F(TileRtl, ShiftsEveryPhaseModulo32Bits) {
  const RandomPage page = random_page({.rows = 1, .columns = 1, .code_bits = kCodeWidth}, rng_);
  load_codes(0, page);
  load_inputs({0});
  for (int left_shift = 0; left_shift < 32; ++left_shift) {
    const bool negative = left_shift % 2 == 1;
    // Whatever the sum, the code is 5: y = -4.
    compiler::ColumnSetting column{.output = 3, .negative = negative, .left_shift = left_shift};
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
  SCOPED_TRACE(replay_hint());
  RandomPage page = random_partial_page(rng_);
  const RunSettings settings{.columns = static_cast<int>(page.tables.columns.size())};
  load_codes(0, page);
  load_table(0, page.tables.columns);
  const auto input = random_bytes(kInputs, rng_);
  std::vector<std::uint8_t> x;
  for (const int index : page.tables.rows) x.push_back(input[static_cast<std::size_t>(index)]);
  load_inputs(x);
  const Outcome expected = expected_outcome(page, settings, input);
  for (int delay = 0; delay < 40; ++delay) {
    if (chance(rng_, 50)) {  // behind another that still drains
      start(settings);
      while (dut_->busy_o) dut_.tick();
    }
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
}  // namespace crossloop::testing_support
