#include "pruning/channel_groups.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "host/network/executor.hpp"
#include "host/network/zoo.hpp"
#include "pruning/pipeline.hpp"
#include "tests/chain_network.hpp"

namespace crossloop::pruning {
namespace {

using network::Network;
using network::square_window;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::Chain;
using tests::random_floats;
using tests::random_norm;

/// Value -> channels of it.
using ValueChannels = std::map<std::string, std::set<int>>;

std::vector<float> outputs_of(const Network& net) {
  std::mt19937 rng(9);
  const auto size = static_cast<std::size_t>(2 * net.input_shape.size());
  return network::run(net, random_floats(size, 1.0F, rng), 2);
}

/// `net` with `channels` of its values times `factor` plus `offset`, where they are made.
Network altered(const Network& net, const ValueChannels& channels, float factor, float offset) {
  Network result = net;
  result.nodes.clear();
  const auto shapes = network::infer_shapes(net);
  for (network::Node node : net.nodes) {
    const auto found = channels.find(node.output);
    if (found == channels.end()) {
      result.nodes.push_back(node);
      continue;
    }
    const int count = shapes.at(node.output).channels;
    const auto size = static_cast<std::size_t>(count);
    network::ScaleShift op{
        {count, 1, 1}, std::vector<float>(size, 1.0F), std::vector<float>(size, 0.0F)};
    for (const int c : found->second) {
      op.factor.at(static_cast<std::size_t>(c)) = factor;
      op.offset.at(static_cast<std::size_t>(c)) = offset;
    }
    const std::string value = node.output;
    node.output += ".free";
    result.nodes.push_back(node);
    result.nodes.push_back({node.name + ".altered", op, {node.output}, value, {}});
  }
  return result;
}

/// `net`, its weights untouched, with those channels forced to 0 where their values are made.
Network forced_to_zero(const Network& net, const ValueChannels& zero) {
  return altered(net, zero, 0.0F, 0.0F);
}

Network without(const Network& net, const std::vector<ChannelGroup>& gone) {
  Selection selection;
  for (const ChannelGroup& group : gone) add_vanished(net, group, selection);
  Network pruned = net;
  apply_zeros(pruned, {.weights = selection.weights, .channels = selection.channels});
  return pruned;
}

/// The group with channel `index` of `node` among its producers.
ChannelGroup group_of(const Network& net, const std::string& node, int index,
                      GroupedConv grouped = GroupedConv::kEqual) {
  for (const ChannelGroup& group : channel_groups(net, grouped)) {
    for (const Channel& producer : group.producers) {
      if (net.nodes[producer.node].name == node && producer.index == index) return group;
    }
  }
  ADD_FAILURE() << "no group with channel " << index << " of " << node;
  return {};
}

/// "conv1 3".
std::vector<std::string> names(const Network& net, const std::vector<Channel>& channels) {
  std::vector<std::string> texts;
  for (const Channel& c : channels) {
    texts.push_back(net.nodes[c.node].name + " " + std::to_string(c.index));
  }
  return texts;
}

/// Channel `index` of `node` vanishes; the outputs are those of the network in which `zero` is
/// forced to 0, to the last bit, and not those of the dense one.
void expect_exact(const Network& net, const std::string& node, int index,
                  const ValueChannels& zero) {
  const ChannelGroup group = group_of(net, node, index);
  ASSERT_TRUE(group.may_vanish()) << group.fixed_by;
  const auto found = outputs_of(without(net, {group}));
  EXPECT_EQ(found, outputs_of(forced_to_zero(net, zero)));
  EXPECT_NE(found, outputs_of(net));
}

TEST(ChannelGroups, ResidualChannelsVanishWithAllTheirProducers) {
  const Network net = tests::tiny_network();
  const ChannelGroup group = group_of(net, "conv1", 3);
  EXPECT_THAT(names(net, group.producers), ElementsAre("conv1 3", "conv2 3"));
  EXPECT_THAT(names(net, group.norms), ElementsAre("bn1 3", "bn2 3"));
  // The 9 taps of channel 3 in conv2, and one column of fc.
  EXPECT_THAT(group.columns, ElementsAre(WeightBlock{3, 0, 8, 27, 9}, WeightBlock{9, 0, 4, 3, 1}));
  expect_exact(net, "conv2", 3, {{"bn1.out", {3}}, {"bn2.out", {3}}});
}

TEST(ChannelGroups, PartTheOutputChannelsOfAllFilters) {
  const Network net = network::make_network("mobilenet_v2", {3, 32, 32}, 10, 1);
  std::set<std::pair<std::size_t, int>> seen;
  for (const ChannelGroup& group : channel_groups(net)) {
    for (const Channel& c : group.producers) EXPECT_TRUE(seen.insert({c.node, c.index}).second);
  }
  std::size_t filters = 0;
  for (std::size_t i = 0; i < net.nodes.size(); ++i) {
    if (network::has_weight(net.nodes[i])) {
      filters += static_cast<std::size_t>(layer_of(net, i).outputs);
    }
  }
  EXPECT_EQ(seen.size(), filters);
}

TEST(ChannelGroups, FollowTheOffsetsOfAConcatenation) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 3).conv("b", 2, 4, 1, 1, {"input"});
  chain.add("join", network::Concat{}, {"a.out", "b.out"}).conv("c", 7, 2);
  const ChannelGroup group = group_of(chain.net, "b", 1);
  EXPECT_THAT(names(chain.net, group.producers), ElementsAre("b 1"));
  EXPECT_THAT(group.columns, ElementsAre(WeightBlock{3, 0, 2, 4 * 9, 9}));
  expect_exact(chain.net, "b", 1, {{"b.out", {1}}});
  expect_exact(chain.net, "a", 1, {{"a.out", {1}}});
}

