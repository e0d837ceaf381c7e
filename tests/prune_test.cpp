#include "pruning/prune.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>

#include "host/error.hpp"
#include "host/network/zoo.hpp"
#include "pruning/pipeline.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

network::Network resnet8() { return network::make_network("resnet8", {3, 32, 32}, 10, 21); }

/// Alive outputs of each band of `rows` im2col inputs, by looking for nonzero weights.
std::vector<int> alive_outputs(const network::Node& node, int outputs, int rows) {
  const auto weights = network::weight_values(node);
  const int inputs = static_cast<int>(weights.size()) / outputs;
  std::vector<int> alive;
  for (int first = 0; first < inputs; first += rows) {
    int count = 0;
    for (int o = 0; o < outputs; ++o) {
      bool any = false;
      for (int k = first; k < std::min(first + rows, inputs); ++k) {
        any |= weights[static_cast<std::size_t>(o * inputs + k)] != 0.0F;
      }
      count += any ? 1 : 0;
    }
    alive.push_back(count);
  }
  return alive;
}

int crossbars(const std::vector<int>& alive, int per_crossbar) {
  return std::accumulate(alive.begin(), alive.end(), 0, [&](int sum, int count) {
    return sum + (count + per_crossbar - 1) / per_crossbar;
  });
}

int total(const PruningResult& result, int LayerPruning::*count) {
  return std::accumulate(result.layers.begin(), result.layers.end(), 0,
                         [&](int sum, const auto& layer) { return sum + layer.*count; });
}

/// Three Linear layers in a row, 4 -> 4 -> `outputs` -> 2; the middle one is prunable.
network::Network three_layers(int inputs, int outputs, std::vector<float> middle) {
  std::mt19937 rng(1);
  network::Network net;
  net.name = "chain";
  net.input_shape = {4, 1, 1};
  net.output_name = "c";
  const auto count = [](int a, int b) { return static_cast<std::size_t>(a * b); };
  net.nodes = {{"first",
                network::Linear{4, inputs, tests::random_floats(count(4, inputs), 1, rng), {}},
                {"input"},
                "a",
                {}},
               {"middle", network::Linear{inputs, outputs, std::move(middle), {}}, {"a"}, "b", {}},
               {"last",
                network::Linear{outputs, 2, tests::random_floats(count(outputs, 2), 1, rng), {}},
                {"b"},
                "c",
                {}}};
  return net;
}

/// Prunes `net` and says how.
PruningResult pruned(network::Network& net, const ColumnGrainOptions& options) {
  PruningResult result = prune_column_grain(net, options);
  apply_zeros(net, {.weights = result.masks, .channels = {}});
  return result;
}

TEST(PruneColumnGrain, CountsTheDenseCrossbarsOfResNet8ByHand) {
  network::Network net = resnet8();
  const PruningResult result = prune_column_grain(net, {.crossbar_ratio = 1.0});
  std::map<std::string, int> dense;
  for (const LayerPruning& layer : result.layers) dense[layer.node] = layer.dense_crossbars;
  EXPECT_EQ(dense.at("conv1"), 1 * 2);         // 27 inputs, 16 outputs
  EXPECT_EQ(dense.at("block1.conv1"), 3 * 2);  // 144 inputs
  EXPECT_EQ(dense.at("block2.conv2"), 5 * 4);  // 288 inputs, 32 outputs
  EXPECT_EQ(dense.at("block3.conv2"), 9 * 8);  // 576 inputs, 64 outputs
  EXPECT_EQ(dense.at("fc"), 1 * 2);            // 64 inputs, 10 outputs
  EXPECT_EQ(total(result, &LayerPruning::dense_crossbars), 172);
}

TEST(PruneColumnGrain, KeepsEveryWeightAtRatioOne) {
  network::Network net = resnet8();
  const PruningResult result = prune_column_grain(net, {.crossbar_ratio = 1.0});
  for (const LayerPruning& layer : result.layers) {
    EXPECT_EQ(layer.weights_kept, 1.0);
    EXPECT_THAT(result.masks.at(layer.node), Each(1));
  }
}

TEST(PruneColumnGrain, ReachesTheRatioInTheWeightsThemselves) {
  for (const double ratio : {0.9, 0.6, 0.4}) {
    network::Network net = resnet8();
    const PruningResult result = pruned(net, {.crossbar_ratio = ratio});
    int counted = 0;
    for (const LayerPruning& layer : result.layers) {
      network::Node& node = net.node(layer.node);
      const int outputs = network::weight_of(node).outputs;
      const std::vector<int> alive = alive_outputs(node, outputs, 64);
      EXPECT_EQ(crossbars(alive, 8), layer.pruned_crossbars) << layer.node;
      for (const int count : alive) {
        EXPECT_TRUE(count % 8 == 0 || count == outputs) << layer.node << ": " << count;
        EXPECT_GE(count, outputs / 4) << layer.node;
      }
      counted += crossbars(alive, 8);
    }
    EXPECT_EQ(counted, static_cast<int>(std::floor(ratio * 172)));
  }
}

TEST(PruneColumnGrain, KeepsTheFirstAndTheLastLayerDense) {
  network::Network net = resnet8();
  const PruningResult result = prune_column_grain(net, {.crossbar_ratio = 0.4});
  EXPECT_EQ(result.layers.front().weights_kept, 1.0);
  EXPECT_EQ(result.layers.back().weights_kept, 1.0);
  EXPECT_THAT(result.masks.at("conv1"), Each(1));
  EXPECT_THAT(result.masks.at("fc"), Each(1));
}

