#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <set>

#include "host/error.hpp"
#include "host/network/onnx_file.hpp"
#include "pruning/method.hpp"
#include "pruning/pipeline.hpp"
#include "tests/chain_network.hpp"

namespace crossloop::pruning {
namespace {

using network::Network;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;
using tests::Chain;

const LayerPolicy kAll = {.keep_first = false, .keep_last = true, .keep = {}};

Selection select(Network& net, const MethodOptions::Given& given, const LayerPolicy& policy) {
  const PruningContext context{.layers = prunable_layers(net, policy), .tile = {}};
  return make_method(find_method("channel_filter"), given)->select(0, net, context);
}

std::vector<int> vanished(const Selection& selection, const std::string& node) {
  std::vector<int> channels;
  const auto found = selection.channels.find(node);
  if (found == selection.channels.end()) return channels;
  for (std::size_t c = 0; c < found->second.size(); ++c) {
    if (found->second[c] == 0) channels.push_back(static_cast<int>(c));
  }
  return channels;
}

/// Every weight of filter o of `node` becomes +-scale[o], of which only `nonzero` are not 0.
void set_filters(Network& net, const std::string& node, const std::vector<float>& scale,
                 std::size_t nonzero = 1000) {
  const auto view = network::weight_of(net.node(node));
  const auto inputs = static_cast<std::size_t>(view.inputs);
  for (std::size_t i = 0; i < view.values.size(); ++i) {
    const float sign = i % 2 == 0 ? 1.0F : -1.0F;
    view.values[i] = i % inputs < nonzero ? sign * scale.at(i / inputs) : 0.0F;
  }
}

/// a (4) n1 -> b (8) n2 -> c (3).
Network two_layers() {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 4).norm("n1", 4).add("r1", network::Relu{});
  chain.conv("b", 4, 8).norm("n2", 8).conv("c", 8, 3);
  set_filters(chain.net, "a", {0.3F, 0.1F, 0.4F, 0.2F});
  set_filters(chain.net, "b", {0.8F, 0.7F, 0.6F, 0.5F, 0.4F, 0.3F, 0.2F, 0.1F});
  return chain.net;
}

TEST(ChannelFilter, TakesTheWeakestHalfOfEveryLayer) {
  Network net = two_layers();
  const Selection selection = select(net, {{"sparsity", "0.5"}}, kAll);
  EXPECT_THAT(vanished(selection, "a"), ElementsAre(1, 3));
  EXPECT_THAT(vanished(selection, "n1"), ElementsAre(1, 3));
  EXPECT_THAT(vanished(selection, "b"), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(vanished(selection, "n2"), ElementsAre(4, 5, 6, 7));
  EXPECT_FALSE(selection.channels.contains("c"));
  // b loses 4 of 8 rows and 2 of 4 channels of the others; c, which stays, 4 of 8 channels.
  const auto kept = [&](const char* node) {
    const auto& mask = selection.weights.at(node);
    return std::count(mask.begin(), mask.end(), 1);
  };
  EXPECT_EQ(kept("a"), 2 * 2 * 9);
  EXPECT_EQ(kept("b"), 4 * 2 * 9);
  EXPECT_EQ(kept("c"), 3 * 4 * 9);
}

/// Filter 0 of a: a few large weights; filter 1: many small ones. |.|: 1 and 1.8; l2: 0.5 and 0.42.
TEST(ChannelFilter, CriteriaRankFiltersDifferently) {
  Network net = two_layers();
  set_filters(net, "a", {1.0F, 0.1F, 1.0F, 1.0F});
  auto& weight = std::get<network::Conv>(net.node("a").op).weight;
  std::fill_n(weight.begin(), 18, 0.0F);
  for (std::size_t i = 0; i < 4; ++i) weight[i] = 0.25F;
  std::get<network::BatchNorm>(net.node("n1").op).gamma = {1.0F, -0.9F, 0.8F, -1.1F};
  const auto weakest = [&](const std::string& criterion) {
    const MethodOptions::Given given = {{"sparsity", "0.25"}, {"criterion", criterion}};
    return vanished(select(net, given, kAll), "a");
  };
  EXPECT_THAT(weakest("l1"), ElementsAre(0));
  EXPECT_THAT(weakest("l2"), ElementsAre(1));
  EXPECT_THAT(weakest("gamma"), ElementsAre(2));
}

TEST(ChannelFilter, OfEqualsTheLaterGoFirst) {
  Network net = two_layers();
  set_filters(net, "a", {1.0F, 1.0F, 1.0F, 1.0F});
  EXPECT_THAT(vanished(select(net, {}, kAll), "a"), ElementsAre(2, 3));
}

/// Over their layers' means: a 1.2 0.4 1.6 0.8; b 1.78 1.56 1.33 1.11 0.89 0.67 0.44 0.22.
TEST(ChannelFilter, ComparesLayersByTheirMeansOverTheNetwork) {
  Network net = two_layers();
  for (float& w : std::get<network::Conv>(net.node("a").op).weight) w *= 100.0F;
  const Selection selection = select(net, {{"sparsity", "0.34"}, {"scope", "global"}}, kAll);
  EXPECT_THAT(vanished(selection, "a"), ElementsAre(1));
  EXPECT_THAT(vanished(selection, "b"), ElementsAre(5, 6, 7));
}

TEST(ChannelFilter, KeepsMultiplesNearestToTheShare) {
  Network net = two_layers();
  const auto gone_of_b = [&](const std::string& sparsity, const std::string& round) {
    const MethodOptions::Given given = {{"sparsity", sparsity}, {"round", round}};
    return vanished(select(net, given, kAll), "b").size();
  };
  EXPECT_EQ(gone_of_b("0.6", "4"), 4u);   // 3.2 would be kept: 4
  EXPECT_EQ(gone_of_b("0.25", "4"), 4u);  // 6 would be kept: as near to 4 as to 8
  EXPECT_EQ(gone_of_b("0.12", "4"), 0u);  // 7 would be kept: 8
  EXPECT_EQ(gone_of_b("0.4", "3"), 2u);   // 5 would be kept: 6
  EXPECT_EQ(gone_of_b("0.9", "4"), 4u);   // a layer never dies
}

TEST(ChannelFilter, KeepsTheLimitAndAtLeastOneChannelOfEveryLayer) {
  Network net = two_layers();
  const auto gone_of_a = [&](const std::string& limit) {
    const MethodOptions::Given given = {{"sparsity", "0.999"}, {"layer_limit", limit}};
    return vanished(select(net, given, kAll), "a");
  };
  EXPECT_THAT(gone_of_a("0"), ElementsAre(0, 1, 3));
  EXPECT_THAT(gone_of_a("0.5"), ElementsAre(1, 3));
  EXPECT_THAT(
      [&] {
        select(net, {{"sparsity", "0.9"}, {"scope", "global"}, {"layer_limit", "0.5"}}, kAll);
      },
      ThrowsMessage<InputError>(HasSubstr("sparsity 0.9 asks for 11 of 12 channels of network "
                                          "chain, but only 6 may vanish with layer_limit 0.5")));
}

TEST(ChannelFilter, TakesARatioForEachLayerAndTheSmallestOfJoinedOnes) {
  Network net = two_layers();
  const Selection apart = select(net, {{"ratios", "0.25,0.75"}}, kAll);
  EXPECT_THAT(vanished(apart, "a"), ElementsAre(1));
  EXPECT_EQ(vanished(apart, "b").size(), 6u);
  Network joined = tests::tiny_network();
  const Selection together = select(joined, {{"ratios", "0.75,0.25"}}, kAll);
  EXPECT_EQ(vanished(together, "conv1").size(), 2u);
  EXPECT_EQ(vanished(together, "conv1"), vanished(together, "conv2"));
  EXPECT_THAT(
      [&] {
        select(net, {{"ratios", "0.5"}}, kAll);
      },
      ThrowsMessage<InputError>(HasSubstr("1 numbers found, expected one for each of 2")));
}

/// conv2 is joined to conv1, the first layer, which stays by default.
TEST(ChannelFilter, LeavesWhatIsJoinedToALayerThatStays) {
  Network net = tests::tiny_network();
  EXPECT_THAT([&] { select(net, {}, {}); },
              ThrowsMessage<InputError>(HasSubstr("no channel that may vanish")));
}

TEST(ChannelFilter, WantsABatchNormForGamma) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 4).conv("b", 4, 3);
  EXPECT_THAT(
      [&] {
        select(chain.net, {{"criterion", "gamma"}}, kAll);
      },
      ThrowsMessage<InputError>(HasSubstr("layer a has no batch norm")));
}