TEST(ChannelGroups, ConcatenationOfRowsJoinsChannels) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 3).conv("b", 2, 3, 1, 1, {"input"});
  chain.add("join", network::Concat{2}, {"a.out", "b.out"}).conv("c", 3, 2);
  expect_exact(chain.net, "a", 2, {{"a.out", {2}}, {"b.out", {2}}});
}

TEST(ChannelGroups, DepthwiseFiltersVanishWithTheirInput) {
  Chain chain({2, 4, 4});
  chain.conv("up", 2, 4, 1).norm("n1", 4).add("r1", network::Clip{0.0F, 6.0F});
  chain.conv("depthwise", 4, 8, 3, 4).norm("n2", 8).conv("down", 8, 3, 1);
  const ChannelGroup group = group_of(chain.net, "up", 2);
  EXPECT_THAT(names(chain.net, group.producers), ElementsAre("up 2", "depthwise 4", "depthwise 5"));
  expect_exact(chain.net, "depthwise", 5, {{"n1.out", {2}}, {"n2.out", {4, 5}}});
}

/// x * sigmoid(W x): one channel of the product is that of x and that of the gate.
TEST(ChannelGroups, AGateVanishesWithWhatItScales) {
  Chain chain({2, 4, 4});
  chain.conv("x", 2, 4).add("pool", network::GlobalAveragePool{}).conv("squeeze", 4, 2, 1);
  chain.add("relu", network::Relu{}).conv("excite", 2, 4, 1).add("gate", network::Sigmoid{});
  chain.add("scale", network::Multiply{}, {"x.out", "gate.out"}).conv("last", 4, 2);
  const ChannelGroup group = group_of(chain.net, "x", 1);
  EXPECT_THAT(names(chain.net, group.producers), ElementsAre("x 1", "excite 1"));
  expect_exact(chain.net, "x", 1, {{"x.out", {1}}, {"excite.out", {1}}});
  expect_exact(chain.net, "squeeze", 0, {{"squeeze.out", {0}}});
}

/// sigmoid(0) is 1/2: what reads it must read 0 all the same.
TEST(ChannelGroups, ColumnsDoNotReadTheConstantOfASilentSigmoid) {
  const std::vector<network::Operator> operators = {
      network::Sigmoid{}, network::HardSigmoid{}, network::Clip{0.25F, 1.0F},
      network::ScaleShift{{4, 1, 1}, {}, {0.1F, 0.2F, 0.3F, 0.4F}},
      network::Pad{{0, 1, 1}, {0, 1, 1}, network::Pad::Mode::kConstant, 0.5F}};
  for (const network::Operator& op : operators) {
    Chain chain({2, 4, 4});
    chain.conv("a", 2, 4).add("f", op).conv("b", 4, 3).conv("c", 4, 3, 1, 1, {"f.out"});
    chain.add("sum", network::Add{}, {"b.out", "c.out"});
    SCOPED_TRACE(network::operator_name(chain.net.nodes[1]));
    expect_exact(chain.net, "a", 2, {{"a.out", {2}}, {"f.out", {2}}});
  }
}