TEST(PruneColumnGrain, PrunesTheLayersItIsTold) {
  const network::Network net = resnet8();
  const auto node = static_cast<std::size_t>(&net.node("block3.conv2") - net.nodes.data());
  const PruningResult result = prune_column_grain(net, {.crossbar_ratio = 0.9, .prunable = {node}});
  for (const LayerPruning& layer : result.layers) {
    const int dropped = layer.node == "block3.conv2" ? 172 - 154 : 0;
    EXPECT_EQ(layer.pruned_crossbars, layer.dense_crossbars - dropped) << layer.node;
  }
}

TEST(PruneColumnGrain, DropsTheWeakestSegments) {
  // 4 outputs x 4 inputs, bands of 2 inputs, 2 outputs per crossbar; weak: outputs 1, 3 in band 0.
  network::Network net = three_layers(4, 4,
                                      {9, 9, 8, 8,  //
                                       1, 1, 8, 8,  //
                                       9, 9, 8, 8,  //
                                       2, 2, 8, 8});
  // Dense: first 2*2, middle 2*2, last 2*1 = 10 crossbars; one has to go.
  pruned(net, {.rows = 2, .outputs_per_crossbar = 2, .crossbar_ratio = 0.9, .layer_limit = 0});
  EXPECT_EQ(std::get<network::Linear>(net.node("middle").op).weight,
            (std::vector<float>{9, 9, 8, 8,  //
                                0, 0, 8, 8,  //
                                9, 9, 8, 8,  //
                                0, 0, 8, 8}));
}

TEST(PruneColumnGrain, SparesTheLastSegmentOfEveryOutput) {
  std::mt19937 rng(5);
  network::Network net = three_layers(16, 12, tests::random_floats(16 * 12, 1, rng));
  const ColumnGrainOptions options{
      .rows = 4, .outputs_per_crossbar = 2, .crossbar_ratio = 0.55, .layer_limit = 0.0};
  pruned(net, options);
  const auto& weight = std::get<network::Linear>(net.node("middle").op).weight;
  for (std::size_t o = 0; o < 12; ++o) {
    double energy = 0.0;
    for (std::size_t k = 0; k < 16; ++k) energy += std::abs(weight[o * 16 + k]);
    EXPECT_GT(energy, 0.0) << "output " << o;
  }
}

TEST(PruneColumnGrain, ReturnsTheMasksOfItsZeros) {
  network::Network net = resnet8();
  const PruningResult result = pruned(net, {.crossbar_ratio = 0.6});
  EXPECT_EQ(result.masks, masks_of(net));
  for (const LayerPruning& layer : result.layers) {
    const auto& mask = result.masks.at(layer.node);
    const double kept = std::accumulate(mask.begin(), mask.end(), 0.0);
    EXPECT_DOUBLE_EQ(layer.weights_kept, kept / static_cast<double>(mask.size()));
  }
}

TEST(PruneColumnGrain, RefusesARatioBeyondTheLayerLimit) {
  network::Network net = resnet8();
  EXPECT_THAT([&] { prune_column_grain(net, {.crossbar_ratio = 0.1}); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("crossbar_ratio 0.1 asks for 17 of 172"),
                                              HasSubstr("must stay with layer_limit 0.25"))));
}

TEST(PruneColumnGrain, RefusesOptionsOutOfRange) {
  const auto expect_refused = [](const ColumnGrainOptions& options, const char* name) {
    network::Network net = resnet8();
    EXPECT_THAT([&] { prune_column_grain(net, options); },
                ThrowsMessage<InputError>(HasSubstr(name)));
  };
  expect_refused({.rows = 0}, "rows");
  expect_refused({.outputs_per_crossbar = 0}, "outputs_per_crossbar");
  expect_refused({.crossbar_ratio = 0.0}, "crossbar_ratio");
  expect_refused({.crossbar_ratio = 1.1}, "crossbar_ratio");
  expect_refused({.crossbar_ratio = std::nan("")}, "crossbar_ratio");
  expect_refused({.layer_limit = -0.1}, "layer_limit");
}

TEST(PruneColumnGrain, LeavesConvolutionsInGroupsDense) {
  const network::Network net = network::make_network("mobilenet_v1", {3, 32, 32}, 10, 1);
  const PruningResult result = prune_column_grain(net, {.crossbar_ratio = 0.7});
  std::size_t grouped = 0;
  for (const network::Node& node : net.nodes) {
    const auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv == nullptr || conv->groups == 1) continue;
    EXPECT_FALSE(result.masks.contains(node.name)) << node.name;
    ++grouped;
  }
  EXPECT_EQ(grouped, 13U);
}

TEST(PruneColumnGrain, RefusesANetworkWithoutWeights) {
  network::Network net;
  net.name = "empty";
  net.input_shape = {1, 2, 2};
  net.output_name = "out";
  net.nodes.push_back({"relu", network::Relu{}, {"input"}, "out", {}});
  EXPECT_THAT([&] { prune_column_grain(net, {}); },
              ThrowsMessage<InputError>(HasSubstr("no Conv or Linear")));
}

}  // namespace
}  // namespace crossloop::pruning
