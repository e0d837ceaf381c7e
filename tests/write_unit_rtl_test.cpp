// Opcode WRITE_VERIFY of rtl/crossloop.v: cells, bad descriptors, page states, cutting it off.
#include "tests/control_fixture.hpp"
#include "tests/pulse_cells.hpp"

namespace crossloop {
namespace {

using drivers::CellRecord;
using drivers::WriteDescriptor;
using drivers::WriteStatistics;
using testing_support::CrossloopControlRtl;
using testing_support::ErrorCode;
using testing_support::kImage;
using testing_support::kWindow;
using testing_support::Opcode;
using testing_support::random_cell;
using testing_support::random_pulse_settings;
using testing_support::random_word;
using testing_support::Reg;
using testing_support::Words;
namespace constant = drivers::constant;
namespace word = drivers::word;

drivers::PulseBlock block_of(const analog::PulseSettings& s) {
  return {s.bottom,       s.top,        s.set_rate,  s.reset_rate,
          s.verify_sigma, s.step_sigma, s.tolerance, s.budget};
}

class WriteUnitRtl : public CrossloopControlRtl {
 protected:
  WriteUnitRtl() { clear_window(); }

  /// No cells to write and no budget in what the window happens to hold.
  void clear_window() { transport_->write_window(128, std::vector<std::uint32_t>(kWindow - 128)); }

  /// Any rectangle of the 16 x 16 cells of a page.
  WriteDescriptor random_job() {
    const auto below = [&](int limit) { return static_cast<int>(rng_()) & 0xFF & (limit - 1); };
    WriteDescriptor job;
    job.page = below(16);
    job.first_row = below(16);
    job.first_column = below(16);
    job.rows = 1 + static_cast<int>(rng_() % static_cast<unsigned>(16 - job.first_row));
    job.columns = 1 + static_cast<int>(rng_() % static_cast<unsigned>(16 - job.first_column));
    job.crossbar = random_word(rng_);
    job.seed = random_word(rng_);
    return job;
  }

  std::vector<CellRecord> random_cells(const WriteDescriptor& job) {
    std::vector<CellRecord> cells(static_cast<std::size_t>(job.rows * job.columns));
    for (auto& cell : cells) cell = random_cell(rng_);
    return cells;
  }

  void fill_page(int page) { device_->load_page(page, std::vector<std::uint32_t>(kImage)); }