TEST(ChannelGroups, NeighboursInALocalResponseNormalisationSeeZero) {
  Chain chain({2, 4, 4});
  const network::Lrn lrn{3, 0.5F, 0.75F, 1.0F};
  chain.conv("a", 2, 5).add("relu", network::Relu{}).add("lrn", lrn).conv("b", 5, 3);
  expect_exact(chain.net, "a", 2, {{"a.out", {2}}});
  chain.net.nodes[1].op = network::Sigmoid{};
  EXPECT_THAT(group_of(chain.net, "a", 2).fixed_by, HasSubstr("node lrn (LRN)"));
}

TEST(ChannelGroups, ABatchNormSilencesASigmoid) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 5).add("f", network::Sigmoid{}).norm("n", 5).add("lrn", network::Lrn{3});
  chain.conv("b", 5, 3);
  expect_exact(chain.net, "a", 2, {{"a.out", {2}}, {"n.out", {2}}});
}

TEST(ChannelGroups, AFlattenedChannelIsABlockOfColumns) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 3).add("pool", network::MaxPool{square_window(2, 2)});
  chain.add("flat", network::Flatten{}).linear("fc", 12, 5).add("leaky", network::LeakyRelu{});
  chain.linear("last", 5, 2);
  EXPECT_THAT(group_of(chain.net, "a", 1).columns,
              ElementsAre(WeightBlock{3, 0, 5, 4, 1}, WeightBlock{3, 0, 5, 5, 1},
                          WeightBlock{3, 0, 5, 6, 1}, WeightBlock{3, 0, 5, 7, 1}));
  expect_exact(chain.net, "a", 1, {{"a.out", {1}}});
  expect_exact(chain.net, "fc", 4, {{"fc.out", {4}}});
}

TEST(ChannelGroups, AReshapeKeepsOrFixesChannels) {
  Chain whole({2, 4, 4});
  whole.conv("a", 2, 3).add("shape", network::Reshape{{3, 2, 8}}).conv("b", 3, 2);
  expect_exact(whole.net, "a", 1, {{"a.out", {1}}});
  Chain halves({2, 4, 4});
  halves.conv("a", 2, 3).add("shape", network::Reshape{{6, 4, 2}}).conv("b", 6, 2);
  expect_exact(halves.net, "a", 1, {{"a.out", {1}}});
  Chain mixed({2, 4, 4});
  mixed.conv("a", 2, 4).add("shape", network::Reshape{{2, 8, 4}}).conv("b", 2, 2);
  EXPECT_THAT(group_of(mixed.net, "a", 1).fixed_by, HasSubstr("node shape (Reshape) mixes it"));
  Chain turned({2, 4, 4});
  turned.conv("a", 2, 4).add("turn", network::Permute{{2, 1, 3}}).conv("b", 4, 2);
  EXPECT_THAT(group_of(turned.net, "a", 1).fixed_by, HasSubstr("node turn"));
}

TEST(ChannelGroups, PaddedAndSlicedChannelsKeepTheirPlaces) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 4).add("pad", network::Pad{{1, 0, 0}, {1, 0, 0}});
  chain.add("slice", network::Slice{{5, 0, 0}, {-2, 1, 1}, {3, 4, 4}}).conv("b", 3, 2);
  // Channels of the slice: 5 (padding), 3 (channel 2 of a), 1 (channel 0).
  EXPECT_THAT(group_of(chain.net, "a", 2).columns, ElementsAre(WeightBlock{3, 0, 2, 9, 9}));
  EXPECT_THAT(group_of(chain.net, "a", 1).columns, ElementsAre());
  expect_exact(chain.net, "a", 0, {{"a.out", {0}}});
}

/// conv `grouped` has 2 groups of 2 inputs and 3 outputs.
Chain grouped_chain() {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 4).conv("grouped", 4, 6, 3, 2).conv("b", 6, 2);
  return chain;
}

