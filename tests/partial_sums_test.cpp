// Crossbars for partial sums, counted by hand.
#include "host/compiler/partial_sums.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "host/compiler/compile.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

struct HandLayer {
  int outputs = 1;
  int inputs = 1;
  int groups = 1;
  LayerKind kind = LayerKind::kCrossbar;
};

std::int64_t count(int rows, int columns, const std::vector<HandLayer>& layers) {
  Deployment deployment;
  deployment.tile = test_tile(rows, columns);
  for (const HandLayer& each : layers) {
    Layer layer;
    layer.kind = each.kind;
    layer.outputs = each.outputs;
    layer.inputs_per_output = each.inputs;
    layer.groups = each.groups;
    deployment.layers.push_back(layer);
  }
  return partial_sum_crossbars(deployment);
}

TEST(PartialSums, NeedNoneWhereABandHoldsAllInputs) {
  EXPECT_EQ(count(16, 16, {{.outputs = 100, .inputs = 16}}), 0);
  EXPECT_EQ(count(16, 16, {{.outputs = 100, .inputs = 1}}), 0);
  EXPECT_EQ(count(16, 16, {}), 0);
}

TEST(PartialSums, StandDiagonallyBesideEachOther) {
  // 17 inputs make 2 bands: 8 outputs of 2 word lines fill 16 of them.
  EXPECT_EQ(count(16, 16, {{.outputs = 8, .inputs = 17}}), 1);
  EXPECT_EQ(count(16, 16, {{.outputs = 9, .inputs = 17}}), 2);
  // 3 bands: 5 outputs, one word line is left over.
  EXPECT_EQ(count(16, 16, {{.outputs = 5, .inputs = 48}}), 1);
  EXPECT_EQ(count(16, 16, {{.outputs = 10, .inputs = 48}}), 2);
  EXPECT_EQ(count(16, 16, {{.outputs = 11, .inputs = 48}}), 3);
}

TEST(PartialSums, TakeABitLineEach) {
  // 2 bands of 128 rows leave room for 64 outputs, but there are 16 bit lines.
  EXPECT_EQ(count(128, 16, {{.outputs = 16, .inputs = 129}}), 1);
  EXPECT_EQ(count(128, 16, {{.outputs = 17, .inputs = 129}}), 2);
}

TEST(PartialSums, AreAddedOnceMoreWhereWordLinesRunOut) {
  // 16 bands fill the word lines of one output; 17 are two sums, and 8 outputs of those fit.
  EXPECT_EQ(count(16, 16, {{.outputs = 10, .inputs = 256}}), 10);
  EXPECT_EQ(count(16, 16, {{.outputs = 10, .inputs = 257}}), 2 * 10 + 2);
  // 257 bands: 17 sums, then 2, then 1.
  EXPECT_EQ(count(16, 16, {{.outputs = 3, .inputs = 16 * 256 + 1}}), 3 * 17 + 3 * 2 + 1);
}

TEST(PartialSums, CountTheInputsOfOneGroup) {
  EXPECT_EQ(count(16, 16, {{.outputs = 8, .inputs = 64, .groups = 4}}), 0);
  EXPECT_EQ(count(16, 16, {{.outputs = 8, .inputs = 64, .groups = 2}}), 1);
}

TEST(PartialSums, AddUpOverCrossbarLayersOnly) {
  EXPECT_EQ(count(16, 16,
                  {{.outputs = 8, .inputs = 17},
                   {.outputs = 64, .inputs = 640, .kind = LayerKind::kAdd},
                   {.outputs = 64, .inputs = 640, .kind = LayerKind::kMaxPool},
                   {.outputs = 11, .inputs = 48}}),
            1 + 3);
}

/// 130 weights of 5 outputs, then again with all weights of the second output pruned.
TEST(PartialSums, StayWhenALayerIsPruned) {
  const auto compiled = [](bool pruned) {
    network::Network network = single_linear(130, 5);
    auto& weight = std::get<network::Linear>(network.nodes[0].op).weight;
    if (pruned) std::fill(weight.begin() + 130, weight.begin() + 260, 0.0F);
    return compile(network, test_tile(), test_device(), noisy_images(network.input_shape, 4, 3));
  };
  const Deployment dense = compiled(false), pruned = compiled(true);
  EXPECT_EQ(partial_sum_crossbars(dense), 1);
  EXPECT_EQ(partial_sum_crossbars(pruned), 1);
  EXPECT_LT(pruned.cell_count(), dense.cell_count());
}

}  // namespace
}  // namespace crossloop::compiler
