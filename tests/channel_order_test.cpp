#include "host/compiler/channel_order.hpp"

#include <gmock/gmock.h>

#include <set>
#include <utility>

#include "host/compiler/compile.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/input_error.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

/// fc: 6 channels of 2 x 4 pixels on crossbars of 16 rows, the weights all different.
network::Network six_inputs(const std::string& order) {
  network::Network network = single_linear(48, 4);
  network.input_shape = {6, 2, 4};
  network.nodes.insert(network.nodes.begin(), {"flat", network::Flatten{}, {"input"}, "flat", {}});
  network.node("fc").inputs = {"flat"};
  auto& weight = std::get<network::Linear>(network.node("fc").op).weight;
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<float>(i + 1);
  if (!order.empty()) network.metadata["pruning.order.fc"] = order;
  return network;
}

Deployment compiled(network::Network network, const PlacementOptions& placement = {}) {
  return compile(network, test_tile(16, 64), test_device(), noisy_images({6, 2, 4}, 8, 3),
                 {.placement = placement, .activations = {}});
}

/// The channels of each crossbar, in order of its word lines.
std::vector<std::vector<std::int32_t>> channels_of(const Deployment& deployment) {
  std::vector<std::vector<std::int32_t>> channels;
  for (const Crossbar& crossbar : deployment.crossbars) {
    auto& met = channels.emplace_back();
    for (const std::int32_t row : crossbar.tables.rows) {
      if (met.empty() || met.back() != row / 8) met.push_back(row / 8);
    }
  }
  return channels;
}

TEST(ChannelOrder, DecidesWhichInputsShareABand) {
  EXPECT_THAT(channels_of(compiled(six_inputs(""))),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4, 5)));
  EXPECT_THAT(channels_of(compiled(six_inputs("5 0 3 1 2 4"))),
              ElementsAre(ElementsAre(5, 0), ElementsAre(3, 1), ElementsAre(2, 4)));
}

TEST(ChannelOrder, WinsOverThePassThatReorders) {
  PlacementOptions placement;
  placement.plan.reorder = true;
  EXPECT_EQ(channels_of(compiled(six_inputs("0 2 4 1 3 5"), placement)),
            channels_of(compiled(six_inputs("0 2 4 1 3 5"))));
}

TEST(ChannelOrder, LeavesEveryWeightInPlace) {
  const Deployment natural = compiled(six_inputs(""));
  const Deployment ordered = compiled(six_inputs("5 0 3 1 2 4"));
  Layer layer = ordered.layers[0];
  layer.crossbars = natural.layers[0].crossbars;
  EXPECT_EQ(layer, natural.layers[0]);
  std::set<std::int32_t> met;
  for (const auto& channels : channels_of(ordered)) met.insert(channels.begin(), channels.end());
  EXPECT_THAT(met, ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(ChannelOrder, FreesCrossbarsWhereDeadInputsComeTogether) {
  network::Network network = six_inputs("");
  auto& weight = std::get<network::Linear>(network.node("fc").op).weight;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const std::size_t channel = i % 48 / 8;
    if (channel == 0 || channel == 3) weight[i] = 0.0F;
  }
  EXPECT_EQ(compiled(network).count().pruned, 3);
  network.metadata["pruning.order.fc"] = "0 3 1 2 4 5";
  EXPECT_EQ(compiled(network).count().pruned, 2);
}

TEST(ChannelOrder, RefusesWhatIsNoOrderOfTheNode) {
  const std::pair<const char*, const char*> kBad[] = {
      {"0 1 2 3 4", "5 channels, expected a permutation of 0 to 5"},
      {"0 1 2 3 4 5 6", "channel 6"},
      {"0 1 2 3 4 -1", "channel -1"},
      {"0 1 2 3 4 4", "channel 4 twice"},
      {"0 1 2 3 4 five", "'five' is not a number"},
      {"0 1 2 3 4 5x", "'5x' is not a number"},
      {" ", "0 channels"}};
  for (const auto& [order, text] : kBad) {
    const std::string error = error_of([&] { compiled(six_inputs(order)); });
    EXPECT_THAT(error, HasSubstr("metadata pruning.order.fc: "));
    EXPECT_THAT(error, HasSubstr(text));
  }
  network::Network network = six_inputs("");
  network.metadata["pruning.order.conv9"] = "0";
  EXPECT_THAT(error_of([&] { compiled(network); }), HasSubstr("pruning.order.conv9"));
}

}  // namespace
}  // namespace crossloop::compiler
