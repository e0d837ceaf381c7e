// What a pruning method zeroes in a residual network with batch norm: weights, biases, gammas and
// betas, held through training and joined by a second method.
#include <gmock/gmock.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "pruning/pipeline.hpp"
#include "tests/chain_network.hpp"
#include "tests/input_error.hpp"
#include "tests/method_runs.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing_support::error_of;
using tests::Chain;

/// 3x8x8 -> a n1 r1 -> b n2 -> sum (r1 + n2) r2 -> pool -> fc; with a depthwise layer, r1 -> dw n3
/// r3 -> b.
network::Network residual_network(bool depthwise = false) {
  Chain chain({3, 8, 8});
  chain.conv("a", 3, 8).norm("n1", 8).add("r1", network::Relu{});
  if (depthwise) chain.conv("dw", 8, 8, 3, 8).norm("n3", 8).add("r3", network::Relu{});
  chain.conv("b", 8, 8).norm("n2", 8).add("sum", network::Add{}, {"r1.out", "n2.out"});
  chain.add("r2", network::Relu{}).add("pool", network::GlobalAveragePool{});
  chain.add("flatten", network::Flatten{}).linear("fc", 8, 4);
  return chain.net;
}

/// The first layer may lose channels, too.
PipelineOptions residual_options(int epochs) {
  PipelineOptions options = short_options(epochs, {.rows = 16, .outputs = 4});
  options.policy.keep_first = false;
  return options;
}

/// The parameters that a channel mask speaks of.
std::vector<std::vector<float>> channel_parameters(const network::Node& node) {
  if (const auto* norm = std::get_if<network::BatchNorm>(&node.op))
    return {norm->gamma, norm->beta};
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) return {conv->bias};
  return {std::get<network::Linear>(node.op).bias};
}

Count count_channels(const network::Network& network, const HeldZeros& zeros) {
  Count count;
  for (const auto& [name, mask] : zeros.channels) {
    for (const auto& values : channel_parameters(network.node(name))) {
      if (!values.empty()) count.add(values, mask);
    }
  }
  return count;
}

std::vector<float> all_parameters(const network::Network& network) {
  std::vector<float> all = parameters_of(network);
  for (const network::Node& node : network.nodes) {
    const auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv != nullptr) all.insert(all.end(), conv->bias.begin(), conv->bias.end());
  }
  return all;
}

class EveryMethodOnAResidualNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryMethodOnAResidualNetwork, HoldsItsZerosForAHundredSteps) {
  network::Network net = residual_network();
  const HeldZeros zeros = pruned(net, GetParam(), small_settings(GetParam()), residual_options(25));
  const Count weights = count_weights(net, zeros);
  EXPECT_GT(weights.held, 40);
  EXPECT_EQ(weights.violated, 0);
  EXPECT_EQ(count_channels(net, zeros).violated, 0);
}

TEST_P(EveryMethodOnAResidualNetwork, RecordsAllItsOptionsTileAndSeed) {
  network::Network net = residual_network();
  PipelineOptions options = residual_options(0);
  options.penalised.seed = options.finetuning.seed = 17;
  pruned(net, GetParam(), small_settings(GetParam()), options);
  const MethodInfo& info = find_method(GetParam());
  const MethodOptions values(info.name, info.options, small_settings(GetParam()));
  for (const auto& [name, value] : values.values()) {
    EXPECT_THAT(net.metadata, Contains(Pair("pruning." + info.name + "." + name, value)));
  }
  EXPECT_THAT(net.metadata,
              AllOf(Contains(Pair("pruning.method", info.name)),
                    Contains(Pair("pruning.seed", "17")), Contains(Pair("pruning.rows", "16")),
                    Contains(Pair("pruning.outputs_per_crossbar", "4"))));
}

TEST_P(EveryMethodOnAResidualNetwork, GivesTheSameNetworkForTheSameSeedOnly) {
  const auto parameters = [&](std::uint64_t seed) {
    network::Network net = residual_network();
    PipelineOptions options = residual_options(1);
    options.penalised.seed = options.finetuning.seed = seed;
    pruned(net, GetParam(), small_settings(GetParam()), options);
    return all_parameters(net);
  };
  const std::vector<float> first = parameters(1);
  EXPECT_EQ(first, parameters(1));
  EXPECT_NE(first, parameters(2));
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethodOnAResidualNetwork, ::testing::ValuesIn(all_methods()),
                         [](const auto& method) { return method.param; });

TEST(HeldChannels, StaySilentBehindConvAndBatchNorm) {
  network::Network net = residual_network(true);
  const HeldZeros zeros =
      pruned(net, "channel_filter", {{"sparsity", "0.4"}}, residual_options(25));
  const Count channels = count_channels(net, zeros);
  EXPECT_GE(channels.held, 2 * 9);  // of a, dw and b, each with a bias, a gamma and a beta
  EXPECT_EQ(channels.violated, 0);
  EXPECT_EQ(count_weights(net, zeros).violated, 0);

  std::mt19937 rng(4);
  network::Network head = net;
  head.output_name = "r2.out";
  while (head.nodes.back().name != "r2") head.nodes.pop_back();
  const auto values = forward(head, tests::random_floats(3 * 64, 1.0F, rng), 1);
  const auto& mask = zeros.channels.at("n2");
  for (std::size_t c = 0; c < mask.size(); ++c) {
    const auto pixels = std::span(values).subspan(c * 64, 64);
    const bool silent =
        std::all_of(pixels.begin(), pixels.end(), [](float v) { return v == 0.0F; });
    EXPECT_TRUE(silent || mask[c] == 1) << "channel " << c;
  }
}

