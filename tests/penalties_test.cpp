#include <gmock/gmock.h>

#include "pruning/group_lasso.hpp"
#include "pruning/hoyer_penalty.hpp"
#include "pruning/tile_tensor.hpp"
#include "tests/input_error.hpp"
#include "tests/penalty_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::HasSubstr;
using testing_support::error_of;

/// The weights of one block as [outputs][inputs], with their graph.
at::Tensor block_of(const at::Tensor& weight, const PrunableLayer& layer,
                    const WeightBlock& block) {
  return weight.reshape({layer.outputs, layer.inputs})
      .narrow(0, block.first_output, block.outputs)
      .narrow(1, block.first_input, block.inputs);
}

/// Squared Hoyer measures of the columns of a tile, those beyond the edge 0.
at::Tensor hoyers_of(const at::Tensor& block, const TileShape& tile) {
  const at::Tensor sums = block.abs().sum(1);
  const at::Tensor hoyers = sums * sums / (block.square().sum(1) + 1e-6);
  return at::constant_pad_nd(hoyers, {0, tile.outputs - block.size(0)}, 0);
}

/// R of methods.md 3.3 tile by tile, its gradient from autograd through the gate.
PenaltyAndGradient hoyer_by_autograd(const at::Tensor& weight, const PrunableLayer& layer,
                                     const TileShape& tile, const HoyerOptions& options) {
  const at::Tensor leaf = weight.detach().clone().requires_grad_();
  const auto tiles = tiles_of(layer, tile);
  const bool mean = options.scale == HoyerScale::kMean;
  const double unit = mean ? 1.0 / tile.rows : 1.0;
  const double weight_of_tile = mean ? 1.0 / static_cast<double>(tiles.size()) : 1.0;
  double value = 0.0;
  for (const WeightBlock& block : tiles) {
    const at::Tensor hoyers = hoyers_of(block_of(leaf, layer, block), tile) * unit;
    const at::Tensor gate = hoyers.detach().clone().requires_grad_();
    const at::Tensor variance = gate.var(0, /*unbiased=*/true) * options.lambda;
    variance.backward();
    at::Tensor slope = gate.mutable_grad();
    if (options.gated) slope = slope.clamp_min(0.0);
    slope = slope + options.lambda_mean / tile.outputs;
    hoyers.backward(slope * weight_of_tile);
    value += weight_of_tile * (variance.item<double>() +
                               options.lambda_mean * (hoyers.mean().item<double>() - unit));
  }
  return {value, leaf.mutable_grad()};
}

TEST(HoyerPenalty, GivesTheGoldenVector) {
  const PrunableLayer layer = conv_layer(2, 4, 1);
  const at::Tensor weight =
      at::tensor({3.0, 4.0, 0.0, 0.0, 2.0, 1.0, 1.0, 1.0}, at::kDouble).view({2, 4, 1, 1});
  const auto penalty = hoyer_penalty({layer}, {4, 2}, {.lambda = 1.0, .scale = HoyerScale::kSum});
  const PenaltyAndGradient found = evaluate_penalty(*penalty, weight);
  constexpr double kEpsilonLeftOut = 2e-6;  // the golden vector has none in its denominator
  EXPECT_NEAR(found.value, 1.298351, kEpsilonLeftOut);
  const at::Tensor expected =
      at::tensor({0.0, 0.0, 0.0, 0.0, -0.986589, 0.657726, 0.657726, 0.657726}, at::kDouble);
  EXPECT_LT(largest_difference(found.gradient.reshape(-1), expected), kEpsilonLeftOut);
}

TEST(HoyerPenalty, CountsColumnsBeyondTheEdge) {
  // H of the one column is 4, that of the column beyond the edge 0: variance 8.
  const PrunableLayer layer = conv_layer(1, 4, 1);
  const auto penalty = hoyer_penalty({layer}, {4, 2}, {.scale = HoyerScale::kSum});
  EXPECT_NEAR(evaluate_penalty(*penalty, at::ones({1, 4, 1, 1}, at::kDouble)).value, 8.0, 1e-4);
}

