#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "host/lanes/twin_lane.hpp"
#include "tests/input_error.hpp"
#include "tests/random_lane_layers.hpp"

namespace crossloop::lanes {
namespace {

using ::testing::ElementsAre;
using testing_support::error_of;
using testing_support::LaneLayer;
using testing_support::pick;
using testing_support::plain_product;
using testing_support::random_acts;
using testing_support::random_lane_layer;

/// One output over `channels` inputs of a 1 x 1 kernel.
LayerGeometry row_geometry(int channels) { return {"conv2", 1, channels, 1, 1}; }

TEST(LaneGroups, FollowPositionsThenBlocksWithAShortOneAtTheEnd) {
  const auto groups = groups_of({"conv", 1, 20, 1, 2}, 16);
  ASSERT_EQ(groups.size(), 4U);
  EXPECT_EQ(groups[1].position, 0);
  EXPECT_EQ(groups[1].block, 1);
  EXPECT_EQ(groups[1].size, 4);
  EXPECT_EQ(groups[1].first, 32);  // channel 16 of a kernel of two
  EXPECT_EQ(groups[2].first, 1);   // channel 0 at the second position
  EXPECT_EQ(groups[2].step, 2);
}

TEST(PruneGroups, KeepsTheLargestAndOfEqualsTheFirst) {
  std::vector<float> weights = {1.0F, -3.0F, 2.0F, -2.0F, 0.5F, 2.0F, 0.0F, 0.1F};
  prune_groups(weights, row_geometry(8), 8, 2);
  EXPECT_THAT(weights, ElementsAre(0.0F, -3.0F, 2.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F));
}

TEST(PruneGroups, KeepsTheRoundedUpShareOfAShortGroup) {
  // C_in = 21, (g, p) = (16, 12): the last 5 keep ceil(4 * 5 / 16) = 2.
  std::vector<float> weights(21);
  std::iota(weights.begin(), weights.end(), 1.0F);
  prune_groups(weights, row_geometry(21), 16, 4);
  EXPECT_EQ(std::count_if(weights.begin(), weights.begin() + 16, [](float w) { return w != 0; }),
            4);
  EXPECT_THAT(std::vector<float>(weights.begin() + 16, weights.end()),
              ElementsAre(0.0F, 0.0F, 0.0F, 20.0F, 21.0F));
}

TEST(PruneGroups, GroupsInputChannelsOfOneKernelPosition) {
  // Weights (c, x) of two positions: each keeps its own largest.
  std::vector<float> weights = {1.0F, 8.0F, 2.0F, 7.0F, 3.0F, 6.0F, 4.0F, 5.0F};
  prune_groups(weights, {"conv", 1, 4, 1, 2}, 4, 1);
  EXPECT_THAT(weights, ElementsAre(0.0F, 8.0F, 0.0F, 0.0F, 0.0F, 0.0F, 4.0F, 0.0F));
}

TEST(PruneGroups, RefusesWeightsOfAnotherSize) {
  std::vector<float> weights(7);
  EXPECT_EQ(error_of([&] { prune_groups(weights, row_geometry(8), 8, 2); }),
            "layer conv2: 7 weights, expected 1 x 8");
}

TEST(PruneSmallest, ZeroesTheShareAskedForAndOfEqualsTheLast) {
  std::vector<float> weights = {2.0F, -1.0F, 1.0F, 4.0F};
  prune_smallest(weights, 0.25);
  EXPECT_THAT(weights, ElementsAre(2.0F, -1.0F, 0.0F, 4.0F));
  prune_smallest(weights, 0.75);
  EXPECT_THAT(weights, ElementsAre(0.0F, 0.0F, 0.0F, 4.0F));
}

TEST(LaneEncoder, GivesABalancedGroupOneBeatOfValuesAndIndices) {
  const std::vector<std::int8_t> weights = {0, 0, 5, 0, 0, 0, -7, 0, /**/ 0, 0, 0, 9, 0, 0, 0, 0};
  const auto program = encode(LaneKind::kBalanced, {8, 2, 1, 1}, {"conv", 1, 16, 1, 1}, weights);
  const ChannelCode& code = program.tiles.at(0).channels.at(0);
  EXPECT_THAT(code.weights, ElementsAre(5, -7, 9, 0));
  EXPECT_THAT(code.index, ElementsAre(2, 6, 3, 0));
  EXPECT_THAT(code.end, ElementsAre(1, 1));
}

TEST(LaneEncoder, GivesASparseGroupAsManyBeatsAsItsSurvivorsNeed) {
  const std::vector<std::int8_t> weights = {1, 2, 3, 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0, 0, 0, 0};
  const auto program = encode(LaneKind::kSparse, {8, 2, 1, 1}, {"conv", 1, 16, 1, 1}, weights);
  const ChannelCode& code = program.tiles.at(0).channels.at(0);
  EXPECT_THAT(code.weights, ElementsAre(1, 2, 3, 0, 0, 0));
  EXPECT_THAT(code.end, ElementsAre(0, 1, 1));
}

TEST(LaneEncoder, PacksDenseWindowsAcrossKernelPositions) {
  // 3 channels at 9 positions: 27 elements are two groups of 16, not nine.
  const std::vector<std::int8_t> weights(27, 1);
  EXPECT_EQ(encode(LaneKind::kDense, {16, 4, 1, 1}, {"conv", 1, 3, 3, 3}, weights).groups, 2);
  EXPECT_EQ(encode(LaneKind::kSparse, {16, 4, 1, 1}, {"conv", 1, 3, 3, 3}, weights).groups, 9);
}

TEST(LaneEncoder, NamesTheGroupThatBreaksThePattern) {
  const LayerGeometry geometry{"conv2", 3, 20, 2, 2};
  std::vector<std::int8_t> weights(240, 0);
  for (int c = 0; c < 5; ++c) weights[static_cast<std::size_t>(160 + 4 * c + 3)] = 1;
  EXPECT_EQ(error_of([&] {
              encode(LaneKind::kBalanced, {16, 4, 2, 1}, geometry, weights);
            }),
            "layer conv2: output channel 2, kernel position (1, 1), group 0 (input channels "
            "0..15): 5 weights, expected at most 4");
  EXPECT_FALSE(is_balanced({16, 4, 2, 1}, geometry, weights));
  weights[163] = 0;
  EXPECT_TRUE(is_balanced({16, 4, 2, 1}, geometry, weights));
}

TEST(LaneEncoder, HoldsAShortGroupToItsShare) {
  std::vector<std::int8_t> weights(20, 0);
  weights[16] = weights[19] = 1;
  EXPECT_EQ(error_of([&] {
              encode(LaneKind::kBalanced, {16, 4, 1, 1}, row_geometry(20), weights);
            }),
            "layer conv2: output channel 0, kernel position (0, 0), group 1 (input channels "
            "16..19): 2 weights, expected at most 1");
}

TEST(LaneEncoder, RefusesShapesNoLaneHas) {
  const std::vector<std::int8_t> weights(8, 0);
  EXPECT_EQ(error_of([&] {
              encode(LaneKind::kDense, {16, 5, 1, 1}, row_geometry(8), weights);
            }),
            "lane: 5 multipliers of a dense lane, expected "
            "a divisor of its group of 16");
  EXPECT_EQ(error_of([&] {
              encode(LaneKind::kSparse, {16, 4, 65, 1}, row_geometry(8), weights);
            }),
            "lane: channels 65, expected 1..64");
}

TEST(LaneEncoder, StoresABalancedGroupInTheBitsOfTheFormula) {
  // (g - p) (8 + log2 g): 22 bits for (8, 6), 48 for (16, 12); dense 8 g.
  const std::vector<std::int8_t> weights(16, 0);
  const auto bits = [&](LaneKind kind, const LaneShape& shape) {
    return storage_bits(encode(kind, shape, row_geometry(16), weights));
  };
  EXPECT_EQ(bits(LaneKind::kBalanced, {8, 2, 4, 1}), 2 * 22);
  EXPECT_EQ(bits(LaneKind::kBalanced, {16, 4, 4, 1}), 48);
  EXPECT_EQ(bits(LaneKind::kDense, {16, 4, 4, 1}), 128);
  EXPECT_EQ(bits(LaneKind::kSparse, {16, 4, 4, 1}), 49);
}

class TwinLanes : public ::testing::TestWithParam<LaneKind> {};

TEST_P(TwinLanes, GiveThePlainIntegerProduct) {
  std::mt19937 rng(7);
  for (int i = 0; i < 40; ++i) {
    const int group = pick(rng, 1, 4) * 4;
    const LaneShape shape{group, pick(rng, 0, 1) == 0 ? 4 : group / 4, pick(rng, 1, 6),
                          pick(rng, 1, 9)};
    const LaneLayer layer = random_lane_layer(GetParam(), shape, rng);
    const auto vectors = random_acts(static_cast<std::size_t>(3 * layer.geometry.inputs()), rng);
    const auto program = encode(GetParam(), shape, layer.geometry, layer.weights);
    const LaneRun run = make_twin_lane(GetParam(), shape)->run(program, vectors);
    ASSERT_EQ(run.sums, plain_product(layer, vectors)) << "layer " << i;
    ASSERT_EQ(run.counters.groups, 3U * static_cast<unsigned>(program.groups) *
                                       static_cast<unsigned>(program.tiles.size()));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TwinLanes,
                         ::testing::Values(LaneKind::kDense, LaneKind::kSparse,
                                           LaneKind::kBalanced),
                         [](const auto& kind) { return name_of(kind.param); });

/// Cycles of one tile of a layer of two outputs and two groups of 16 with `survivors` in the
/// groups of output 0; output 1 has one weight in each.
std::uint64_t sparse_cycles(std::array<int, 2> survivors, int depth, std::size_t windows) {
  std::vector<std::int8_t> weights(64, 0);
  for (int group = 0; group < 2; ++group) {
    weights[static_cast<std::size_t>(32 + 16 * group)] = 1;
    for (int i = 0; i < survivors[static_cast<std::size_t>(group)]; ++i) {
      weights[static_cast<std::size_t>(16 * group + i)] = 1;
    }
  }
  const auto program = encode(LaneKind::kSparse, {16, 4, 2, depth}, {"conv", 2, 32, 1, 1}, weights);
  return tile_counters(program, program.tiles.at(0), windows).cycles;
}

TEST(LaneCycles, AreOneBeatAGroupWhenBalancedAndGroupOverMultipliersWhenDense) {
  const std::vector<std::int8_t> weights(64, 0);
  const LayerGeometry geometry{"conv", 2, 32, 1, 1};
  const auto cycles = [&](LaneKind kind, int multipliers) {
    const auto program = encode(kind, {16, multipliers, 2, 1}, geometry, weights);
    return tile_counters(program, program.tiles.at(0), 10).cycles;
  };
  // The last beat's cycle and the three stages behind it, in the last of which the sum is taken.
  EXPECT_EQ(cycles(LaneKind::kBalanced, 4), 10 * 2 + 3);
  EXPECT_EQ(cycles(LaneKind::kDense, 4), 10 * 2 * 4 + 3);
  EXPECT_EQ(cycles(LaneKind::kDense, 16), 10 * 2 + 3);
}

TEST(LaneCycles, OfALayerFollowFromItsGeometryWhereNoWeightSlowsTheLane) {
  const LaneShape shape{.group = 16, .multipliers = 4, .channels = 3};
  for (const LayerGeometry& geometry :
       {LayerGeometry{"conv", 7, 20, 3, 2}, LayerGeometry{"fc", 3, 33, 1, 1}}) {
    const std::vector<std::int8_t> weights(
        static_cast<std::size_t>(geometry.outputs * geometry.inputs()), 0);
    for (const LaneKind kind : {LaneKind::kDense, LaneKind::kBalanced}) {
      const auto program = encode(kind, shape, geometry, weights);
      std::uint64_t cycles = 0;
      for (const LaneTile& tile : program.tiles) cycles += tile_counters(program, tile, 5).cycles;
      EXPECT_EQ(lockstep_cycles(kind, shape, geometry, 5), cycles) << name_of(kind);
    }
  }
}

TEST(LaneCycles, OfASparseLaneFollowItsFullestChannel) {
  // One cycle into the queue, then the beats of output 0, then the stages.
  EXPECT_EQ(sparse_cycles({4, 4}, 8, 10), 1 + 10 * 2 + 3);
  EXPECT_EQ(sparse_cycles({16, 5}, 8, 10), 1 + 10 * (4 + 2) + 3);
  EXPECT_EQ(sparse_cycles({0, 9}, 1, 10), 1 + 10 * (1 + 3) + 3);
}

TEST(LaneCycles, OfASparseLaneFallWithTheDepthOfItsQueue) {
  std::mt19937 rng(3);
  const LaneShape shape{16, 4, 8, 1};
  const LayerGeometry geometry{"conv", 8, 64, 3, 3};
  std::vector<std::int8_t> weights(8 * 576);
  for (auto& weight : weights) weight = pick(rng, 0, 3) == 0 ? random_acts(1, rng)[0] | 1 : 0;
  std::uint64_t before = UINT64_MAX;
  for (const int depth : {1, 2, 4, 16}) {
    LaneShape deeper = shape;
    deeper.depth = depth;
    const auto program = encode(LaneKind::kSparse, deeper, geometry, weights);
    const auto cycles = tile_counters(program, program.tiles.at(0), 4).cycles;
    EXPECT_LT(cycles, before) << "depth " << depth;
    before = cycles;
  }
}

TEST(TwinLane, RefusesAProgramOfAnotherLane) {
  const std::vector<std::int8_t> weights(16, 0);
  const auto program = encode(LaneKind::kDense, {16, 4, 4, 1}, row_geometry(16), weights);
  const auto lane = make_twin_lane(LaneKind::kBalanced, {16, 4, 4, 1});
  EXPECT_EQ(error_of([&] { lane->run(program, {}); }),
            "layer conv2: encoded for a dense lane of 16 activations, 4 multipliers, 4 "
            "channels, depth 1, this is a balanced lane of 16 activations, 4 multipliers, 4 "
            "channels, depth 1");
}

}  // namespace
}  // namespace crossloop::lanes
