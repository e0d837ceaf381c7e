// The methods on rows, columns and tiles of crossbars, each run whole on a tiny network.
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <set>

#include "pruning/penalty.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/tile_grid.hpp"
#include "pruning/tile_quantise.hpp"
#include "pruning/torch_network.hpp"
#include "tests/every_kind_of_layer.hpp"
#include "tests/input_error.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

constexpr TileShape kTile{16, 4};

/// conv1 (8 x 27) and conv2 (8 x 72) may be pruned.
PipelineOptions tiny_pipeline(int epochs = 1) {
  PipelineOptions options;
  options.tile = kTile;
  options.policy.keep_first = false;
  options.penalised = options.finetuning = tiny_options(epochs);
  return options;
}

struct Pruned {
  network::Network network;
  HeldZeros zeros;
};

Pruned pruned(const std::string& name, const MethodOptions::Given& given,
              const PipelineOptions& options = tiny_pipeline()) {
  const MethodInfo& info = find_method(name);
  Pruned result{tests::tiny_network(), {}};
  result.zeros = run_method(result.network, tests::tiny_images(48), info,
                            MethodOptions(info.name, info.options, given), options);
  return result;
}

/// Every method of this file, as short as it can be.
const std::map<std::string, MethodOptions::Given> kMethods = {
    {"adc_budget", {{"saving", "2"}}},
    {"dub_quantize", {}},
    {"dub_regularize", {}},
    {"group_lasso", {{"grain", "columns"}}},
    {"s_dub", {{"tile_ratio", "0.3"}}},
    {"xcs", {{"lambda", "0.01"}}},
    {"xrs", {{"lambda", "0.01"}}}};

double share_kept(const Masks& masks) {
  double kept = 0.0, all = 0.0;
  for (const auto& [name, mask] : masks) {
    kept += std::accumulate(mask.begin(), mask.end(), 0.0);
    all += static_cast<double>(mask.size());
  }
  return kept / all;
}

TEST(RegularisedMethods, HoldTheirZerosInTrainingAndMoveTheRest) {
  for (const auto& [name, given] : kMethods) {
    const Pruned result = pruned(name, given);
    EXPECT_LT(share_kept(result.zeros.weights), 0.8) << name;
    EXPECT_GT(share_kept(result.zeros.weights), 0.2) << name;
    for (const auto& [node, mask] : result.zeros.weights) {
      const auto weights = network::weight_values(result.network.node(node));
      for (std::size_t i = 0; i < mask.size(); ++i) {
        ASSERT_EQ(weights[i] == 0.0F, mask[i] == 0) << name << ", " << node << " " << i;
      }
    }
    EXPECT_EQ(result.network.metadata.at("pruning.method"), name);
  }
}

TEST(RegularisedMethods, GiveTheSameForTheSameSeedAndOtherWeightsForAnother) {
  for (const auto& [name, given] : kMethods) {
    PipelineOptions other = tiny_pipeline();
    other.penalised.seed = other.finetuning.seed = 2;
    const auto parameters = parameters_of(pruned(name, given).network);
    EXPECT_EQ(parameters, parameters_of(pruned(name, given).network)) << name;
    EXPECT_NE(parameters, parameters_of(pruned(name, given, other).network)) << name;
  }
}

TEST(RegularisedMethods, HoldTheirMasksOnEveryKindOfLayerForAHundredSteps) {
  const auto images = tests::tiny_images(8);
  TrainOptions options = tiny_options(25);  // of 4 steps
  options.batch = 2;
  options.learning_rate = 0.01;
  for (const auto& [name, given] : kMethods) {
    network::Network network = tests::every_kind_of_layer();
    const PruningContext context{.layers = prunable_layers(network), .tile = kTile};
    const auto method = make_method(find_method(name), given);
    HeldZeros zeros;
    for (int stage = 0; stage < method->stages(); ++stage) {
      zeros.weights = method->select(stage, network, context).weights;
      apply_zeros(network, zeros);
    }
    ASSERT_EQ(zeros.weights.size(), 4U) << name;
    const auto penalty = method->penalty(0, network, context);
    finetune(network, images, options, {.masks = zeros.weights, .penalty = penalty.get()});
    int zeroed = 0;
    for (const auto& [node, mask] : zeros.weights) {
      const auto weights = network::weight_values(network.node(node));
      for (std::size_t i = 0; i < mask.size(); ++i) {
        if (mask[i] == 0) {
          ASSERT_EQ(weights[i], 0.0F) << name << ", " << node << " " << i;
          ++zeroed;
        }
      }
    }
    EXPECT_GT(zeroed, 100) << name;
  }
}

