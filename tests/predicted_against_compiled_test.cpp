// What is predicted from structure alone, against compiled networks with zeros in that structure.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "host/compiler/adc_summary.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/partial_sums.hpp"
#include "host/compiler/predicted_counts.hpp"
#include "host/compiler/tile_sparsity.hpp"
#include "host/lanes/twin_lane.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

std::vector<PredictedLayer> predict(const network::Network& network, const TileFormat& tile,
                                    const PredictedPruning& pruning = {}) {
  return predicted_counts(network, network::infer_shapes(network), tile, pruning);
}

Deployment compiled(network::Network network, const TileFormat& tile) {
  const data::Dataset images = noisy_images(network.input_shape, 1, 3);
  return compile(network, tile, test_device(), images);
}

/// The crossbar layers in order of execution.
std::vector<const Layer*> crossbar_layers(const Deployment& deployment) {
  std::vector<const Layer*> layers;
  for (const Layer& layer : deployment.layers) {
    if (layer.kind == LayerKind::kCrossbar) layers.push_back(&layer);
  }
  return layers;
}

void expect_crossbars_and_conversions(const Deployment& deployment,
                                      const std::vector<PredictedLayer>& predicted) {
  const auto layers = crossbar_layers(deployment);
  const auto adcs = summarise_adcs(deployment);
  ASSERT_EQ(predicted.size(), layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    SCOPED_TRACE(layers[i]->name);
    EXPECT_EQ(predicted[i].node, layers[i]->name);
    EXPECT_EQ(predicted[i].counts.dense_crossbars, layers[i]->dense_crossbars);
    EXPECT_EQ(predicted[i].counts.crossbars, std::ssize(layers[i]->crossbars));
    EXPECT_EQ(predicted[i].counts.conversions, adcs[i].conversions);
  }
  const PredictedCounts sum = total(predicted);
  EXPECT_EQ(sum.partial_sum_crossbars, partial_sum_crossbars(deployment));
  const auto& levels = sum.tiles_by_level;
  const auto real = tiles_by_sparsity(deployment);
  EXPECT_EQ(std::accumulate(levels.begin(), levels.end(), std::int64_t{0}),
            std::accumulate(real.begin(), real.end(), std::int64_t{0}));
}

/// A convolution of three groups, whose bands of 64 inputs meet one or two of them, and "fc".
network::Network grouped_network() {
  std::mt19937 rng(4);
  const auto random = [&rng](std::size_t size) {
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(draw(rng, -1.0, 1.0));
    return values;
  };
  network::Network network = single_linear(36, 4);
  network.input_shape = {24, 3, 3};
  network.nodes[0].inputs = {"conv"};
  network::Conv conv;
  conv.in_channels = 24;
  conv.out_channels = 36;
  conv.window.kernel_h = conv.window.kernel_w = 3;
  conv.weight = random(36 * 72);
  conv.groups = 3;
  network.nodes.insert(network.nodes.begin(), {"conv", conv, {"input"}, "conv", {}});
  return network;
}

TEST(PredictedAgainstCompiled, CountsOfDenseNetworksAreThoseOfCompiledOnes) {
  for (const network::Network& network :
       {small_resnet(), network::make_network("lenet5", {1, 28, 28}, 10, 2), grouped_network()}) {
    SCOPED_TRACE(network.name);
    for (const TileFormat& tile : {test_tile(64, 64), test_tile(128, 40, 4)}) {
      expect_crossbars_and_conversions(compiled(network, tile), predict(network, tile));
    }
  }
  // 12 outputs of each group, 8 to a crossbar; bands 1 and 2 meet two groups.
  const auto grouped = predict(grouped_network(), test_tile(64, 64));
  EXPECT_EQ(grouped[0].counts.crossbars, 2 + 3 + 3 + 2);
  EXPECT_EQ(grouped[0].counts.dense_crossbars, 3 * 2 * 2);
}

