// Balanced pruning, and the lanes that it is for.
#include <gmock/gmock.h>

#include <map>

#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/lanes/lane_program.hpp"
#include "host/runtime/lanes_backend.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/weight_groups.hpp"
#include "tests/chain_network.hpp"
#include "tests/lane_networks.hpp"

namespace crossloop::pruning {
namespace {

using network::Network;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using tests::Chain;

const LayerPolicy kAll = {.keep_first = false, .keep_last = false, .keep = {}};

std::unique_ptr<Method> balanced(const MethodOptions::Given& given) {
  return make_method(find_method("balanced"), given);
}

Selection select(Network& net, const MethodOptions::Given& given, int stage = 0,
                 const LayerPolicy& policy = kAll) {
  const PruningContext context{.layers = prunable_layers(net, policy), .tile = {}};
  return balanced(given)->select(stage, net, context);
}

void prune(Network& net, const MethodOptions::Given& given, const LayerPolicy& policy = kAll) {
  MethodOptions::Given once = given;
  once["schedule"] = "once";
  apply_zeros(net, {.weights = select(net, once, 0, policy).weights, .channels = {}});
}

std::map<std::string, GroupSurvivors> survivors_of(const Network& net, int group) {
  std::map<std::string, GroupSurvivors> layers;
  for (const GroupSurvivors& layer : survivors_per_group(net, group)) layers[layer.layer] = layer;
  return layers;
}

/// One Linear of `inputs` and one output.
Network one_row(const std::vector<float>& weights) {
  Network net;
  net.name = "row";
  const int inputs = static_cast<int>(weights.size());
  net.input_shape = {inputs, 1, 1};
  net.output_name = "out";
  net.nodes = {{"fc", network::Linear{inputs, 1, weights, {}}, {"input"}, "out", {}}};
  return net;
}

TEST(Balanced, KeepsTheLargestOfEveryGroupAndTheFirstOfEquals) {
  Network net = one_row({1, -5, 2, 4, 3, 3, -3, 3, 9, 8, 7});
  const MethodOptions::Given given = {{"group", "4"}, {"pruned", "2"}, {"schedule", "once"}};
  // The last group has 3 weights: ceil(2 * 3 / 4) = 2 stay.
  EXPECT_THAT(select(net, given).weights.at("fc"), ElementsAre(0, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0));
}

/// Weight (c, y, x) of a 1x2 kernel: groups run over channels at one x.
TEST(Balanced, GroupsRunOverChannelsAtOneKernelPosition) {
  Network net;
  net.name = "conv";
  net.input_shape = {4, 1, 2};
  net.output_name = "out";
  network::Window window;
  window.kernel_w = 2;
  // Channel by channel, x = 0 and x = 1: at x = 0 the weights are 1 2 3 4, at x = 1 8 7 6 5.
  net.nodes = {
      {"conv", network::Conv{4, 1, window, {1, 8, 2, 7, 3, 6, 4, 5}, {}}, {"input"}, "out", {}}};
  const MethodOptions::Given given = {{"group", "4"}, {"pruned", "2"}, {"schedule", "once"}};
  EXPECT_THAT(select(net, given).weights.at("conv"), ElementsAre(0, 1, 0, 1, 1, 0, 1, 0));
}

/// Shapes at which groups end early: 20 channels, 2 groups of 10, 24 channels of 2x2 pixels into a
/// linear layer, 18 inputs.
Network awkward_network() {
  Chain chain({3, 4, 4});
  chain.conv("first", 3, 20).norm("n1", 20).add("r1", network::Relu{});
  chain.conv("wide", 20, 20).norm("n2", 20).add("r2", network::Relu{});
  chain.conv("grouped", 20, 24, 3, 2).norm("n3", 24).add("r3", network::Relu{});
  chain.conv("depthwise", 24, 24, 3, 24).norm("n4", 24).add("r4", network::Relu{});
  chain.add("pool", network::MaxPool{network::square_window(2, 2)}).add("flat", network::Flatten{});
  chain.linear("hidden", 96, 18).add("r5", network::Relu{}).linear("last", 18, 4);
  chain.net.name = "awkward";
  return chain.net;
}

TEST(Balanced, EveryGroupOfALayerHasTheSameSurvivors) {
  Network net = awkward_network();
  prune(net, {{"group", "16"}, {"pruned", "12"}});
  const auto layers = survivors_of(net, 16);
  for (const auto& [name, layer] : layers) EXPECT_TRUE(layer.equal) << name;
  // 20 outputs, 9 positions, blocks of 16 and 4 channels.
  const GroupSurvivors& wide = layers.at("wide");
  EXPECT_EQ(wide.groups, 20 * 9 * 2);
  EXPECT_EQ(wide.largest, 16);
  EXPECT_EQ(wide.least, 4);
  EXPECT_EQ(wide.most, 4);
  EXPECT_EQ(wide.histogram.at(4), 180);
  EXPECT_EQ(wide.histogram.at(1), 180);
  // Channels 0..9 lie in one block; 10..19 in two, of 6 and 4: ceil(4 * 10 / 16), 2 and 1 stay.
  const GroupSurvivors& grouped = layers.at("grouped");
  EXPECT_EQ(grouped.groups, 12 * 9 * 1 + 12 * 9 * 2);
  EXPECT_EQ(grouped.largest, 10);
  EXPECT_EQ(grouped.histogram.at(3), 108);
  EXPECT_EQ(grouped.histogram.at(2), 108);
  EXPECT_EQ(grouped.histogram.at(1), 108);
  // A depthwise filter has one weight at each position, which stays.
  EXPECT_EQ(layers.at("depthwise").histogram.at(1), 24 * 9);
  // 4 pixels of 24 channels: blocks of 16 and 8.
  EXPECT_EQ(layers.at("hidden").groups, 18 * 4 * 2);
  EXPECT_EQ(layers.at("hidden").histogram.at(2), 18 * 4);
}

TEST(Balanced, SurvivorsTellUnequalGroups) {
  const GroupSurvivors layer = survivors_of(one_row({1, 1, 0, 1, 0, 0, 1, 0}), 4).at("fc");
  EXPECT_EQ(layer.groups, 2);
  EXPECT_EQ(layer.least, 1);
  EXPECT_EQ(layer.most, 3);
  EXPECT_FALSE(layer.equal);
  EXPECT_THAT(layer.histogram, ElementsAre(0, 1, 0, 1, 0));
  EXPECT_THAT([] { survivors_per_group(one_row({1}), 0); },
              ThrowsMessage<InputError>(HasSubstr("groups of 0 weights")));
}

TEST(Balanced, RaisesThePrunedWeightsStepByStep) {
  EXPECT_EQ(balanced({})->stages(), 4);  // 4, 8, 10, 12 of 16
  EXPECT_EQ(balanced({{"schedule", "once"}})->stages(), 1);
  EXPECT_EQ(balanced({{"group", "8"}, {"pruned", "6"}})->stages(), 4);  // 2, 4, 5, 6
  EXPECT_EQ(balanced({{"group", "16"}, {"pruned", "15"}})->stages(), 6);
  EXPECT_EQ(balanced({{"group", "2"}, {"pruned", "1"}})->stages(), 1);
  const MethodOptions::Given steps = {{"steps", "3,9"}};
  EXPECT_EQ(balanced(steps)->stages(), 3);
  Network net = awkward_network();
  std::vector<std::ptrdiff_t> kept;
  for (int stage = 0; stage < 3; ++stage) {
    const auto mask = select(net, steps, stage).weights.at("wide");
    kept.push_back(std::count(mask.begin(), mask.end(), 1));
  }
  // Of 180 groups of 16 and as many of 4: ceil(13 / 4), ceil(7 / 4) and 1 of the short ones.
  EXPECT_THAT(kept, ElementsAre(180 * (13 + 4), 180 * (7 + 2), 180 * (4 + 1)));
}

TEST(Balanced, LinearLayersHaveATargetOfTheirOwn) {
  Network net = awkward_network();
  prune(net, {{"pruned", "8"}, {"pruned_linear", "12"}});
  EXPECT_EQ(survivors_of(net, 16).at("hidden").most, 4);
  EXPECT_EQ(survivors_of(net, 16).at("wide").most, 8);
  const auto half_way = select(net, {{"pruned", "8"}, {"pruned_linear", "12"}}, 0);  // p = 4 and 6
  const auto& mask = half_way.weights.at("hidden");
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 1), 18 * 4 * (10 + 5));
}