/// Layers with whole tiles, with remnants on both sides, of several groups.
struct Geometry {
  PrunableLayer layer;
  TileShape tile;
};
const std::vector<Geometry> kGeometries = {{conv_layer(4, 8, 1), {4, 2}},
                                           {conv_layer(5, 3, 3), {4, 2}},
                                           {conv_layer(6, 2, 3, 2), {4, 2}},
                                           {conv_layer(3, 2, 1), {8, 4}}};
const std::vector<HoyerOptions> kHoyers = {
    {.lambda = 0.7, .gated = true, .scale = HoyerScale::kSum},
    {.lambda = 0.7, .lambda_mean = 0.3, .gated = true, .scale = HoyerScale::kMean},
    {.lambda = 0.7, .lambda_mean = 0.3, .gated = false, .scale = HoyerScale::kSum},
    {.lambda = 0.7, .gated = false, .scale = HoyerScale::kMean}};

TEST(HoyerPenalty, GivesTheValueAndGradientOfAutograd) {
  for (const Geometry& g : kGeometries) {
    const at::Tensor weight = random_weight(g.layer, 3);
    for (const HoyerOptions& options : kHoyers) {
      const auto penalty = hoyer_penalty({g.layer}, g.tile, options);
      const PenaltyAndGradient found = evaluate_penalty(*penalty, weight);
      const PenaltyAndGradient expected = hoyer_by_autograd(weight, g.layer, g.tile, options);
      EXPECT_NEAR(found.value, expected.value, 1e-12) << penalty->text();
      EXPECT_LT(largest_difference(found.gradient, expected.gradient), 1e-12) << penalty->text();
    }
  }
}

TEST(HoyerPenalty, HasTheSlopeOfFiniteDifferencesWithoutItsGate) {
  for (const Geometry& g : kGeometries) {
    const at::Tensor weight = random_weight(g.layer, 4);
    for (const HoyerOptions& options : kHoyers) {
      if (options.gated) continue;
      const auto penalty = hoyer_penalty({g.layer}, g.tile, options);
      const double error = largest_difference(evaluate_penalty(*penalty, weight).gradient,
                                              finite_differences(*penalty, weight));
      EXPECT_LT(error, 1e-6) << penalty->text();
    }
  }
}

TEST(HoyerPenalty, AddsToTheGradientOfEveryLayer) {
  const PrunableLayer first = conv_layer(4, 8, 1);
  PrunableLayer second = conv_layer(5, 3, 3);
  second.node = 2;
  std::vector<NodeTensors> nodes(3);
  nodes[0].weight = random_weight(first, 1);
  nodes[2].weight = random_weight(second, 2);
  for (const std::size_t i : {0, 2}) {
    nodes[i].weight.mutable_grad() = at::ones_like(nodes[i].weight);
  }
  const HoyerOptions options{.scale = HoyerScale::kSum};
  const double value = hoyer_penalty({first, second}, {4, 2}, options)->add_gradients(nodes);
  const auto alone = evaluate_penalty(*hoyer_penalty({first}, {4, 2}, options), nodes[0].weight);
  const auto other = hoyer_by_autograd(nodes[2].weight, second, {4, 2}, options);
  EXPECT_NEAR(value, alone.value + other.value, 1e-12);
  EXPECT_LT(largest_difference(nodes[0].weight.mutable_grad(), alone.gradient + 1.0), 1e-12);
  EXPECT_LT(largest_difference(nodes[2].weight.mutable_grad(), other.gradient + 1.0), 1e-12);
}

/// The largest slope at weights of a tenth, over their root mean square, with tiles of `rows` x 8.
double relative_slope(HoyerScale scale, int rows) {
  const PrunableLayer layer = conv_layer(16, 256, 1);
  const at::Tensor weight = random_weight(layer, 5) * 0.1;
  const auto penalty = hoyer_penalty({layer}, {rows, 8}, {.lambda = 1.0, .scale = scale});
  const at::Tensor slope = evaluate_penalty(*penalty, weight).gradient;
  return (slope.abs().max() / weight.square().mean().sqrt()).item<double>();
}

TEST(HoyerPenalty, PushesNoHarderInLargeTilesAsAMeanButDoesAsASum) {
  EXPECT_LT(relative_slope(HoyerScale::kMean, 256), relative_slope(HoyerScale::kMean, 16));
  EXPECT_GT(relative_slope(HoyerScale::kSum, 256), 2.0 * relative_slope(HoyerScale::kSum, 16));
}