TEST(ChannelFilter, GroupedConvolutionsStayGroupedUnlessFree) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 4).conv("grouped", 4, 8, 3, 2).conv("c", 8, 3);
  set_filters(chain.net, "grouped", {0.8F, 0.7F, 0.6F, 0.5F, 0.4F, 0.3F, 0.2F, 0.1F});
  const auto gone = [&](const std::string& grouped) {
    return vanished(select(chain.net, {{"grouped", grouped}}, kAll), "grouped");
  };
  EXPECT_THAT(gone("equal"), ElementsAre(2, 3, 6, 7));
  EXPECT_THAT(gone("free"), ElementsAre(4, 5, 6, 7));
}

TEST(ChannelFilter, ChannelsStaySilentThroughFineTuningAndOnnx) {
  Network net = tests::tiny_network();
  std::get<network::Conv>(net.node("conv1").op).bias.assign(8, 0.5F);
  PipelineOptions options;
  options.policy = kAll;
  options.finetuning = {.epochs = 2, .batch = 20, .learning_rate = 0.1, .threads = 1};
  const MethodInfo& info = find_method("channel_filter");
  const HeldZeros zeros =
      run_method(net, tests::tiny_images(100), info,
                 MethodOptions(info.name, info.options, {{"round", "2"}}), options);
  const auto path = std::filesystem::temp_directory_path() / "channel_filter_test.onnx";
  network::write_onnx(net, path);
  const Network read = network::read_onnx(path);
  std::filesystem::remove(path);
  ASSERT_EQ(zeros.channels.size(), 4u);  // conv1, bn1, conv2, bn2
  for (const Network* found : std::initializer_list<const Network*>{&net, &read}) {
    Network held = *found;
    apply_zeros(held, zeros);
    for (std::size_t i = 0; i < held.nodes.size(); ++i) {
      const network::Node& node = found->nodes[i];
      if (network::has_weight(node)) {
        const auto weights = network::weight_values(node);
        EXPECT_THAT(network::weight_values(held.nodes[i]),
                    ::testing::ElementsAreArray(weights.begin(), weights.end()));
      }
      if (const auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
        const auto& silent = std::get<network::BatchNorm>(held.nodes[i].op);
        EXPECT_EQ(norm->gamma, silent.gamma);
        EXPECT_EQ(norm->beta, silent.beta);
        EXPECT_EQ(std::count(norm->gamma.begin(), norm->gamma.end(), 0.0F), 4);
      }
    }
  }
  EXPECT_EQ(net.metadata.at("pruning.channel_filter.round"), "2");
}

}  // namespace
}  // namespace crossloop::pruning