TEST(PredictedAgainstCompiled, GroupedConvolutionsStayDense) {
  for (const auto structure : {PruningStructure::kCrossbarGrain, PruningStructure::kBalanced}) {
    const auto predicted =
        predict(grouped_network(), test_tile(),
                {.structure = structure, .sparsity = 0.5, .keep_first = false, .keep_last = false});
    EXPECT_FALSE(predicted[0].pruned);
    EXPECT_EQ(predicted[0].counts.conversions, predicted[0].counts.dense_conversions);
    EXPECT_TRUE(predicted[1].pruned);
  }
}

/// A layer in bands and sets of as many outputs as a crossbar holds.
struct Units {
  int bands = 1, sets = 1;
  std::int64_t kept(double sparsity, int units) const {
    return std::max(1L, std::lround((1.0 - sparsity) * units));
  }
};

using Keeper = std::function<bool(const Units& units, int band, int output)>;

/// Zeroes what `keep` does not keep of all layers but the first and the last.
network::Network masked(network::Network network, const TileFormat& tile, const Keeper& keep) {
  std::vector<network::Node*> nodes;
  for (network::Node& node : network.nodes) {
    if (network::has_weight(node)) nodes.push_back(&node);
  }
  for (std::size_t i = 1; i + 1 < nodes.size(); ++i) {
    const network::WeightView weight = network::weight_of(*nodes[i]);
    const int across = tile.weights_per_row();
    const Units units{(weight.inputs + tile.rows - 1) / tile.rows,
                      (weight.outputs + across - 1) / across};
    for (int o = 0; o < weight.outputs; ++o) {
      for (int k = 0; k < weight.inputs; ++k) {
        const auto at = static_cast<std::size_t>(o * weight.inputs + k);
        if (!keep(units, k / tile.rows, o)) weight.values[at] = 0.0F;
      }
    }
  }
  return network;
}

/// Whether `band` is among the `count` from number `first` on, in a ring of `bands`.
bool in_ring(std::int64_t band, std::int64_t first, std::int64_t count, std::int64_t bands) {
  return (band - first % bands + bands) % bands < count;
}

TEST(PredictedAgainstCompiled, CountsOfCrossbarGrainAreThoseOfANetworkWithThatMask) {
  const TileFormat tile = test_tile(64, 40);  // 5 outputs: the last set has fewer
  for (const double sparsity : {0.25, 0.6, 0.9}) {
    SCOPED_TRACE(sparsity);
    const auto keep = [&](const Units& u, int band, int output) {
      const std::int64_t kept = u.kept(sparsity, u.bands * u.sets);
      const std::int64_t each = kept / u.sets, more = kept % u.sets;
      const std::int64_t set = output / tile.weights_per_row();
      return in_ring(band, set * each + std::min(set, more), each + (set < more), u.bands);
    };
    const auto deployment = compiled(masked(small_resnet(), tile, keep), tile);
    const auto predicted =
        predict(small_resnet(), tile,
                {.structure = PruningStructure::kCrossbarGrain, .sparsity = sparsity});
    expect_crossbars_and_conversions(deployment, predicted);
    EXPECT_LT(total(predicted).crossbars, total(predicted).dense_crossbars);
  }
}

TEST(PredictedAgainstCompiled, CountsOfColumnGrainAreThoseOfANetworkWithThatMask) {
  const TileFormat tile = test_tile(64, 40);  // 5 outputs: the last set has fewer
  for (const double sparsity : {0.25, 0.6, 0.9}) {
    SCOPED_TRACE(sparsity);
    const auto keep = [&](const Units& u, int band, int output) {
      const std::int64_t kept = u.kept(sparsity, u.bands);
      return in_ring(band, output * kept, kept, u.bands);
    };
    const auto deployment = compiled(masked(small_resnet(), tile, keep), tile);
    const auto predicted = predict(
        small_resnet(), tile, {.structure = PruningStructure::kColumnGrain, .sparsity = sparsity});
    expect_crossbars_and_conversions(deployment, predicted);
    EXPECT_LT(total(predicted).crossbars, total(predicted).dense_crossbars);
  }
}

