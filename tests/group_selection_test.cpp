// Which groups leave, and the crossbars that the compiler saves by it.
#include "pruning/group_selection.hpp"

#include <gmock/gmock.h>

#include <numeric>

#include "host/compiler/plan.hpp"
#include "host/network/zoo.hpp"
#include "pruning/penalty.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;

/// Crossbars of a layer with its mask, as the compiler places it on tiles of 64 x 8 weights.
std::size_t crossbars(const PrunableLayer& layer, const std::vector<std::uint8_t>& mask,
                      bool share) {
  compiler::Layer integer;
  integer.outputs = layer.outputs;
  integer.inputs_per_output = layer.inputs;
  integer.window.kernel_h = layer.taps;
  integer.weights.assign(mask.begin(), mask.end());
  compiler::TileFormat format;  // 64 x 64, 8 bits
  format.code.cell_bits = 2;
  return compiler::plan({.layer = &integer, .alive = &mask, .folding = {}}, format,
                        {.share = share})
      .size();
}

struct Counts {
  std::size_t dense = 0, pruned = 0, shared = 0;
};

/// What `name` makes of an untrained ResNet-8, without training.
Counts counts_of(const std::string& name, const MethodOptions::Given& given) {
  network::Network network = network::make_network("resnet8", {3, 32, 32}, 10, 21);
  const PruningContext context{.layers = prunable_layers(network), .tile = {}};
  const Selection selection = make_method(find_method(name), given)->select(0, network, context);
  Counts counts;
  for (const PrunableLayer& layer : context.layers) {
    const auto& mask = selection.weights.at(layer.name);
    counts.dense += crossbars(layer, std::vector<std::uint8_t>(mask.size(), 1), false);
    counts.pruned += crossbars(layer, mask, false);
    counts.shared += crossbars(layer, mask, true);
  }
  return counts;
}

TEST(Xcs, FreesACrossbarForEveryBundle) {
  const Counts counts = counts_of("xcs", {{"ratio", "0.4"}});
  EXPECT_EQ(counts.dense, 168U);  // of 172, without the first and the last layer
  // 60 % of the weights stay, and the crossbars that hold them are full.
  EXPECT_NEAR(static_cast<double>(counts.pruned), 0.6 * 168.0, 4.0);
}

TEST(Xrs, FreesCrossbarsWhereTheCompilerLetsBandsShareThem) {
  const Counts counts = counts_of("xrs", {{"ratio", "0.5"}});
  EXPECT_EQ(counts.dense, 168U);
  EXPECT_EQ(counts.pruned, 168U);
  EXPECT_LT(counts.shared, 0.65 * 168.0);
}

TEST(ColumnBundles, KeepTheStrongestSegmentOfEveryOutput) {
  const PrunableLayer layer{.name = "layer", .outputs = 4, .inputs = 4};
  const std::vector<float> weights = {9, 9, 1, 1,  //
                                      8, 8, 2, 2,  //
                                      1, 1, 7, 7,  //
                                      2, 2, 1, 1};
  const auto bundles = column_bundles(weights, layer, {2, 2});
  // Band 0 may lose output 2 only, too few; band 1 outputs 3, 0, 1, of which two free a crossbar.
  ASSERT_EQ(bundles.size(), 1U);
  EXPECT_THAT(bundles[0].blocks, ElementsAre(WeightBlock{0, 1, 2, 2}, WeightBlock{3, 1, 2, 2}));
  EXPECT_EQ(bundles[0].weights, 4);
}

TEST(RowBundles, LeaveHalvesOfATile) {
  const PrunableLayer layer{.name = "layer", .outputs = 1, .inputs = 13};
  const std::vector<float> weights = {8, 7, 6, 5, 4, 3, 2, 1, 5, 4, 3, 2, 1};
  std::vector<std::int64_t> sizes;
  for (const WeightBundle& bundle : row_bundles(weights, layer, {8, 2})) {
    sizes.push_back(bundle.weights);
  }
  EXPECT_THAT(sizes, ElementsAre(4, 2, 1, 1, 2, 1));  // 8 -> 4, 2, 1 and 5 -> 4, 2, 1
}

TEST(DropWeakest, ComparesOverAllLayersOrWithinEach) {
  network::Network network = tests::tiny_network();
  const auto layers = prunable_layers(network, {.keep_first = false, .keep = {}});
  const PruningContext context{.layers = layers, .tile = {16, 4}};
  for (float& weight : network::weight_of(network.node("conv1")).values) weight = 1.0F;
  const auto bundles = [&] {
    std::vector<std::vector<WeightBundle>> all;
    for (const PrunableLayer& layer : layers) {
      all.push_back(single_groups(network::weight_values(network.nodes[layer.node]), layer,
                                  context.tile, Grain::kRows));
    }
    return all;
  }();
  const Selection global = drop_weakest(bundles, context, {.ratio = 0.3});
  EXPECT_THAT(global.weights.at("conv1"), Each(1));  // all its rows are of mean strength
  const Selection each = drop_weakest(bundles, context, {.ratio = 0.3, .global = false});
  EXPECT_THAT(each.weights.at("conv1"), Contains(0));
  for (const auto& [name, mask] : each.weights) {
    const double kept = std::accumulate(mask.begin(), mask.end(), 0.0);
    EXPECT_NEAR(kept / static_cast<double>(mask.size()), 0.7, 0.02) << name;
  }
}

}  // namespace
}  // namespace crossloop::pruning
