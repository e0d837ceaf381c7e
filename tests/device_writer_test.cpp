// Arrays in pieces for opcode WRITE_VERIFY, and a device that is the twin itself.
#include "host/runtime/device_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/pulse_cells.hpp"

namespace crossloop::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint8_t> selection(int rows, int columns,
                                    const std::vector<std::pair<int, int>>& cells) {
  std::vector<std::uint8_t> selected(static_cast<std::size_t>(rows * columns));
  for (const auto& [row, column] : cells) {
    selected[static_cast<std::size_t>(row * columns + column)] = 1;
  }
  return selected;
}

TEST(WritePieces, AreOneWhereEverythingFits) {
  const std::vector<std::uint8_t> all(12, 1);
  EXPECT_THAT(write_pieces(3, 4, all, 12), ElementsAre(WritePiece{0, 3, 0, 4}));
  EXPECT_THAT(write_pieces(3, 4, all, 100), ElementsAre(WritePiece{0, 3, 0, 4}));
}

TEST(WritePieces, LeaveOutColumnsWithoutASelectedCell) {
  const auto selected = selection(3, 6, {{0, 1}, {2, 2}, {1, 5}});
  EXPECT_THAT(write_pieces(3, 6, selected, 100),
              ElementsAre(WritePiece{0, 3, 1, 2}, WritePiece{0, 3, 5, 1}));
  EXPECT_THAT(write_pieces(3, 6, selection(3, 6, {}), 100), IsEmpty());
}

TEST(WritePieces, HoldWholeColumnsAsManyAsFit) {
  const std::vector<std::uint8_t> all(15, 1);
  EXPECT_THAT(write_pieces(3, 5, all, 8),
              ElementsAre(WritePiece{0, 3, 0, 2}, WritePiece{0, 3, 2, 2}, WritePiece{0, 3, 4, 1}));
}

TEST(WritePieces, CutColumnsThatDoNotFit) {
  const auto selected = selection(5, 2, {{0, 0}, {4, 0}, {3, 1}});
  EXPECT_THAT(write_pieces(5, 2, selected, 2),
              ElementsAre(WritePiece{0, 2, 0, 1}, WritePiece{4, 1, 0, 1}, WritePiece{2, 2, 1, 1}));
  EXPECT_THAT(write_pieces(5, 2, selected, 1),
              ElementsAre(WritePiece{0, 1, 0, 1}, WritePiece{4, 1, 0, 1}, WritePiece{3, 1, 1, 1}));
}

TEST(WritePieces, FitTheWindowAndAreDoneInTime) {
  const std::uint32_t window = 128 + 5 + 8 + 3 * 100;
  EXPECT_EQ(most_piece_cells(window, 200), 100u);
  EXPECT_EQ(most_piece_cells(window - 1, 0), 99u);
  EXPECT_EQ(most_piece_cells(65536, 1'000'000), 2u);
  EXPECT_EQ(most_piece_cells(65536, 0xFFFFFFFF), 1u);
}

/// The blocks of a descriptor, worked on by the twin.
void write_words_of(const drivers::WriteDescriptor& job, const analog::PulseSettings& settings,
                    std::vector<std::uint32_t>& words) {
  const auto count = static_cast<std::size_t>(job.rows * job.columns);
  ASSERT_EQ(words.size(), drivers::write_words(count));
  std::vector<drivers::CellRecord> cells(count);
  drivers::take_written(words, cells);
  const drivers::WriteStatistics total = testing_support::write_cells(job, settings, cells);
  drivers::WriteDescriptor placed = job;
  words = drivers::place_write(placed, drivers::constant::RING_WORDS, {}, cells);
  const std::size_t statistics = words.size() - drivers::constant::WRITTEN_WORDS;
  words[statistics] = static_cast<std::uint32_t>(total.set_pulses);
  words[statistics + 2] = static_cast<std::uint32_t>(total.reset_pulses);
  words[statistics + 4] = static_cast<std::uint32_t>(total.reads);
}

TEST(WriteCellsOnDevice, GiveWhatTheChipWouldInPiecesOfAnySize) {
  std::mt19937 rng(3);
  constexpr int kRows = 7, kColumns = 5;
  for (const std::uint32_t window : {128U + 13 + 3, 128U + 13 + 3 * 5, 128U + 13 + 3 * 15, 4096U}) {
    std::vector<analog::PulseCell> cells;
    std::vector<std::uint16_t> targets;
    std::vector<std::uint8_t> selected;
    for (int i = 0; i < kRows * kColumns; ++i) {
      const drivers::CellRecord cell = testing_support::random_cell(rng);
      cells.push_back(
          {.state = cell.state, .factor = cell.factor, .stuck = cell.stuck, .reads = cell.reads});
      targets.push_back(cell.target);
      selected.push_back(rng() % 3 == 0 ? 1 : 0);
    }
    std::vector<analog::PulseCell> golden = cells;
    analog::WriteJob job{.pulse_seed = 5,
                         .crossbar = 9,
                         .rows = kRows,
                         .columns = kColumns,
                         .cells = golden,
                         .targets = targets,
                         .selected = selected,
                         .settings = testing_support::random_pulse_settings(rng)};
    const analog::WriteTotals expected = analog::write_cells(job);
    job.cells = cells;
    const analog::WriteTotals found = write_cells_on_device(
        job, 0, window,
        [&](const drivers::WriteDescriptor& descriptor, std::vector<std::uint32_t>& words) {
          EXPECT_LE(drivers::constant::RING_WORDS + words.size(), window);
          write_words_of(descriptor, job.settings, words);
        });
    EXPECT_EQ(found.set_pulses, expected.set_pulses);
    EXPECT_EQ(found.reset_pulses, expected.reset_pulses);
    EXPECT_EQ(found.reads, expected.reads);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      EXPECT_EQ(cells[i].state, golden[i].state) << "window " << window << ", cell " << i;
      EXPECT_EQ(cells[i].reads, golden[i].reads) << "window " << window << ", cell " << i;
      EXPECT_EQ(cells[i].verified, golden[i].verified) << "window " << window << ", cell " << i;
    }
  }
}

}  // namespace
}  // namespace crossloop::runtime
