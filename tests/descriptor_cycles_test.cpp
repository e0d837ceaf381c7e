// Cycles of descriptors by the formulas, for tiles that read several columns a cycle, too.
#include "drivers/descriptor_cycles.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace crossloop::drivers {
namespace {

constexpr CoreShape kCore{.page = {.rows = 16, .columns = 16, .code_bits = 8}};

DescriptorWords words_of(Opcode opcode) { return {static_cast<std::uint32_t>(opcode)}; }

/// Busy and active cycles.
using Cycles = std::pair<std::uint64_t, std::uint64_t>;
Cycles cycles_of(const PageRun& run, int input_bits, bool skip_zero, int adcs) {
  const TileCycles cycles = tile_cycles(run, input_bits, skip_zero, adcs);
  return {cycles.busy, cycles.active};
}

TEST(TileCycles, TakeATurnForEveryAdcsColumns) {
  const PageRun run{.rows = 16, .columns = 10};
  const auto with_drain = [](std::uint64_t cycles) { return Cycles{cycles + 1, cycles + 7}; };
  EXPECT_EQ(cycles_of(run, 8, false, 1), with_drain(1 + 8 * 10));
  EXPECT_EQ(cycles_of(run, 8, false, 2), with_drain(1 + 8 * 5));
  EXPECT_EQ(cycles_of(run, 8, false, 4), with_drain(1 + 8 * 3));
  EXPECT_EQ(cycles_of(run, 3, false, 16), with_drain(1 + 3 * 1));
}

TEST(TileCycles, SpendOneCycleOnASkippedPhaseAndHideTheLastOnesInTheDrain) {
  const auto cycles = [](int phases, bool skip_zero = true) {
    return cycles_of({.rows = 16, .columns = 10, .phases = static_cast<std::uint8_t>(phases)}, 8,
                     skip_zero, 1);
  };
  EXPECT_EQ(cycles(0x80), (Cycles{7 + 10 + 1, 7 + 10 + 7}));
  EXPECT_EQ(cycles(0x20), (Cycles{5 + 10 + 2, 5 + 10 + 7}));
  EXPECT_EQ(cycles(0x01), (Cycles{1 + 10 + 7, 1 + 10 + 7}));
  EXPECT_EQ(cycles(0x00), (Cycles{8, 8}));
  EXPECT_EQ(cycles(0x00, false), (Cycles{1 + 8 * 10 + 1, 1 + 8 * 10 + 7}));
}

TEST(DescriptorCycles, MoveAWordACycle) {
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::NOP), kCore).busy, 25);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_PAGE), kCore).busy, 24 + 16 * 8 + 2);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_TABLE), kCore).busy, 24 + 8 + 16 * 5 + 2);
  EXPECT_EQ(descriptor_cycles(words_of(Opcode::LOAD_INL), kCore).busy, 25);
  EXPECT_EQ(refused_cycles(words_of(Opcode::LAYER)).busy, 22);
  EXPECT_EQ(refused_cycles(words_of(Opcode::ADD)).busy, 37);
}

/// 5 outputs, 4 input bits.
DescriptorWords layer_words(std::uint32_t pages, std::uint32_t vectors) {
  DescriptorWords words = words_of(Opcode::LAYER);
  words[word::LAYER_PAGES] = pages;
  words[word::LAYER_OUTPUTS] = 5;
  words[word::LAYER_VECTORS] = vectors;
  words[word::LAYER_INPUT_BITS] = 4;
  return words;
}

/// Two vectors on one page, the second without a set bit.
TEST(DescriptorCycles, CountWhatTheTileDoesForEachVector) {
  DescriptorWords words = layer_words(1, 2);
  words[word::LAYER_FLAGS] = 1U << constant::FLAG_SKIP_ZERO;
  const auto runs = [](std::uint64_t vector, int) {
    return PageRun{.rows = 9,
                   .columns = 6,
                   .split_pairs = 2,
                   .phases = static_cast<std::uint8_t>(vector == 0 ? 15 : 0)};
  };
  const auto cycles = descriptor_cycles(words, kCore, runs);
  constexpr std::uint64_t kTiles = 1 + 4 * 6 + 7 + 4;
  // The second vector is gathered while the tile works on the first.
  EXPECT_EQ(cycles.busy, 24 + (5 + 4) + 2 * 5 + (5 + 2 + 1 + 2 + 2) + (1 + 2) + kTiles);
  EXPECT_EQ(cycles.busy - cycles.stalled, kTiles);
  EXPECT_EQ(cycles.column_reads, 2 * 4 * 6);
  EXPECT_EQ(cycles.skipped, 4);
}

TEST(DescriptorCycles, StartAPageWhileTheOneBeforeDrains) {
  const auto runs = [](std::uint64_t, int) { return PageRun{.rows = 9, .columns = 6}; };
  const auto cycles = descriptor_cycles(layer_words(2, 1), kCore, runs);
  constexpr std::uint64_t kGather = 5 + 1, kTile = 1 + 4 * 6;
  EXPECT_EQ(cycles.busy, 24 + (5 + 4) + 5 + (kGather + 2) + (kTile + 1 + 2) + (kTile + 7 + 2));
  EXPECT_EQ(cycles.busy - cycles.stalled, (kTile + 1 + 2) + (kTile + 7));
}

}  // namespace
}  // namespace crossloop::drivers