TEST(HeldChannels, AreJoinedByASecondMethod) {
  network::Network net = residual_network(true);
  const HeldZeros first = pruned(net, "channel_filter", {{"sparsity", "0.4"}}, residual_options(1));
  const HeldZeros both = pruned(net, "unstructured", {{"sparsity", "0.6"}}, residual_options(5));
  EXPECT_EQ(count_weights(net, first).violated, 0);
  EXPECT_EQ(count_channels(net, first).violated, 0);
  EXPECT_GT(count_weights(net, both).held, count_weights(net, first).held);
  EXPECT_EQ(count_weights(net, both).violated, 0);
  EXPECT_EQ(net.metadata.at("pruning.method"), "channel_filter+unstructured");
  EXPECT_THAT(net.metadata, AllOf(Contains(Pair("pruning.channel_filter.sparsity", "0.4")),
                                  Contains(Pair("pruning.unstructured.sparsity", "0.6"))));
}

/// Behind n2 alone, so that the sum passes a gradient on: its channels could come back.
TEST(HeldChannels, AreFreeAgainWhereZerosAreNotKept) {
  network::Network silenced = residual_network();
  silenced.metadata["pruning.method"] = "by_hand";
  const HeldZeros first{.weights = {}, .channels = {{"n2", {0, 0, 1, 1, 1, 1, 1, 0}}}};
  apply_zeros(silenced, first);
  network::Network kept = silenced, freed = silenced;
  PipelineOptions options = residual_options(2);
  pruned(kept, "unstructured", {{"sparsity", "0.1"}}, options);
  options.keep_zeros = false;
  pruned(freed, "unstructured", {{"sparsity", "0.1"}}, options);
  EXPECT_EQ(count_channels(kept, first).violated, 0);
  EXPECT_GT(count_channels(freed, first).violated, 0);
  EXPECT_EQ(kept.metadata.at("pruning.method"), "by_hand+unstructured");
  EXPECT_EQ(freed.metadata.at("pruning.method"), "unstructured");
}

/// Zeros that training happened upon are not those of a pruning.
TEST(HeldChannels, AreNotTakenFromANetworkThatWasNeverPruned) {
  network::Network net = residual_network();
  std::get<network::Conv>(net.node("b").op).weight.assign(8 * 72, 0.0F);
  const HeldZeros zeros = pruned(net, "unstructured", {{"sparsity", "0.1"}}, residual_options(5));
  EXPECT_TRUE(zeros.channels.empty());
  EXPECT_LT(count_weights(net, zeros).held, 8 * 72);
}

TEST(ApplyZeros, SilencesWeightsBiasesGammasAndBetasAlone) {
  const network::Network before = residual_network();
  network::Network net = before;
  const std::vector<std::uint8_t> odd = {1, 0, 1, 0, 1, 0, 1, 0};
  HeldZeros zeros{.weights = {{"a", std::vector<std::uint8_t>(216, 1)}},
                  .channels = {{"a", odd}, {"n1", odd}, {"fc", {0, 1, 1, 1}}}};
  zeros.weights["a"][5] = 0;
  apply_zeros(net, zeros);
  EXPECT_EQ(count_weights(net, zeros).violated + count_channels(net, zeros).violated, 0);
  const std::vector<float> then = all_parameters(before), now = all_parameters(net);
  int changed = 0;
  for (std::size_t i = 0; i < then.size(); ++i) changed += then[i] != now[i] ? 1 : 0;
  EXPECT_EQ(changed, 1 + 4 + 2 * 4 + 1);  // no mean, no variance
}

TEST(ApplyZeros, RefusesNodesAndSizesThatDoNotFit) {
  const auto refusal = [](const HeldZeros& zeros) {
    network::Network net = residual_network();
    return error_of([&] { apply_zeros(net, zeros); });
  };
  EXPECT_EQ(refusal({.weights = {{"a", {1, 0}}}, .channels = {}}),
            "node a: mask of 2 values, expected 216");
  EXPECT_EQ(refusal({.weights = {}, .channels = {{"n1", {1, 0}}}}),
            "channels of node n1: mask of 2 values, expected 8");
  EXPECT_EQ(refusal({.weights = {}, .channels = {{"fc", {1, 0, 1}}}}),
            "channels of node fc: mask of 3 values, expected 4");
  EXPECT_EQ(refusal({.weights = {{"r1", {1}}}, .channels = {}}), "node r1: has no weight to prune");
  EXPECT_THAT(refusal({.weights = {{"zz", {1}}}, .channels = {}}), HasSubstr("zz"));
  EXPECT_THAT(refusal({.weights = {}, .channels = {{"zz", {1}}}}), HasSubstr("zz"));
}

}  // namespace
}  // namespace crossloop::pruning