  /// One that is right: 4 x 3 cells of page 0, 36 words, then settings and statistics.
  static Words good_write() {
    return {{word::WRITE_VERIFY_CELLS, 128},
            {word::WRITE_VERIFY_ROWS, 4},
            {word::WRITE_VERIFY_COLUMNS, 3},
            {word::WRITE_VERIFY_SETTINGS, 164},
            {word::WRITE_VERIFY_STATISTICS, 169}};
  }
  ErrorCode error_of_write(const Words& changes) {
    Words words = good_write();
    for (const auto& [index, value] : changes) words[index] = value;
    return error_of(Opcode::WRITE_VERIFY, words);
  }
};

TEST_F(WriteUnitRtl, WritesEveryCellAsItsTwinDoes) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::uint64_t pulses = 0, failed = 0;
  for (const double stalls : {0.0, 0.5}) {
    start(stalls);
    for (int page = 0; page < 16; ++page) fill_page(page);
    for (int round = 0; round < 40; ++round) {
      const WriteDescriptor job = random_job();
      const analog::PulseSettings settings = random_pulse_settings(rng_);
      std::vector<CellRecord> cells = random_cells(job);
      std::vector<CellRecord> golden = cells;
      const WriteStatistics expected = testing_support::write_cells(job, settings, golden);
      const WriteStatistics found = device_->write_verify(job, block_of(settings), cells);
      ASSERT_EQ(cells, golden) << "round " << round << ", " << job.rows << "x" << job.columns;
      ASSERT_EQ(found, expected) << "round " << round;
      ASSERT_EQ(found.reads, found.set_pulses + found.reset_pulses + found.selected);
      pulses += found.set_pulses + found.reset_pulses;
      failed += found.failed;
    }
  }
  EXPECT_GT(pulses, 3000U);
  EXPECT_GT(failed, 50U);
}

TEST_F(WriteUnitRtl, WritesAWholePageTwiceTheSecondTimeOnlyWhatChanged) {
  SCOPED_TRACE(testing_support::replay_hint());
  fill_page(3);
  WriteDescriptor job{.page = 3, .rows = 16, .columns = 16, .crossbar = 7, .seed = 99};
  const analog::PulseSettings settings{.bottom = 1000,
                                       .top = 61000,
                                       .set_rate = 6554,
                                       .reset_rate = 3277,
                                       .step_sigma = 80,
                                       .verify_sigma = 200,
                                       .tolerance = 500,
                                       .budget = 300};
  std::vector<CellRecord> cells(256);
  for (auto& cell : cells) {
    cell = {.state = 1000,
            .target = static_cast<std::uint16_t>(2000 + rng_() % 50'000),
            .factor = 64,
            .selected = true};
  }
  EXPECT_EQ(device_->write_verify(job, block_of(settings), cells).failed, 0U);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].selected = i % 64 == 5;
  for (auto& cell : cells) {
    if (cell.selected) cell.target = static_cast<std::uint16_t>(60'000 - cell.target);
  }
  std::vector<CellRecord> golden = cells;
  const WriteStatistics expected = testing_support::write_cells(job, settings, golden);
  EXPECT_EQ(device_->write_verify(job, block_of(settings), cells), expected);
  EXPECT_EQ(expected.selected, 4U);
  EXPECT_EQ(cells, golden);
}

TEST_F(WriteUnitRtl, LeavesTheRestOfTheWindowAsItIs) {
  fill_page(0);
  std::vector<std::uint32_t> before(300), after(300);
  for (auto& value : before) value = random_word(rng_);
  before[168 - 128] = 5;  // the budget
  transport_->write_window(128, before);
  ASSERT_EQ(error_of_write({}), ErrorCode::NONE);
  transport_->read_window(128, after);
  for (std::size_t i = 36; i < 41; ++i) EXPECT_EQ(after[i], before[i]) << "settings";
  for (std::size_t i = 49; i < 300; ++i) EXPECT_EQ(after[i], before[i]) << "behind";
  // Unused bits of a record come back as they were.
  for (std::size_t i = 1; i < 36; i += 3) EXPECT_EQ((after[i] ^ before[i]) & ~(1U << 10), 0U);
}

TEST_F(WriteUnitRtl, RefusesBadWordsPagesAndSizes) {
  fill_page(0);
  fill_page(15);
  EXPECT_EQ(error_of_write({}), ErrorCode::NONE);
  for (std::uint32_t index = 11; index < constant::DESCRIPTOR_WORDS; ++index) {
    EXPECT_EQ(error_of_write({{index, 1}}), ErrorCode::NONZERO_RESERVED) << "word " << index;
  }
  EXPECT_EQ(error_of_write({{word::WRITE_VERIFY_CROSSBAR, ~0U}, {word::WRITE_VERIFY_SEED, ~0U}}),
            ErrorCode::NONE);
  EXPECT_EQ(error_of_write({{word::WRITE_VERIFY_PAGE, 15}}), ErrorCode::NONE);
  for (const std::uint32_t page : {16U, 0x10000U, ~0U}) {
    EXPECT_EQ(error_of_write({{word::WRITE_VERIFY_PAGE, page}}), ErrorCode::BAD_PAGE);
  }
  const Words apart{{word::WRITE_VERIFY_SETTINGS, 1000}, {word::WRITE_VERIFY_STATISTICS, 1010}};
  for (const auto& [count, first] :
       {std::pair(word::WRITE_VERIFY_ROWS, word::WRITE_VERIFY_FIRST_ROW),
        std::pair(word::WRITE_VERIFY_COLUMNS, word::WRITE_VERIFY_FIRST_COLUMN)}) {
    const auto sized = [&](std::uint32_t n, std::uint32_t from) {
      Words words = apart;
      words[count] = n;
      words[first] = from;
      return error_of_write(words);
    };
    EXPECT_EQ(sized(0, 0), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(16, 0), ErrorCode::NONE);
    EXPECT_EQ(sized(17, 0), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(1, 15), ErrorCode::NONE);
    EXPECT_EQ(sized(1, 16), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(2, 15), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(1, ~0U), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(0x10001, 0), ErrorCode::BAD_TABLE);
    EXPECT_EQ(sized(~0U, 2), ErrorCode::BAD_TABLE);
  }
}

TEST_F(WriteUnitRtl, RefusesRangesOutsideTheDataPartOfTheWindow) {
  fill_page(0);
  for (const auto& [index, length] :
       Words{{word::WRITE_VERIFY_CELLS, 36},
             {word::WRITE_VERIFY_SETTINGS, constant::PULSE_WORDS},
             {word::WRITE_VERIFY_STATISTICS, constant::WRITTEN_WORDS}}) {
    EXPECT_EQ(error_of_write({{index, kWindow - length}}), ErrorCode::NONE) << "word " << index;
    for (const std::uint32_t base : {0U, 127U, kWindow - length + 1, kWindow, ~0U}) {
      EXPECT_EQ(error_of_write({{index, base}}), ErrorCode::BAD_WINDOW) << "word " << index;
    }
  }
}

TEST_F(WriteUnitRtl, RefusesOverlapsOfAnyTwoRanges) {
  fill_page(0);
  // Cells 128..163, settings 164..168, statistics 169..176.
  for (const Words& change :
       {Words{{word::WRITE_VERIFY_CELLS, 129}}, Words{{word::WRITE_VERIFY_CELLS, 168}},
        Words{{word::WRITE_VERIFY_CELLS, 176}}, Words{{word::WRITE_VERIFY_SETTINGS, 163}},
        Words{{word::WRITE_VERIFY_SETTINGS, 165}}, Words{{word::WRITE_VERIFY_SETTINGS, 176}},
        Words{{word::WRITE_VERIFY_STATISTICS, 163}}, Words{{word::WRITE_VERIFY_STATISTICS, 168}},
        Words{{word::WRITE_VERIFY_STATISTICS, 157}}}) {
    EXPECT_EQ(error_of_write(change), ErrorCode::OVERLAP)
        << "word " << change.begin()->first << ": " << change.begin()->second;
  }
  EXPECT_EQ(error_of_write({{word::WRITE_VERIFY_CELLS, 177}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_write({{word::WRITE_VERIFY_SETTINGS, 177}}), ErrorCode::NONE);
}

TEST_F(WriteUnitRtl, TakesAPageFromItsContentsToCommit) {
  EXPECT_EQ(error_of_write({}), ErrorCode::NOT_READY);  // nothing was ever programmed
  fill_page(0);
  EXPECT_EQ(error_of_write({}), ErrorCode::NONE);
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NONE);  // so it was PROGRAMMED
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of(Opcode::PROGRAM, {{2, 128}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_write({}), ErrorCode::NONE);
  EXPECT_EQ(error_of_write({}), ErrorCode::NONE);  // the next part of the page
  device_->restart();
  load(0, {.inputs = 16, .outputs = 5});
  clear_window();
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
  EXPECT_EQ(error_of_write({}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
}

/// Soft reset and restart, at any moment of a WRITE_VERIFY.
class WriteUnitAbortRtl : public WriteUnitRtl, public ::testing::WithParamInterface<bool> {};

TEST_P(WriteUnitAbortRtl, LeavesThePageEmptyWhereverItIsCutOff) {
  SCOPED_TRACE(testing_support::replay_hint());
  int cut = 0;
  for (int round = 0; round < 60; ++round) {
    fill_page(2);
    WriteDescriptor job = random_job();
    job.page = 2;
    const analog::PulseSettings settings = random_pulse_settings(rng_);
    std::vector<CellRecord> cells = random_cells(job);
    cells.front().selected = true;
    transport_->write_window(128, place_write(job, 128, block_of(settings), cells));
    const drivers::DescriptorWords words = descriptor_words(job);
    transport_->write_window(transport_->read(Reg::DOORBELL) % constant::RING_ENTRIES * 16, words);
    const std::uint32_t number = transport_->read(Reg::DOORBELL) + 1;
    transport_->write(Reg::DOORBELL, number);
    for (auto reads = 12 + rng_() % 150; reads > 0; --reads) transport_->read(Reg::STATUS);
    GetParam() ? device_->soft_reset() : device_->restart();
    std::uint32_t last = 0;  // of the statistics, behind everything else; 0 before
    transport_->read_window(job.statistics + constant::WRITTEN_WORDS - 1, {&last, 1});
    const bool running = last == 0;
    cut += running ? 1 : 0;
    EXPECT_EQ(transport_->read(Reg::STATUS), drivers::field::STATUS_IDLE.place(1));
    if (running || GetParam()) {
      ASSERT_EQ(error_of(Opcode::COMMIT, {{1, 2}}), ErrorCode::NOT_READY) << "round " << round;
      ASSERT_EQ(error_of(Opcode::STORE_PAGE, {{1, 2}, {2, 128}}), ErrorCode::NOT_READY);
    }
    fill_page(2);
    std::vector<CellRecord> golden = cells;
    const WriteStatistics expected = testing_support::write_cells(job, settings, golden);
    ASSERT_EQ(device_->write_verify(job, block_of(settings), cells), expected) << "round " << round;
    ASSERT_EQ(cells, golden) << "round " << round;
  }
  EXPECT_GT(cut, 20);
}

INSTANTIATE_TEST_SUITE_P(By, WriteUnitAbortRtl, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "SoftReset" : "Restart"; });

TEST_F(WriteUnitRtl, LetsTheHostUseTheWindowMeanwhile) {
  SCOPED_TRACE(testing_support::replay_hint());
  fill_page(0);
  WriteDescriptor job{.rows = 16, .columns = 16, .crossbar = 1, .seed = 2};
  const analog::PulseSettings settings = random_pulse_settings(rng_);
  std::vector<CellRecord> cells = random_cells(job), golden = cells;
  const WriteStatistics expected = testing_support::write_cells(job, settings, golden);
  const auto block = place_write(job, 128, block_of(settings), cells);
  transport_->write_window(128, block);
  transport_->write_window(transport_->read(Reg::DOORBELL) % constant::RING_ENTRIES * 16,
                           drivers::descriptor_words(job));
  const std::uint32_t number = transport_->read(Reg::DOORBELL) + 1;
  transport_->write(Reg::DOORBELL, number);
  int accesses = 0;
  while (transport_->read(Reg::COMPLETED) != number) {
    std::vector<std::uint32_t> sent(20), received(20);
    for (auto& value : sent) value = random_word(rng_);
    transport_->write_window(20'000, sent);
    transport_->read_window(20'000, received);
    ASSERT_EQ(received, sent);
    ++accesses;
  }
  EXPECT_GT(accesses, 10);
  std::vector<std::uint32_t> words(block.size());
  transport_->read_window(128, words);
  EXPECT_EQ(drivers::take_written(words, cells), expected);
  EXPECT_EQ(cells, golden);
}

TEST_F(WriteUnitRtl, DriverRefusesSizesBeforeAnythingIsWritten) {
  fill_page(0);
  std::vector<CellRecord> cells(6);
  EXPECT_THROW(device_->write_verify({.page = 16, .rows = 2, .columns = 3}, {}, cells), InputError);
  EXPECT_THROW(device_->write_verify({.rows = 2, .columns = 2}, {}, cells), InputError);
  EXPECT_THROW(device_->write_verify({.rows = 2, .columns = 3, .first_row = 15}, {}, cells),
               InputError);
  EXPECT_THROW(device_->write_verify({.rows = 2, .columns = 3, .first_column = 14}, {}, cells),
               InputError);
  EXPECT_THROW(device_->commit(0, 0), DeviceError);  // still READY, not PROGRAMMED
}

}  // namespace
}  // namespace crossloop
