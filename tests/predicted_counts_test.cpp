// What pruning would free of a network, counted by hand.
#include "host/compiler/predicted_counts.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/compiler_fixture.hpp"
#include "tests/input_error.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

std::vector<PredictedLayer> predict(const network::Network& network, const TileFormat& tile,
                                    const PredictedPruning& pruning = {}) {
  return predicted_counts(network, network::infer_shapes(network), tile, pruning);
}

/// conv 13 of VGG16: 512 x 512 x 3 x 3 at 14 x 14. 4608 inputs are 36 bands of 128, 512 outputs are
/// 32 sets of 16, 8 bit lines each; 196 windows of 8 phases.
PredictedCounts of_vgg16(const PredictedPruning& pruning) {
  static const auto kPlan = network::plan_network("vgg16", {3, 224, 224}, 1000);
  const auto layers = predicted_counts(kPlan.network, kPlan.shapes, test_tile(128, 128), pruning);
  return layers.at(12).counts;
}
constexpr std::int64_t kReads = 196 * 8 * 8;  // of one output of a band

TEST(PredictedCounts, OfOneLayerOfVgg16AreThoseByHandWhereItIsDense) {
  const auto dense = of_vgg16({});
  EXPECT_EQ(dense.dense_crossbars, 36 * 32);
  EXPECT_EQ(dense.crossbars, 36 * 32);
  EXPECT_EQ(dense.partial_sum_crossbars, 171);  // 3 outputs of 36 word lines: ceil(512 / 3)
  EXPECT_EQ(dense.conversions, kReads * 36 * 512);
  EXPECT_EQ(dense.most_adc_bits, 9);  // ceil(log2(128 * 3 + 1))
  EXPECT_EQ(dense.mean_adc_bits(), 9.0);
  EXPECT_EQ(dense.adc_energy_ratio(), 1.0);
  EXPECT_THAT(dense.tiles_by_level, ElementsAre(1152, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(dense.accounted_improvement(analog::AdcAccounting::kPaper), 1.0);
  EXPECT_EQ(dense.dense_lane_cycles, 32U * (196 * 288 * 4 + 3));
  EXPECT_EQ(dense.balanced_lane_cycles, dense.dense_lane_cycles);
}

TEST(PredictedCounts, OfOneLayerOfVgg16AreThoseByHandInGrains) {
  const auto blocks = of_vgg16({.structure = PruningStructure::kCrossbarGrain, .sparsity = 0.6});
  EXPECT_EQ(blocks.crossbars, 461);  // round(0.4 * 1152)
  EXPECT_EQ(blocks.conversions, kReads * 461 * 16);
  EXPECT_DOUBLE_EQ(blocks.adc_energy_ratio(), 1152.0 / 461.0);
  EXPECT_THAT(blocks.tiles_by_level, ElementsAre(461, 0, 0, 0, 0, 0, 0, 0, 691));
  EXPECT_DOUBLE_EQ(blocks.accounted_improvement(analog::AdcAccounting::kPhysical), 1152.0 / 461.0);
  // 14 of 36 segments an output: 199 or 200 of a band, on 13 crossbars.
  const auto columns = of_vgg16({.structure = PruningStructure::kColumnGrain, .sparsity = 0.6});
  EXPECT_EQ(columns.crossbars, 36 * 13);
  EXPECT_EQ(columns.conversions, kReads * 512 * 14);
  EXPECT_EQ(columns.partial_sum_crossbars, 171);
}

TEST(PredictedCounts, OfOneLayerOfVgg16AreThoseByHandInSparserTiles) {
  const auto level = of_vgg16({.structure = PruningStructure::kTileLevel, .level = 2});
  EXPECT_EQ(level.crossbars, 1152);
  EXPECT_EQ(level.mean_adc_bits(), 7.0);  // ceil(log2(32 * 3 + 1))
  EXPECT_DOUBLE_EQ(level.adc_energy_ratio(), 9.0 / 7.0);
  EXPECT_THAT(level.tiles_by_level, ElementsAre(0, 0, 1152, 0, 0, 0, 0, 0, 0));
  EXPECT_DOUBLE_EQ(level.accounted_improvement(analog::AdcAccounting::kPaper), 7.0 / 5.0);
  EXPECT_DOUBLE_EQ(level.accounted_improvement(analog::AdcAccounting::kPhysical), 8.0 / 6.0);
}

/// In a band of 128 rows stand 14 or 15 channels of each of the 9 taps. Where they lie in one group
/// they keep 4, else 4 of each group, but no more than there are. By hand for the 9 bands that 1152
/// rows (128 channels, 8 groups) repeat.
TEST(PredictedCounts, OfOneLayerOfVgg16AreThoseByHandWhereItIsBalanced) {
  const auto balanced = of_vgg16({.structure = PruningStructure::kBalanced});
  EXPECT_EQ(balanced.crossbars, 1152);
  EXPECT_EQ(balanced.balanced_lane_cycles, 32U * (196 * 288 + 3));
  EXPECT_EQ(balanced.dense_lane_cycles, 32U * (196 * 288 * 4 + 3));
  const std::vector<int> filled = [] {
    std::vector<int> bands;
    for (int band = 0; band < 9; ++band) {
      int sum = 0;
      for (int tap = 0; tap < 9; ++tap) {
        int members[8] = {};
        for (int row = 128 * band; row < 128 * (band + 1); ++row) {
          if (row % 9 == tap) ++members[row / 9 / 16];
        }
        for (const int count : members) sum += std::min(count, 4);
      }
      bands.push_back(sum);
    }
    return bands;
  }();
  EXPECT_EQ(filled[0], 36);
  EXPECT_EQ(filled[1], 2 * (1 + 4) + 7 * (2 + 4));  // channel 14 has its taps 2..8 here
  double bits = 0.0;
  for (const int n : filled) bits += std::ceil(std::log2(3.0 * n + 1.0));
  EXPECT_DOUBLE_EQ(balanced.mean_adc_bits(), bits / 9.0);
  const auto narrow = std::count_if(filled.begin(), filled.end(), [](int n) { return n <= 64; });
  EXPECT_THAT(balanced.tiles_by_level,
              ElementsAre(128 * (9 - narrow), 128 * narrow, 0, 0, 0, 0, 0, 0, 0));
}

TEST(PredictedCounts, KeepTheFirstAndTheLastLayerUnlessToldOtherwise) {
  PredictedPruning pruning{.structure = PruningStructure::kCrossbarGrain, .sparsity = 0.5};
  const auto kept = predict(small_resnet(), test_tile(16, 16), pruning);
  pruning.keep_first = pruning.keep_last = false;
  const auto pruned = predict(small_resnet(), test_tile(16, 16), pruning);
  EXPECT_EQ(kept.front().counts.crossbars, kept.front().counts.dense_crossbars);
  EXPECT_EQ(kept.back().counts.crossbars, kept.back().counts.dense_crossbars);
  EXPECT_FALSE(kept.front().pruned || kept.back().pruned);
  EXPECT_EQ(pruned.front().counts.crossbars, pruned.front().counts.dense_crossbars / 2);
  EXPECT_EQ(pruned.back().counts.crossbars, pruned.back().counts.dense_crossbars / 2);
}

TEST(PredictedCounts, AddUpAndTurnIntoJson) {
  const auto layers =
      predict(small_resnet(), test_tile(), {.structure = PruningStructure::kTileLevel, .level = 1});
  const PredictedCounts sum = total(layers);
  std::int64_t bits = 0;
  for (const PredictedLayer& layer : layers) bits += layer.counts.adc_bits;
  EXPECT_EQ(sum.adc_bits, bits);
  const nlohmann::json json = to_json(sum);
  EXPECT_EQ(json.at("crossbars"), sum.crossbars);
  EXPECT_EQ(json.at("mean_adc_bits"), sum.mean_adc_bits());
  EXPECT_EQ(json.at("improvement").at("paper"),
            sum.accounted_improvement(analog::AdcAccounting::kPaper));
}

TEST(PredictedCounts, RefuseWhatIsOutOfRange) {
  const auto refusal = [](const PredictedPruning& pruning, const TileFormat& tile = test_tile()) {
    return error_of([&] { predict(small_resnet(), tile, pruning); });
  };
  EXPECT_EQ(refusal({.structure = PruningStructure::kCrossbarGrain, .sparsity = 1.0}),
            "predicted pruning crossbar_grain: sparsity is 1, expected at least 0 and below 1");
  EXPECT_EQ(refusal({.structure = PruningStructure::kColumnGrain, .sparsity = -0.5}),
            "predicted pruning column_grain: sparsity is -0.5, expected at least 0 and below 1");
  EXPECT_EQ(refusal({.structure = PruningStructure::kColumnGrain, .sparsity = std::nan("")}),
            "predicted pruning column_grain: sparsity is nan, expected at least 0 and below 1");
  EXPECT_EQ(refusal({.structure = PruningStructure::kTileLevel, .level = 7}),
            "predicted pruning tile_level: level is 7, expected 0 to 6");
  EXPECT_EQ(refusal({.structure = PruningStructure::kTileLevel, .level = -1}),
            "predicted pruning tile_level: level is -1, expected 0 to 6");
  EXPECT_EQ(refusal({.structure = PruningStructure::kBalanced, .group = 8, .pruned = 8}),
            "predicted pruning balanced: p is 8, expected 0 to g - 1 = 7");
  EXPECT_THAT(refusal({.group = 512, .pruned = 256}), HasSubstr("group 512, expected 2..256"));
  EXPECT_THAT(refusal({.group = 16, .pruned = 10}), HasSubstr("6 multipliers of a dense lane"));
  EXPECT_THAT(refusal({.lane_channels = 65}), HasSubstr("channels 65, expected 1..64"));
}

TEST(PredictedCounts, RefuseTilesAndNetworksThatTheyDoNotHoldFor) {
  const auto refusal = [](const TileFormat& tile) {
    return error_of([&] { predict(small_resnet(), tile); });
  };
  TileFormat offset = test_tile();
  offset.encoding = Encoding::kOffset;
  EXPECT_EQ(refusal(offset), "predicted pruning: tile has encoding offset, expected differential");
  EXPECT_THAT(refusal(test_tile(96, 64)), HasSubstr("96 word lines, expected a power of two"));
  EXPECT_EQ(error_of([] {
              predict(single_linear(8, 8), test_tile(),
                      {.structure = PruningStructure::kCrossbarGrain, .sparsity = 0.5});
            }),
            "network single: crossbar_grain finds no Conv or Linear beside those that stay");
}

}  // namespace
}  // namespace crossloop::compiler