/// What proven ADCs of `deployment` need, at most what is predicted: all bits where columns have
/// ranges of their own, those of one conversion where they share one; tiles at no lower a level.
void expect_bounded_adcs(Deployment deployment, const std::vector<PredictedLayer>& predicted) {
  const auto proven = [&](AdcGroup group) {
    for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
      if (deployment.layers[i].kind == LayerKind::kCrossbar) {
        prove_adcs(deployment, static_cast<int>(i), group);
      }
    }
    return summarise_adcs(deployment);
  };
  const auto own = proven(AdcGroup::kColumn), shared = proven(AdcGroup::kLayer);
  ASSERT_EQ(own.size(), predicted.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    SCOPED_TRACE(predicted[i].node);
    const PredictedCounts& counts = predicted[i].counts;
    EXPECT_GE(static_cast<double>(counts.adc_bits),
              own[i].mean_bits * static_cast<double>(own[i].conversions));
    EXPECT_GE(counts.most_adc_bits, shared[i].mean_bits);
  }
  const auto found = tiles_by_sparsity(deployment);
  const std::vector<std::int64_t> bound = total(predicted).tiles_by_level;
  ASSERT_EQ(bound.size(), found.size());
  std::int64_t difference = 0;
  for (std::size_t level = 0; level < found.size(); ++level) {
    difference += bound[level] - found[level];
    EXPECT_GE(difference, 0) << "tiles at level " << level << " or below";
  }
}

lanes::LayerGeometry lane_geometry(const Layer& layer) {
  const int positions = layer.window.kernel_h * layer.window.kernel_w;
  return {layer.name, layer.outputs, layer.inputs_per_output / positions, layer.window.kernel_h,
          layer.window.kernel_w};
}

std::uint64_t twin_cycles(const Deployment& deployment, const Layer& layer, lanes::LaneKind kind,
                          const lanes::LaneShape& shape) {
  const auto& output = deployment.tensors[static_cast<std::size_t>(layer.output)].shape;
  const auto program = lanes::encode(kind, shape, lane_geometry(layer), layer.weights);
  std::uint64_t cycles = 0;
  for (const lanes::LaneTile& tile : program.tiles) {
    const auto windows = static_cast<std::size_t>(output.height * output.width);
    cycles += lanes::tile_counters(program, tile, windows).cycles;
  }
  return cycles;
}

/// The balanced lane takes the layers that it can, the dense one the others.
void expect_lane_cycles(const Deployment& deployment, const std::vector<PredictedLayer>& predicted,
                        const lanes::LaneShape& shape) {
  const auto layers = crossbar_layers(deployment);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    SCOPED_TRACE(layers[i]->name);
    const bool fits = lanes::is_balanced(shape, lane_geometry(*layers[i]), layers[i]->weights);
    const auto kind = fits ? lanes::LaneKind::kBalanced : lanes::LaneKind::kDense;
    EXPECT_EQ(predicted[i].counts.dense_lane_cycles,
              twin_cycles(deployment, *layers[i], lanes::LaneKind::kDense, shape));
    EXPECT_EQ(predicted[i].counts.balanced_lane_cycles,
              twin_cycles(deployment, *layers[i], kind, shape));
  }
}

/// All layers but the first and the last keep `survivors` of every `group` weights.
network::Network balanced(network::Network network, int group, int survivors) {
  const Deployment dense = compiled(network, test_tile(64, 64));
  const auto layers = crossbar_layers(dense);
  for (std::size_t i = 1; i + 1 < layers.size(); ++i) {
    const auto weight = network::weight_of(network.node(layers[i]->name));
    lanes::prune_groups(weight.values, lane_geometry(*layers[i]), group, survivors);
  }
  return network;
}

