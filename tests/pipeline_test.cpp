// Every pruning method through the same pipeline, on every kind of layer: what it zeroes stays
// zero, and the rest trains.
#include "pruning/pipeline.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/every_kind_of_layer.hpp"
#include "tests/method_runs.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAre;

constexpr TileShape kTile = {.rows = 8, .outputs = 2};

class EveryMethod : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryMethod, HoldsItsZerosForAHundredStepsOnEveryKindOfLayer) {
  network::Network net = tests::every_kind_of_layer(), before = net;
  PipelineOptions options = short_options(25, kTile);  // of 4 steps
  const HeldZeros zeros = pruned(net, GetParam(), small_settings(GetParam()), options);
  const Count weights = count_weights(net, zeros);
  EXPECT_GT(weights.held, 40);
  EXPECT_EQ(weights.violated, 0);
  for (std::size_t i = 0; i < net.nodes.size(); ++i) {
    if (!network::has_weight(net.nodes[i])) continue;
    const auto now = network::weight_values(net.nodes[i]);
    const auto then = network::weight_values(before.nodes[i]);
    EXPECT_FALSE(std::equal(now.begin(), now.end(), then.begin())) << "did not train";
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod, ::testing::ValuesIn(all_methods()),
                         [](const auto& method) { return method.param; });

TEST(Pipeline, JoinsAnEarlierPruning) {
  network::Network net = tests::every_kind_of_layer();
  const HeldZeros first =
      pruned(net, "unstructured", {{"sparsity", "0.3"}}, short_options(1, kTile));
  pruned(net, "balanced", small_settings("balanced"), short_options(5, kTile));
  EXPECT_EQ(count_weights(net, first).violated, 0);
  EXPECT_EQ(net.metadata.at("pruning.method"), "unstructured+balanced");
}

TEST(Pipeline, FreesEarlierZerosWhereAsked) {
  network::Network net = tests::every_kind_of_layer();
  const HeldZeros first =
      pruned(net, "unstructured", {{"sparsity", "0.6"}}, short_options(1, kTile));
  PipelineOptions options = short_options(5, kTile);
  options.keep_zeros = false;
  pruned(net, "balanced", small_settings("balanced"), options);
  EXPECT_GT(count_weights(net, first).violated, 0);
  EXPECT_EQ(net.metadata.at("pruning.method"), "balanced");
}

TEST(Pipeline, AnnouncesItsSteps) {
  network::Network net = tests::every_kind_of_layer();
  std::vector<std::string> steps;
  const auto note = [&steps](const std::string& step) { steps.push_back(step); };
  pruned(net, "s_dub", {}, short_options(0, kTile), note);
  EXPECT_THAT(steps, ElementsAre("penalty 1 of 2", "select 1 of 2", "fine-tune 1 of 2",
                                 "penalty 2 of 2", "select 2 of 2", "fine-tune 2 of 2"));
}

}  // namespace
}  // namespace crossloop::pruning