/// The penalty of a stage at the weights of `network`.
double penalty_of(const network::Network& network, const Penalty& penalty) {
  TorchNetwork torch(network);
  for (NodeTensors& node : torch.nodes()) {
    if (node.weight.defined()) node.weight.mutable_grad() = at::zeros_like(node.weight);
  }
  return penalty.add_gradients(torch.nodes());
}

TEST(RegularisedMethods, LowerTheirPenaltyInTraining) {
  const std::vector<std::pair<std::string, MethodOptions::Given>> methods = {
      {"dub_regularize", {{"lambda", "30"}}},
      {"dub_regularize", {{"lambda", "0.001"}, {"scale", "sum"}}},
      {"group_lasso", {{"grain", "rows"}, {"lambda", "0.1"}}},
      {"group_lasso", {{"grain", "columns"}, {"lambda", "0.1"}}},
      {"group_lasso", {{"grain", "tiles"}, {"lambda", "0.1"}}}};
  for (const auto& [name, given] : methods) {
    const auto method = make_method(find_method(name), given);
    network::Network plain = tests::tiny_network();
    const PruningContext context{
        .layers = prunable_layers(plain, {.keep_first = false, .keep = {}}), .tile = kTile};
    const auto penalty = method->penalty(0, plain, context);
    ASSERT_NE(penalty, nullptr) << name;
    network::Network penalised = plain;
    const auto images = tests::tiny_images(64);
    finetune(plain, images, tiny_options(3), {});
    finetune(penalised, images, tiny_options(3), {.penalty = penalty.get()});
    EXPECT_LT(penalty_of(penalised, *penalty), 0.9 * penalty_of(plain, *penalty))
        << penalty->text();
  }
}

TEST(RegularisedMethods, TrainUnderTheLassoOfTheirSegmentsOrNone) {
  const network::Network network = tests::tiny_network();
  const PruningContext context{.layers = prunable_layers(network), .tile = kTile};
  const auto penalty = [&](const std::string& name, const MethodOptions::Given& given) {
    return make_method(find_method(name), given)->penalty(0, network, context);
  };
  EXPECT_THAT(penalty("xcs", {{"lambda", "0.1"}})->text(), HasSubstr("columns of 16 x 4"));
  EXPECT_THAT(penalty("xrs", {{"lambda", "0.1"}})->text(), HasSubstr("rows of 16 x 4"));
  for (const std::string name : {"xcs", "xrs", "dub_quantize"}) {
    EXPECT_EQ(penalty(name, {}), nullptr) << name;
  }
}

/// Number of survivors of each segment over its size, as a set: {0, 1} where they leave whole.
std::set<double> kept_in_segments(const Masks& masks, const network::Network& network,
                                  Grain grain) {
  std::set<double> shares;
  for (const PrunableLayer& layer : prunable_layers(network, {.keep_first = false, .keep = {}})) {
    for (const WeightBlock& tile : tiles_of(layer, kTile)) {
      for (const WeightBlock& segment : segments_of(tile, grain)) {
        double kept = 0.0;
        for_each_weight(layer, segment, [&](std::size_t i) { kept += masks.at(layer.name)[i]; });
        shares.insert(kept / segment.size());
      }
    }
  }
  return shares;
}

TEST(GroupLassoMethod, DropsWholeGroupsUpToItsRatio) {
  for (const Grain grain : {Grain::kRows, Grain::kColumns, Grain::kTiles}) {
    const Pruned result = pruned("group_lasso", {{"grain", grain_name(grain)}, {"ratio", "0.5"}});
    EXPECT_THAT(kept_in_segments(result.zeros.weights, result.network, grain), ElementsAre(0, 1));
    EXPECT_GE(share_kept(result.zeros.weights), 0.5);
    EXPECT_LT(share_kept(result.zeros.weights), 0.6) << grain_name(grain);
  }
}

TEST(GroupLassoMethod, DropsWhatIsBelowItsThreshold) {
  const Pruned none = pruned("group_lasso", {{"grain", "columns"}, {"threshold", "0.001"}});
  EXPECT_EQ(share_kept(none.zeros.weights), 1.0);
  const Pruned most =
      pruned("group_lasso", {{"grain", "columns"}, {"threshold", "100"}, {"layer_limit", "0.25"}});
  for (const auto& [name, mask] : most.zeros.weights) {
    const double kept = std::accumulate(mask.begin(), mask.end(), 0.0);
    EXPECT_GE(kept, 0.25 * static_cast<double>(mask.size())) << name;
    EXPECT_LT(kept, 0.35 * static_cast<double>(mask.size())) << name;
  }
}