TEST(Balanced, RefusesWhatLeavesNothingOrDoesNotAscend) {
  const auto refused = [](const MethodOptions::Given& given, const std::string& what) {
    EXPECT_THAT([&] { balanced(given); }, ThrowsMessage<InputError>(HasSubstr(what)));
  };
  refused({{"group", "8"}}, "option pruned: 12 of every 8 weights, expected fewer than all");
  refused({{"pruned_linear", "16"}}, "option pruned_linear: 16 of every 16");
  refused({{"steps", "8,4"}}, "option steps: found 8,4, expected ascending integers below pruned");
  refused({{"steps", "4,12"}}, "expected ascending");
  refused({{"steps", "4.5"}}, "expected ascending integers");
}

TEST(Balanced, EveryLayerRunsOnTheBalancedLane) {
  Network net = awkward_network();
  const auto images = compiler::noisy_images({3, 4, 4}, 2, 5);
  const lanes::LaneShape shape{16, 4, 8, 4};
  const auto balanced_layers = [&] {
    int count = 0;
    Network copy = net;
    const auto deployment =
        compiler::compile(copy, runtime::lossless_tile(), compiler::test_device(), images);
    for (const compiler::Layer& layer : deployment.layers) {
      if (layer.kind != compiler::LayerKind::kCrossbar) continue;
      count += lanes::is_balanced(shape, runtime::lane_geometry(layer), layer.weights) ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(balanced_layers(), 1);  // depthwise, with one weight at a position
  prune(net, {{"group", "16"}, {"pruned", "12"}});
  EXPECT_EQ(balanced_layers(), 6);
}

/// The sums of the lane are those of the engine, layer by layer, and it is the balanced lane.
TEST(Balanced, TheLaneComputesWhatTheEngineDoes) {
  Network net = compiler::small_resnet(1);
  prune(net, {{"group", "16"}, {"pruned", "12"}}, LayerPolicy());
  const auto deployment = compiler::compile(net, runtime::lossless_tile(), compiler::test_device(),
                                            runtime::lane_images());
  runtime::LanesBackend lanes_backend(deployment, lanes::LaneKind::kBalanced, {16, 4, 8, 4},
                                      lanes::make_twin_lane);
  runtime::program_all(lanes_backend, deployment);
  runtime::EngineBackend engine = runtime::ideal_tiles(deployment);
  EXPECT_EQ(runtime::all_sums(deployment, lanes_backend), runtime::all_sums(deployment, engine));
  int on_balanced = 0;
  for (const runtime::LaneUse& use : lanes_backend.layers()) {
    on_balanced += use.kind == lanes::LaneKind::kBalanced && use.counters.cycles > 0 ? 1 : 0;
  }
  EXPECT_EQ(on_balanced, static_cast<int>(prunable_layers(net).size()));
}

TEST(Balanced, SurvivorsStayEqualThroughTheStagesOfFineTuning) {
  Network net = tests::tiny_network();
  PipelineOptions options;
  options.policy = kAll;
  options.finetuning = {.epochs = 1, .batch = 20, .learning_rate = 0.1, .threads = 1};
  const MethodInfo& info = find_method("balanced");
  std::vector<std::string> steps;
  run_method(net, tests::tiny_images(60), info,
             MethodOptions(info.name, info.options, {{"group", "8"}, {"pruned", "6"}}), options, {},
             [&](const std::string& step) { steps.push_back(step); });
  EXPECT_EQ(steps.back(), "fine-tune 4 of 4");
  for (const GroupSurvivors& layer : survivors_per_group(net, 8)) {
    EXPECT_TRUE(layer.equal) << layer.layer;
    EXPECT_EQ(layer.most, layer.largest == 8 ? 2 : 1) << layer.layer;  // conv1: 3 channels
  }
}

}  // namespace
}  // namespace crossloop::pruning
