#include "pruning/tile_quantise.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <random>

#include "pruning/tile_grid.hpp"
#include "tests/input_error.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

PrunableLayer matrix(int outputs, int inputs, int groups = 1) {
  return {.name = "layer", .outputs = outputs, .inputs = inputs, .groups = groups};
}

/// One column of `rows` weights: `zeros` of 1e-4, almost zero, and the rest 1, 2, ..
std::vector<float> column(int rows, int zeros) {
  std::vector<float> weights(static_cast<std::size_t>(rows), 1e-4F);
  for (int i = zeros; i < rows; ++i) {
    weights[static_cast<std::size_t>(i)] =
        static_cast<float>(i - zeros + 1) * (i % 2 == 0 ? 1 : -1);
  }
  return weights;
}

std::vector<float> joined(std::vector<float> a, const std::vector<float>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// How many weights each output keeps.
std::vector<int> kept(const std::vector<std::uint8_t>& mask, const PrunableLayer& layer) {
  std::vector<int> counts;
  for (auto row = mask.begin(); row != mask.end(); row += layer.inputs) {
    counts.push_back(std::accumulate(row, row + layer.inputs, 0));
  }
  return counts;
}

std::vector<int> kept_of(const std::vector<float>& weights, const PrunableLayer& layer,
                         const TileShape& tile, const AlmostZero& almost_zero = {}) {
  return kept(quantise_tiles(weights, layer, tile, almost_zero), layer);
}

TEST(QuantiseTiles, ForcesUpAboveTheMidpointOfTwoLevelsAndLoosensBelow) {
  // 64 rows, the midpoint of 1/2 and 3/4 is 40 almost zeros.
  EXPECT_THAT(kept_of(column(64, 41), matrix(1, 64), {64, 8}), ElementsAre(16));
  EXPECT_THAT(kept_of(column(64, 40), matrix(1, 64), {64, 8}), ElementsAre(16));
  EXPECT_THAT(kept_of(column(64, 39), matrix(1, 64), {64, 8}), ElementsAre(32));
  EXPECT_THAT(kept_of(column(64, 32), matrix(1, 64), {64, 8}), ElementsAre(32));
  EXPECT_THAT(kept_of(column(64, 16), matrix(1, 64), {64, 8}), ElementsAre(32));
}

TEST(QuantiseTiles, LeavesATileDenseThatSavesNoBit) {
  EXPECT_THAT(kept_of(column(64, 15), matrix(1, 64), {64, 8}), ElementsAre(64));
  EXPECT_THAT(kept_of(column(64, 0), matrix(1, 64), {64, 8}), ElementsAre(64));
}

TEST(QuantiseTiles, LetsTheLeastSparseColumnDecideForAll) {
  // 50 almost zeros alone would be 3/4 and forced up to 7/8; beside 39 it is 1/2.
  const auto weights = joined(column(64, 50), column(64, 39));
  EXPECT_THAT(kept_of(weights, matrix(2, 64), {64, 8}), ElementsAre(32, 32));
  EXPECT_THAT(kept_of(weights, matrix(2, 64), {64, 1}), ElementsAre(16, 32));
}

TEST(QuantiseTiles, KeepsTheLargestAndOfEqualsTheEarlier) {
  const std::vector<float> weights = {0.5F, -3.0F, 0.5F, 0.0F, 0.0F, 2.0F, -0.5F, 0.0F};
  EXPECT_THAT(quantise_tiles(weights, matrix(1, 8), {8, 1}, {}),
              ElementsAre(1, 1, 1, 0, 0, 1, 0, 0));  // 5 left of 8: s = 3/8 is forced to 1/2
}

TEST(QuantiseTiles, DropsOrSparesTheLastWeightOfAColumn) {
  const auto weights = joined(column(64, 63), column(64, 64));
  const PrunableLayer layer = matrix(2, 64);
  EXPECT_THAT(kept_of(weights, layer, {64, 2}), ElementsAre(0, 0));
  EXPECT_THAT(kept_of(weights, layer, {64, 2}, {.spare_last = true}), ElementsAre(1, 1));
  EXPECT_THAT(kept_of(column(64, 62), matrix(1, 64), {64, 2}), ElementsAre(2));
}

TEST(QuantiseTiles, ZeroesATileThatIsAlmostZero) {
  EXPECT_THAT(kept_of(column(64, 64), matrix(1, 64), {64, 8}), ElementsAre(0));
}

TEST(QuantiseTiles, TakesAnEdgeForTheNextPowerOfTwoOfItsRows) {
  // 9 rows are a tile of 16 with 7 zeros: 7/16 is forced up to 1/2.
  EXPECT_THAT(kept_of(column(9, 0), matrix(1, 9), {64, 8}), ElementsAre(8));
  // 16 dense rows stay, and so does a single one.
  EXPECT_THAT(kept_of(column(16, 0), matrix(1, 16), {64, 8}), ElementsAre(16));
  EXPECT_THAT(kept_of(column(65, 0), matrix(1, 65), {64, 8}), ElementsAre(65));
}

TEST(QuantiseTiles, ReachesALevelInEveryTileOfARandomLayer) {
  constexpr int kOutputs = 20, kInputs = 144;
  std::mt19937 rng(3);
  std::vector<float> weights(kOutputs * kInputs);
  for (float& w : weights) w = std::pow(static_cast<float>(rng()) / 4294967296.0F, 3.0F);
  const PrunableLayer layer = matrix(kOutputs, kInputs, 2);
  const TileShape tile{32, 4};
  const auto mask = quantise_tiles(weights, layer, tile,
                                   {.magnitude = magnitude_at(weights, 0.7), .spare_last = true});
  int sparse = 0;
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    std::vector<int> counts;
    for (const WeightBlock& one : segments_of(block, Grain::kColumns)) {
      int& count = counts.emplace_back(0);
      for_each_weight(layer, one, [&](std::size_t i) { count += mask[i]; });
    }
    EXPECT_THAT(counts, Each(counts.front()));
    EXPECT_TRUE(counts.front() == block.inputs ||
                std::has_single_bit(static_cast<unsigned>(counts.front())))
        << counts.front();
    sparse += counts.front() < block.inputs ? 1 : 0;
  }
  EXPECT_GT(sparse, 10);
}

