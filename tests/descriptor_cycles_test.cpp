// Cycles of descriptors by the formulas, for tiles that read several columns a cycle, too.
#include "drivers/descriptor_cycles.hpp"

#include <gtest/gtest.h>

namespace crossloop::drivers {
namespace {

constexpr CoreShape kCore{.page = {.rows = 16, .columns = 16, .code_bits = 8}};

DescriptorWords words_of(Opcode opcode) { return {static_cast<std::uint32_t>(opcode)}; }

TEST(TileCycles, TakeATurnForEveryAdcsColumns) {
  const PageRun run{.rows = 16, .columns = 10};
  EXPECT_EQ(tile_cycles(run, 8, false, 1), 1 + 8 * 10 + 7);
  EXPECT_EQ(tile_cycles(run, 8, false, 2), 1 + 8 * 5 + 7);
  EXPECT_EQ(tile_cycles(run, 8, false, 4), 1 + 8 * 3 + 7);
  EXPECT_EQ(tile_cycles(run, 3, false, 16), 1 + 3 * 1 + 7);
}

TEST(TileCycles, SpendOneCycleOnASkippedPhaseAndHideTheLastOnesInTheDrain) {
  const auto cycles = [](int phases, bool skip_zero = true) {
    return tile_cycles({.rows = 16, .columns = 10, .phases = static_cast<std::uint8_t>(phases)}, 8,
                       skip_zero, 1);
  };
  EXPECT_EQ(cycles(0x80), 7 + 10 + 7);
  EXPECT_EQ(cycles(0x20), 5 + 10 + 2 + 5);
  EXPECT_EQ(cycles(0x01), (1 + 10) + 7 + 1);
  EXPECT_EQ(cycles(0x00), 8 + 1);
  EXPECT_EQ(cycles(0x00, false), 1 + 8 * 10 + 7);
}

TEST(DescriptorCycles, MoveAWordACycle) {
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::NOP), kCore).busy, 25);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_PAGE), kCore).busy, 24 + 16 * 8 + 2);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_TABLE), kCore).busy, 24 + 8 + 16 * 5 + 2);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_INL), kCore).busy, 25);
  EXPECT_EQ(refused_cycles(words_of(Opcode::LAYER)).busy, 22);
  EXPECT_EQ(refused_cycles(words_of(Opcode::ADD)).busy, 37);
}

/// Two vectors on one page, the second without a set bit.
TEST(DescriptorCycles, CountWhatTheTileDoesForEachVector) {
  DescriptorWords words = words_of(Opcode::LAYER);
  words[word::LAYER_PAGES] = 1;
  words[word::LAYER_OUTPUTS] = 5;
  words[word::LAYER_VECTORS] = 2;
  words[word::LAYER_INPUT_BITS] = 4;
  words[word::LAYER_FLAGS] = 1U << constant::FLAG_SKIP_ZERO;
  const auto runs = [](std::uint64_t vector, int) {
    return PageRun{.rows = 9,
                   .columns = 6,
                   .split_pairs = 2,
                   .phases = static_cast<std::uint8_t>(vector == 0 ? 15 : 0)};
  };
  const auto cycles = descriptor_cycles(words, kCore, runs);
  constexpr std::uint64_t kTiles = 1 + 4 * 6 + 7 + 4 + 1;
  // The second vector is gathered while the tile works on the first.
  EXPECT_EQ(cycles.busy, 24 + (5 + 4) + 2 * 5 + (9 + 2 + 2) + (1 + 2) + kTiles);
  EXPECT_EQ(cycles.busy - cycles.stalled, kTiles);
  EXPECT_EQ(cycles.column_reads, 2 * 4 * 6);
  EXPECT_EQ(cycles.skipped, 4);
}

}  // namespace
}  // namespace crossloop::drivers