TEST(PredictedAgainstCompiled, CountsOfBalancedPruningBoundAdcsAndHaveTheCyclesOfTheLanes) {
  const TileFormat tile = test_tile(64, 64);
  const lanes::LaneShape shape{.group = 16, .multipliers = 4, .channels = 16};
  // LeNet's first layer has one channel, which fits the balanced lane as it is; a Linear stands
  // behind a Flatten, and 6 channels make a short group. The last band of "fc1" has 16 inputs, so
  // that a segment of it can be left empty.
  for (const network::Network& network :
       {small_resnet(), network::make_network("lenet5", {1, 28, 28}, 10, 2)}) {
    SCOPED_TRACE(network.name);
    const auto predicted = predict(network, tile, {.structure = PruningStructure::kBalanced});
    const auto deployment = compiled(balanced(network, 16, 4), tile);
    const auto layers = crossbar_layers(deployment);
    const auto adcs = summarise_adcs(deployment);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      EXPECT_EQ(predicted[i].counts.crossbars, std::ssize(layers[i]->crossbars));
      EXPECT_GE(predicted[i].counts.conversions, adcs[i].conversions);
    }
    expect_bounded_adcs(deployment, predicted);
    expect_lane_cycles(deployment, predicted, shape);
  }
}

TEST(PredictedAgainstCompiled, CountsOfDenseNetworksRunOnTheLaneThatTakesThem) {
  // Groups of 24 channels meet 8 of a grouped convolution, as many as there are multipliers.
  for (const lanes::LaneShape& shape : {lanes::LaneShape{8, 2, 5}, lanes::LaneShape{24, 8, 5}}) {
    for (const network::Network& network :
         {grouped_network(), network::make_network("lenet5", {1, 28, 28}, 10, 2)}) {
      SCOPED_TRACE(network.name);
      const auto predicted = predict(network, test_tile(),
                                     {.group = shape.group,
                                      .pruned = shape.group - shape.multipliers,
                                      .lane_channels = shape.channels});
      expect_lane_cycles(compiled(network, test_tile()), predicted, shape);
    }
  }
}

/// Every segment of all layers but the first and the last keeps its first rows / 2^level weights.
network::Network levelled(network::Network network, int rows, int level) {
  std::vector<network::Node*> nodes;
  for (network::Node& node : network.nodes) {
    if (network::has_weight(node)) nodes.push_back(&node);
  }
  for (std::size_t i = 1; i + 1 < nodes.size(); ++i) {
    const network::WeightView weight = network::weight_of(*nodes[i]);
    for (std::size_t at = 0; at < weight.values.size(); ++at) {
      const int row = static_cast<int>(at) % weight.inputs % rows;
      if (row >= rows >> level) weight.values[at] = 0.0F;
    }
  }
  return network;
}

TEST(PredictedAgainstCompiled, CountsOfATileLevelBoundAdcsAndSparsity) {
  const TileFormat tile = test_tile(64, 64);
  for (const int level : {0, 1, 3, 6}) {
    SCOPED_TRACE(level);
    const auto predicted =
        predict(small_resnet(), tile, {.structure = PruningStructure::kTileLevel, .level = level});
    const auto deployment = compiled(levelled(small_resnet(), 64, level), tile);
    expect_crossbars_and_conversions(deployment, predicted);
    expect_bounded_adcs(deployment, predicted);
  }
}

TEST(PredictedAgainstCompiled, AdcBitsAreThoseThatTheLargestWeightsNeed) {
  for (const int features : {64, 43, 22, 1}) {  // all of one sign and of the highest digits
    const auto predicted = predict(single_linear(features, 8), test_tile());
    Deployment deployment = compiled(single_linear(features, 8), test_tile());
    prove_adcs(deployment, 0, AdcGroup::kColumn);
    EXPECT_EQ(predicted[0].counts.most_adc_bits, deployment.crossbars[0].tables.columns[0].bits);
  }
}

}  // namespace
}  // namespace crossloop::compiler
