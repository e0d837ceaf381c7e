#include "pruning/sensitivity.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/error.hpp"
#include "pruning/train.hpp"
#include "tests/chain_network.hpp"

namespace crossloop::pruning {
namespace {

using network::Network;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const LayerPolicy kAll = {.keep_first = false, .keep_last = false, .keep = {}};

/// 4 inputs, 4 outputs.
Network square(const std::vector<float>& weights) {
  Network net;
  net.name = "square";
  net.input_shape = {4, 1, 1};
  net.output_name = "out";
  net.nodes = {{"fc", network::Linear{4, 4, weights, {}}, {"input"}, "out", {}}};
  return net;
}

TEST(ScanMask, TakesTheSmallestWeightsOrBlocks) {
  const Network net = square({1, 2, 9, 1,  //
                              3, 4, 0, 0,  //
                              5, 5, 6, 6,  //
                              0, 0, 6, 6});
  const PrunableLayer layer = layer_of(net, 0);
  const TileShape tile{.rows = 2, .outputs = 2};
  // Sums of squares: 30, 82; 50, 144.
  EXPECT_THAT(scan_mask(net, layer, ScanCriterion::kCrossbars, 0.5, tile),
              ElementsAre(0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1));
  // The four zeros and, of equals, the later 1.
  EXPECT_THAT(scan_mask(net, layer, ScanCriterion::kWeights, 5.0 / 16.0, tile),
              ElementsAre(1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1));
  // Blocks at the ends are what is left: 3 x 3 (197), 3 x 1 (37), 1 x 3 (36) and 1 x 1 (36).
  EXPECT_THAT(scan_mask(net, layer, ScanCriterion::kCrossbars, 0.5, {.rows = 3, .outputs = 3}),
              ElementsAre(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0));
}

TEST(ScanMask, BlocksStayWithinTheGroupsOfAConvolution) {
  tests::Chain chain({4, 2, 2});
  chain.conv("c", 4, 6, 1, 2);
  const auto view = network::weight_of(chain.net.nodes[0]);
  for (std::size_t i = 0; i < view.values.size(); ++i) view.values[i] = i < 6 ? 1.0F : 2.0F;
  // Outputs 0..1 and 2 of group 0, 3..4 and 5 of group 1: the two of group 0 go.
  EXPECT_THAT(scan_mask(chain.net, layer_of(chain.net, 0), ScanCriterion::kCrossbars, 0.5,
                        {.rows = 64, .outputs = 2}),
              ElementsAre(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1));
}

TEST(SensitivityScan, ScoresEachLayerAlone) {
  Network net = tests::tiny_network();
  const auto images = tests::tiny_images(40);
  SensitivityOptions options;
  options.ratios = {0.5, 1.0};
  options.tile = {.rows = 16, .outputs = 4};
  options.batch = 16;
  const Network before = net;
  const auto layers = scan_sensitivity(net, prunable_layers(net, kAll), images, options);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[1].layer, "conv2");
  ASSERT_EQ(layers[1].points.size(), 3u);
  EXPECT_EQ(layers[1].points[0].crossbars, 5 * 2);  // 72 inputs, 8 outputs
  EXPECT_EQ(layers[1].points[1].crossbars, 5);
  EXPECT_EQ(layers[1].points[2].crossbars, 0);
  EXPECT_EQ(layers[1].points[0].weights, 8 * 72);
  EXPECT_EQ(layers[1].points[2].weights, 0);
  for (const LayerSensitivity& layer : layers) {
    EXPECT_EQ(layer.points[0].loss, layers[0].points[0].loss);
    EXPECT_NE(layer.points[1].loss, layer.points[0].loss);
    for (std::size_t p = 0; p < 3; ++p)
      EXPECT_EQ(layer.points[p].ratio, 0.5 * static_cast<double>(p));
  }
  EXPECT_EQ(layers[0].points[0].accuracy, evaluate(net, images));
  Network without_conv2 = net;
  for (float& w : network::weight_of(without_conv2.node("conv2")).values) w = 0.0F;
  EXPECT_EQ(layers[1].points[2].accuracy, evaluate(without_conv2, images));
  for (std::size_t i = 0; i < net.nodes.size(); ++i) {
    if (!network::has_weight(net.nodes[i])) continue;
    EXPECT_THAT(network::weight_values(net.nodes[i]),
                ::testing::ElementsAreArray(network::weight_values(before.nodes[i])));
  }
}

/// Without weights the last layer gives its bias whatever the image.
TEST(SensitivityScan, LossIsTheMeanCrossEntropyInNats) {
  Network net = tests::tiny_network();
  auto& fc = std::get<network::Linear>(net.node("fc").op);
  fc.bias = {0.0F, 1.0F, 2.0F, 3.0F};
  const auto images = tests::tiny_images(30);
  SensitivityOptions options;
  options.ratios = {1.0};
  const auto layers = scan_sensitivity(net, prunable_layers(net, kAll), images, options);
  double expected = 0.0;
  double accuracy = 0.0;
  const double norm = std::log(1.0 + std::exp(1.0) + std::exp(2.0) + std::exp(3.0));
  for (const auto label : images.labels) {
    expected += (norm - label) / images.count;
    accuracy += label == 3 ? 1.0 / images.count : 0.0;
  }
  EXPECT_NEAR(layers[2].points[1].loss, expected, 1e-9);
  EXPECT_NEAR(layers[2].points[1].accuracy, accuracy, 1e-12);
}

TEST(SensitivityScan, ScoresSomeImagesBySeed) {
  const Network net = tests::tiny_network();
  const auto images = tests::tiny_images(200);
  SensitivityOptions options;
  options.ratios = {};
  options.images = 20;
  const auto loss = [&](std::uint64_t seed) {
    options.seed = seed;
    return scan_sensitivity(net, prunable_layers(net, kAll), images, options)[0].points[0].loss;
  };
  EXPECT_EQ(loss(1), loss(1));
  EXPECT_NE(loss(1), loss(2));
}

TEST(SensitivityScan, RefusesBadOptions) {
  const Network net = tests::tiny_network();
  const auto refused = [&](const SensitivityOptions& options, const std::string& what) {
    EXPECT_THAT(
        [&] { scan_sensitivity(net, prunable_layers(net, kAll), tests::tiny_images(8), options); },
        ThrowsMessage<InputError>(HasSubstr(what)));
  };
  SensitivityOptions options;
  options.ratios = {0.5, 0.25};
  refused(options, "ratios 0.5, 0.25, expected ascending ones above 0 and at most 1");
  options = {};
  options.tile.rows = 0;
  refused(options, "0 x 8 crossbars");
}

LayerSensitivity layer_with(const std::string& name, const std::vector<double>& losses) {
  LayerSensitivity layer{name, {}};
  for (std::size_t p = 0; p < losses.size(); ++p) {
    layer.points.push_back({.ratio = 0.25 * static_cast<double>(p), .loss = losses[p]});
  }
  return layer;
}

TEST(AllocateRatios, SpendsTheBudgetWhereItHurtsLeast) {
  const std::vector<LayerSensitivity> layers = {layer_with("a", {1.0, 1.1, 3.0}),
                                                layer_with("b", {1.0, 1.5, 1.6})};
  const std::vector<std::vector<double>> cost = {{4, 3, 2}, {8, 6, 4}};
  const Allocation found = allocate_ratios(layers, cost, 8);
  EXPECT_THAT(found.ratios, ElementsAre(0.0, 0.5));  // 8 crossbars at 1.6; (0.25, 0.5): 7 at 1.7
  EXPECT_THAT(found.points, ElementsAre(0u, 2u));
  EXPECT_DOUBLE_EQ(found.loss, 1.6);
  EXPECT_EQ(found.cost, 8.0);
  EXPECT_THAT(allocate_ratios(layers, cost, 12).ratios, ElementsAre(0.0, 0.0));
  EXPECT_THAT(allocate_ratios(layers, cost, 6).ratios, ElementsAre(0.5, 0.5));
}

struct Knapsack {
  std::vector<LayerSensitivity> layers;
  std::vector<std::vector<double>> cost;
};

/// 5 layers of 4 points; losses are not convex and may even fall.
Knapsack random_knapsack(std::mt19937& rng) {
  Knapsack problem;
  for (int l = 0; l < 5; ++l) {
    std::vector<double> losses = {0.5};
    std::vector<double> cost = {10.0 + static_cast<double>(rng() % 1000) / 50.0};
    for (int p = 1; p < 4; ++p) {
      losses.push_back(losses.back() + static_cast<double>(rng() % 1000) / 1000.0 - 0.1);
      cost.push_back(cost.back() * (0.5 + static_cast<double>(rng() % 1000) / 2000.0));
    }
    problem.layers.push_back(layer_with("l" + std::to_string(l), losses));
    problem.cost.push_back(cost);
  }
  return problem;
}

/// The least loss of all 4^5 combinations within the budget, but for the rounding of sums.
double least_loss(const Knapsack& problem, double budget) {
  double least = std::numeric_limits<double>::infinity();
  for (unsigned code = 0; code < 1024; ++code) {
    double cost = 0.0, loss = problem.layers[0].points[0].loss;
    for (std::size_t l = 0; l < 5; ++l) {
      const std::size_t p = code >> (2 * l) & 3U;
      cost += problem.cost[l][p];
      loss += problem.layers[l].points[p].loss - problem.layers[l].points[0].loss;
    }
    if (cost <= budget * (1.0 + 1e-9)) least = std::min(least, loss);
  }
  return least;
}

TEST(AllocateRatios, FindsWhatTryingAllCombinationsFinds) {
  const int seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("replay with --gtest_random_seed=" + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int problem_number = 0; problem_number < 50; ++problem_number) {
    const Knapsack problem = random_knapsack(rng);
    double cheapest = 0.0, whole = 0.0;
    for (const auto& cost : problem.cost) {
      cheapest += *std::min_element(cost.begin(), cost.end());
      whole += cost[0];
    }
    for (const double share : {0.05, 0.3, 0.6, 1.0}) {
      const double budget = cheapest + share * (whole - cheapest);
      const Allocation found = allocate_ratios(problem.layers, problem.cost, budget);
      EXPECT_NEAR(found.loss, least_loss(problem, budget), 1e-12);
      EXPECT_LE(found.cost, budget * (1.0 + 1e-9));
      EXPECT_TRUE(found.exact);
      double cost = 0.0;
      for (std::size_t l = 0; l < 5; ++l) cost += problem.cost[l][found.points[l]];
      EXPECT_NEAR(cost, found.cost, 1e-9);
    }
  }
}

TEST(AllocateRatios, ThinnedCombinationsStayWithinTheBudgetAndSaySo) {
  std::mt19937 rng(3);
  const Knapsack problem = random_knapsack(rng);
  const double budget = 60.0;
  const Allocation found = allocate_ratios(problem.layers, problem.cost, budget, 6);
  EXPECT_FALSE(found.exact);
  EXPECT_LE(found.cost, budget);
  EXPECT_GE(found.loss, least_loss(problem, budget) - 1e-12);
  EXPECT_LE(found.loss, least_loss(problem, budget) + 0.2);
}

TEST(AllocateRatios, RefusesWhatCannotBe) {
  const std::vector<LayerSensitivity> layers = {layer_with("a", {1.0, 1.1})};
  const auto refused = [&](const std::vector<std::vector<double>>& cost, double budget,
                           const std::string& what) {
    EXPECT_THAT([&] { allocate_ratios(layers, cost, budget); },
                ThrowsMessage<InputError>(HasSubstr(what)));
  };
  refused({{4, 2}}, 1.5, "budget 1.5, expected at least 2");
  refused({{4, 2}}, std::nan(""), "expected at least 2");
  refused({}, 4, "costs of 0 layers, expected 1");
  refused({{4}}, 4, "layer a has 1 costs, expected 2");
  refused({{4, -2}}, 4, "layer a, ratio 0.25: loss 1.1 and cost -2, expected finite numbers");
}

}  // namespace
}  // namespace crossloop::pruning