TEST(ChannelGroups, GroupedConvolutionsLoseTheSamePlacesOfEveryGroup) {
  const Network net = grouped_chain().net;
  EXPECT_THAT(names(net, group_of(net, "a", 1).producers), ElementsAre("a 1", "a 3"));
  EXPECT_THAT(group_of(net, "a", 1).columns,
              ElementsAre(WeightBlock{1, 0, 3, 9, 9}, WeightBlock{1, 3, 3, 9, 9}));
  EXPECT_THAT(names(net, group_of(net, "grouped", 5).producers),
              ElementsAre("grouped 2", "grouped 5"));
  expect_exact(net, "a", 1, {{"a.out", {1, 3}}});
  expect_exact(net, "grouped", 5, {{"grouped.out", {2, 5}}});
}

TEST(ChannelGroups, FreeGroupsLoseAChannelEach) {
  const Network net = grouped_chain().net;
  const ChannelGroup group = group_of(net, "a", 3, GroupedConv::kFree);
  EXPECT_THAT(names(net, group.producers), ElementsAre("a 3"));
  EXPECT_THAT(group.columns, ElementsAre(WeightBlock{1, 3, 3, 9, 9}));
  EXPECT_EQ(outputs_of(without(net, {group})), outputs_of(forced_to_zero(net, {{"a.out", {3}}})));
}

TEST(ChannelGroups, WhatTheImageJoinsOrTheOutputShowsStays) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 2).add("plus", network::Add{}, {"a.out", "input"}).conv("b", 2, 3);
  EXPECT_THAT(group_of(chain.net, "a", 1).fixed_by, HasSubstr("node plus (Add) joins it"));
  EXPECT_THAT(group_of(chain.net, "b", 0).fixed_by, HasSubstr("output of the network"));
  chain.add("soft", network::Softmax{}).conv("c", 3, 2, 1);
  EXPECT_THAT(group_of(chain.net, "b", 0).fixed_by, HasSubstr("node soft (Softmax) mixes it"));
}

/// One producer of a residual sum is fixed, and so the other.
TEST(ChannelGroups, AJoinedChannelIsFixedByAnyOfItsProducers) {
  Chain chain({2, 4, 4});
  chain.conv("a", 2, 2).add("plus", network::Add{}, {"a.out", "input"}).conv("b", 2, 2);
  chain.add("sum", network::Add{}, {"b.out", "a.out"}).conv("c", 2, 2);
  EXPECT_FALSE(group_of(chain.net, "b", 1).may_vanish());
}

class ZooChannels : public ::testing::TestWithParam<const char*> {};

/// A third of all channels that may go, forced to 0 behind every producer and norm; and nothing
/// reads them, whatever they hold.
TEST_P(ZooChannels, VanishExactly) {
  Network net = network::make_network(GetParam(), {3, 32, 32}, 10, 3);
  std::mt19937 rng(3);
  for (network::Node& node : net.nodes) {
    auto* norm = std::get_if<network::BatchNorm>(&node.op);
    if (norm != nullptr) *norm = random_norm(static_cast<int>(norm->gamma.size()), rng);
  }
  std::vector<ChannelGroup> gone;
  ValueChannels zero;
  int index = 0;
  for (const ChannelGroup& group : channel_groups(net)) {
    if (!group.may_vanish() || index++ % 3 != 0) continue;
    gone.push_back(group);
    for (const Channel& c : group.producers) zero[net.nodes[c.node].output].insert(c.index);
    for (const Channel& c : group.norms) zero[net.nodes[c.node].output].insert(c.index);
  }
  ASSERT_GT(gone.size(), 50u);
  const Network pruned = without(net, gone);
  const auto found = outputs_of(pruned);
  EXPECT_EQ(found, outputs_of(forced_to_zero(net, zero)));
  EXPECT_EQ(found, outputs_of(altered(pruned, zero, 1.0F, 3.0F)));
  EXPECT_NE(found, outputs_of(net));
}
INSTANTIATE_TEST_SUITE_P(Zoo, ZooChannels,
                         ::testing::Values("resnet8", "mobilenet_v2", "squeezenet1_1", "vgg8"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace crossloop::pruning