TEST(HoyerPenalty, NeedsTwoColumns) {
  EXPECT_THAT(error_of([] {
                hoyer_penalty({conv_layer(4, 8, 1)}, {4, 1}, {});
              }),
              HasSubstr("found tiles of 1 output, expected at least 2"));
  EXPECT_THAT(error_of([] {
                hoyer_penalty({conv_layer(4, 8, 1)}, {0, 2}, {});
              }),
              HasSubstr("found 0 rows by 2 outputs, expected at least 1 of each"));
}

TEST(GroupLasso, SumsTheNormsOfItsGroups) {
  // Two tiles of two outputs and one input more.
  const PrunableLayer layer = conv_layer(2, 3, 1);
  const at::Tensor weight =
      at::tensor({3.0, 0.0, 1.0, 4.0, 5.0, 2.0}, at::kDouble).view({2, 3, 1, 1});
  const auto value = [&](Grain grain) {
    return evaluate_penalty(*group_lasso({layer}, {2, 2}, {grain, 0.5}), weight).value;
  };
  EXPECT_NEAR(value(Grain::kRows), 0.5 * (5.0 + 5.0 + std::sqrt(5.0)), 1e-12);
  EXPECT_NEAR(value(Grain::kColumns), 0.5 * (3.0 + 1.0 + std::sqrt(41.0) + 2.0), 1e-12);
  EXPECT_NEAR(value(Grain::kTiles), 0.5 * (std::sqrt(50.0) + std::sqrt(5.0)), 1e-12);
}

TEST(GroupLasso, GivesTheValueAndGradientOfAutogradAndOfFiniteDifferences) {
  for (const Geometry& g : kGeometries) {
    for (const Grain grain : {Grain::kRows, Grain::kColumns, Grain::kTiles}) {
      const at::Tensor weight = random_weight(g.layer, 6);
      const at::Tensor leaf = weight.detach().clone().requires_grad_();
      at::Tensor total = at::zeros({}, at::kDouble);
      for (const WeightBlock& tile : tiles_of(g.layer, g.tile)) {
        for (const WeightBlock& segment : segments_of(tile, grain)) {
          total = total + 0.3 * block_of(leaf, g.layer, segment).square().sum().sqrt();
        }
      }
      total.backward();
      const auto penalty = group_lasso({g.layer}, g.tile, {grain, 0.3});
      const PenaltyAndGradient found = evaluate_penalty(*penalty, weight);
      EXPECT_NEAR(found.value, total.item<double>(), 1e-12) << penalty->text();
      EXPECT_LT(largest_difference(found.gradient, leaf.mutable_grad()), 1e-12) << penalty->text();
      EXPECT_LT(largest_difference(found.gradient, finite_differences(*penalty, weight)), 1e-7)
          << penalty->text();
    }
  }
}

TEST(GroupLasso, LeavesGroupsOfZerosAlone) {
  const PrunableLayer layer = conv_layer(2, 4, 1);
  const auto penalty = group_lasso({layer}, {2, 2}, {Grain::kColumns, 1.0});
  const auto found = evaluate_penalty(*penalty, at::zeros({2, 4, 1, 1}));
  EXPECT_EQ(found.value, 0.0);
  EXPECT_EQ(found.gradient.abs().max().item<float>(), 0.0F);
}

TEST(Penalties, NameEveryNumberInTheirText) {
  const std::vector<PrunableLayer> layers = {conv_layer(4, 8, 1)};
  EXPECT_EQ(group_lasso(layers, {64, 8}, {Grain::kRows, 0.25})->text(),
            "group lasso: rows of 64 x 8, lambda 0.25, on conv");
  EXPECT_EQ(
      hoyer_penalty(layers, {64, 8}, {.lambda = 2.0, .lambda_mean = 0.5, .gated = false})->text(),
      "squared Hoyer: tiles of 64 x 8, lambda 2, mean 0.5, ungated, mean over tiles, on conv");
}

}  // namespace
}  // namespace crossloop::pruning