TEST(DubMethods, BringEveryTileToALevel) {
  for (const std::string name : {"dub_quantize", "dub_regularize", "s_dub"}) {
    const Pruned result = pruned(name, {{"ratio", "0.7"}});
    std::set<int> levels;
    for (const PrunableLayer& layer :
         prunable_layers(result.network, {.keep_first = false, .keep = {}})) {
      const auto& mask = result.zeros.weights.at(layer.name);
      for (const WeightBlock& tile : tiles_of(layer, kTile)) {
        std::set<int> counts;
        for (const WeightBlock& column : segments_of(tile, Grain::kColumns)) {
          int kept = 0;
          for_each_weight(layer, column, [&](std::size_t i) { kept += mask[i]; });
          counts.insert(kept);
        }
        EXPECT_EQ(counts.size(), 1U) << name << ", " << layer.name;
        if (*counts.begin() < tile.inputs) levels.insert(*counts.begin());
      }
    }
    EXPECT_FALSE(levels.empty()) << name;
    for (const int kept : levels) {
      EXPECT_TRUE(kept == 0 || std::has_single_bit(static_cast<unsigned>(kept)))
          << name << ": " << kept;
    }
    EXPECT_EQ(levels.contains(0), name == "s_dub") << name << " drops whole tiles";
  }
}

TEST(SDub, HoldsDeadTilesAtZeroWhileItTrainsTheOthers) {
  std::vector<std::string> steps;
  const MethodInfo& info = find_method("s_dub");
  network::Network network = tests::tiny_network();
  const PrunableLayer layer = prunable_layers(network).front();
  const auto zeros_of = [&](const WeightBlock& tile) {
    const auto weights = network::weight_values(network.nodes[layer.node]);
    int zeros = 0;
    for_each_weight(layer, tile, [&](std::size_t i) { zeros += weights[i] == 0.0F ? 1 : 0; });
    return zeros;
  };
  std::vector<WeightBlock> dead;
  const auto look = [&](const std::string& step) {
    steps.push_back(step);
    for (const WeightBlock& tile : tiles_of(layer, kTile)) {
      if (step == "fine-tune 1 of 2" && zeros_of(tile) == tile.size()) dead.push_back(tile);
      if (step == "select 2 of 2") {  // after the training under the second penalty
        const bool died = std::find(dead.begin(), dead.end(), tile) != dead.end();
        EXPECT_EQ(zeros_of(tile), died ? tile.size() : 0);
      }
    }
  };
  run_method(network, tests::tiny_images(48), info,
             MethodOptions("s_dub", info.options, {{"tile_ratio", "0.3"}}), tiny_pipeline(), {},
             look);
  EXPECT_THAT(steps, ElementsAre("penalty 1 of 2", "select 1 of 2", "fine-tune 1 of 2",
                                 "penalty 2 of 2", "select 2 of 2", "fine-tune 2 of 2"));
  EXPECT_THAT(dead, ::testing::SizeIs(::testing::AllOf(::testing::Ge(2U), ::testing::Le(5U))));
}

TEST(RegularisedMethods, RefuseBadOptionsAndTiles) {
  const auto refusal = [](const std::string& name, const MethodOptions::Given& given,
                          const TileShape& tile = kTile) {
    return error_of([&] {
      PipelineOptions options = tiny_pipeline();
      options.tile = tile;
      pruned(name, given, options);
    });
  };
  EXPECT_THAT(refusal("group_lasso", {{"grain", "cells"}}),
              HasSubstr("option grain: found \"cells\", expected one of tiles, columns, rows"));
  EXPECT_THAT(refusal("xcs", {{"ratio", "1"}}), HasSubstr("option ratio: found \"1\""));
  EXPECT_THAT(refusal("xrs", {{"lambda", "-1"}}), HasSubstr("option lambda: found \"-1\""));
  EXPECT_THAT(refusal("dub_regularize", {{"gate", "half"}}), HasSubstr("option gate"));
  EXPECT_THAT(refusal("dub_quantize", {{"ratios", "0.5"}}),
              HasSubstr("method dub_quantize, option ratios: 1 numbers found, expected one for "
                        "each of 2 layers"));
  EXPECT_THAT(refusal("dub_quantize", {}, {24, 4}), HasSubstr("found 24 rows, expected a power"));
  EXPECT_THAT(refusal("s_dub", {}, {16, 1}), HasSubstr("found tiles of 1 output"));
  EXPECT_THAT(refusal("group_lasso", {}, {0, 4}), HasSubstr("found 0 rows"));
  EXPECT_THAT(refusal("xcs", {}, {16, 0}), HasSubstr("16 rows by 0 outputs"));
}

}  // namespace
}  // namespace crossloop::pruning