TEST(QuantiseTiles, RefusesRowsThatAreNoPowerOfTwo) {
  const auto weights = column(48, 0);
  EXPECT_THAT(error_of([&] {
                quantise_tiles(weights, matrix(1, 48), {48, 8}, {});
              }),
              HasSubstr("found 48 rows, expected a power of two"));
  EXPECT_THAT(error_of([&] {
                tiles_by_level(weights, matrix(1, 48), {48, 8});
              }),
              HasSubstr("found 48 rows, expected a power of two"));
}

TEST(MagnitudeAt, IsThePercentile) {
  const std::vector<float> weights = {-4.0F, 1.0F, 3.0F, -2.0F};
  EXPECT_EQ(magnitude_at(weights, 0.0), -1.0);
  EXPECT_EQ(magnitude_at(weights, 0.5), 2.0);
  EXPECT_EQ(magnitude_at(weights, 1.0), 4.0);
}

TEST(TilesByLevel, CountsByTheFullestColumn) {
  // Tiles of 8 rows x 1 output with 8, 4, 3, 1 and 0 nonzeros, and an edge of 2 full rows.
  std::vector<float> weights(42, 0.0F);
  const auto fill = [&](int first, int count) {
    std::fill_n(weights.begin() + first, count, 1.0F);
  };
  fill(0, 8);
  fill(8, 4);
  fill(17, 3);
  fill(24, 1);
  fill(40, 2);
  EXPECT_THAT(tiles_by_level(weights, matrix(1, 42), {8, 1}), ElementsAre(1, 2, 1, 1, 1));
}

TEST(TilesOf, KeepsGroupsApart) {
  const auto tiles = tiles_of(matrix(6, 5, 2), {4, 2});
  EXPECT_THAT(tiles,
              ElementsAre(WeightBlock{0, 2, 0, 4}, WeightBlock{0, 2, 4, 1}, WeightBlock{2, 1, 0, 4},
                          WeightBlock{2, 1, 4, 1}, WeightBlock{3, 2, 0, 4}, WeightBlock{3, 2, 4, 1},
                          WeightBlock{5, 1, 0, 4}, WeightBlock{5, 1, 4, 1}));
}

}  // namespace
}  // namespace crossloop::pruning
