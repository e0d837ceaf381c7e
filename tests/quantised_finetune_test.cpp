// Fine-tuning for the numbers of a chip: scales that follow the weights, clipped weights, noise.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "pruning/train.hpp"
#include "tests/input_error.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::HasSubstr;
using testing_support::error_of;

constexpr const char* kWeighted[] = {"conv1", "conv2", "fc"};

/// Nothing moves: the loss of one epoch is that of the network as the forward pass sees it.
double frozen_loss(network::Network net, FinetuneConstraints constraints,
                   const data::Dataset& images = tests::tiny_images(100), std::uint64_t seed = 1) {
  TrainOptions options = tiny_options(1);
  options.learning_rate = 0.0;
  options.augment = false;
  options.seed = seed;
  constraints.freeze_batch_norm = true;
  double loss = 0.0;
  finetune(net, images, options, constraints,
           [&](const EpochReport& report) { loss = report.loss; });
  return loss;
}

std::span<float> weight(network::Network& net, const std::string& node) {
  return network::weight_of(net.node(node)).values;
}

/// What one level of weight k of an output of `node` is a multiple of: pixels are normalised after
/// the tiles, so the first layer's weights are mapped as w / (255 * std).
double unit_of(const network::Network& net, const std::string& node, std::size_t k) {
  return node == "conv1" ? 255.0 * net.normalisation.std[k / 9] : 1.0;
}

/// Rounds every weight to `largest` levels either side of 0, of which the largest of its output
/// takes all.
network::Network quantised(network::Network net, double largest) {
  for (const char* node : kWeighted) {
    const std::span<float> values = weight(net, node);
    const auto inputs = static_cast<std::size_t>(network::weight_of(net.node(node)).inputs);
    for (std::size_t first = 0; first < values.size(); first += inputs) {
      double widest = 0.0;
      for (std::size_t k = 0; k < inputs; ++k) {
        widest = std::max(widest, std::abs(values[first + k]) / unit_of(net, node, k));
      }
      for (std::size_t k = 0; k < inputs && widest > 0.0; ++k) {
        const double level = unit_of(net, node, k) * widest / largest;
        values[first + k] = static_cast<float>(std::nearbyint(values[first + k] / level) * level);
      }
    }
  }
  return net;
}

TEST(DynamicScale, RoundsEveryOutputToLevelsOfItsLargestWeight) {
  const network::Network net = tests::tiny_network();
  for (const int bits : {2, 3, 4, 8}) {
    const network::Network rounded = quantised(net, (1 << (bits - 1)) - 1);
    const double loss = frozen_loss(net, {.dynamic_scale = true, .weight_bits = bits});
    EXPECT_NEAR(loss, frozen_loss(rounded, {}), 1e-5) << bits << " bits";
    if (bits == 8) continue;  // too close to tell
    EXPECT_GT(std::abs(loss - frozen_loss(net, {})), 1e-3) << bits << " bits";
  }
}

TEST(DynamicScale, LeavesTheWeightsThemselvesAlone) {
  network::Network net = tests::tiny_network();
  const std::vector<float> before = parameters_of(net);
  TrainOptions options = tiny_options(1);
  options.learning_rate = 0.0;
  finetune(net, tests::tiny_images(32), options,
           {.dynamic_scale = true, .weight_bits = 2, .freeze_batch_norm = true});
  EXPECT_EQ(parameters_of(net), before);
}

TEST(DynamicScale, TakesTheGradientAtTheRoundedWeights) {
  const network::Network net = tests::tiny_network(), rounded = quantised(net, 3.0);
  network::Network moved = net, moved_rounded = rounded;
  TrainOptions step = tiny_options(1);
  step.batch = 64;
  step.weight_decay = 0.0;
  const data::Dataset images = tests::tiny_images(64);
  finetune(moved, images, step, {.dynamic_scale = true, .weight_bits = 3});
  train(moved_rounded, images, step);
  const auto before = parameters_of(net), before_rounded = parameters_of(rounded);
  const auto after = parameters_of(moved), after_rounded = parameters_of(moved_rounded);
  double farthest = 0.0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    ASSERT_NEAR(after[i] - before[i], after_rounded[i] - before_rounded[i], 1e-5) << i;
    farthest = std::max<double>(farthest, std::abs(after[i] - before[i]));
  }
  EXPECT_GT(farthest, 1e-3);
}

TEST(DynamicScale, FollowsTheWeightsFromStepToStep) {
  network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(32);
  TrainOptions options = tiny_options(1);
  options.augment = false;
  options.batch = 16;  // two steps
  std::vector<double> losses;
  const auto second_loss = [&](network::Network start, const FinetuneConstraints& constraints) {
    double loss = 0.0;
    finetune(start, images, options, constraints,
             [&](const EpochReport& report) { loss = report.loss; });
    return loss;
  };
  // Every scale ten times as wide leaves nothing of the other weights unless it is found anew once
  // the wide weight is masked.
  network::Network wide = net;
  FinetuneConstraints masked{.dynamic_scale = true, .weight_bits = 3};
  for (const char* node : kWeighted) {
    const auto inputs = static_cast<std::size_t>(network::weight_of(net.node(node)).inputs);
    auto& mask = masked.masks[node];
    mask.assign(weight(net, node).size(), 1);
    for (std::size_t first = 0; first < mask.size(); first += inputs) {
      mask[first] = 0;
      weight(net, node)[first] = 0.0F;
      weight(wide, node)[first] = 10.0F;
    }
  }
  EXPECT_NEAR(second_loss(wide, masked), second_loss(net, masked), 1e-6);
  EXPECT_GT(std::abs(second_loss(wide, {.dynamic_scale = true, .weight_bits = 3}) -
                     second_loss(net, masked)),
            1e-3);
}

TEST(DynamicScale, TakesAnOutputWithoutWeights) {
  network::Network net = tests::tiny_network();
  for (std::size_t k = 0; k < 72; ++k) weight(net, "conv2")[k] = 0.0F;
  const double loss = frozen_loss(net, {.dynamic_scale = true, .weight_bits = 8});
  EXPECT_NEAR(loss, frozen_loss(quantised(net, 127.0), {}), 1e-5);
}

TEST(DynamicScale, IsRefusedBesideAFrozenOneAndOutsideOfTwoToEightBits) {
  const auto refusal = [](const FinetuneConstraints& constraints) {
    return error_of([&] { frozen_loss(tests::tiny_network(), constraints); });
  };
  EXPECT_EQ(refusal({.clamp_to_scale = true, .dynamic_scale = true}),
            "weight scales: found both frozen and dynamic, expected one");
  EXPECT_EQ(refusal({.dynamic_scale = true, .weight_bits = 1}),
            "weight bits: found 1, expected 2 to 8");
  EXPECT_EQ(refusal({.dynamic_scale = true, .weight_bits = 9}),
            "weight bits: found 9, expected 2 to 8");
}

float largest(network::Network& net, const std::string& node) {
  float found = 0.0F;
  for (const float w : weight(net, node)) found = std::max(found, std::abs(w));
  return found;
}

TEST(WeightLimit, IsLeftByNoWeightOfItsNode) {
  network::Network net = tests::tiny_network();
  TrainOptions rough = tiny_options(3);
  rough.learning_rate = 0.5;
  finetune(net, tests::tiny_images(48), rough, {.weight_limit = {{"conv1", 0.2F}, {"fc", 0.1F}}});
  EXPECT_FLOAT_EQ(largest(net, "conv1"), 0.2F);
  EXPECT_FLOAT_EQ(largest(net, "fc"), 0.1F);
  EXPECT_GT(largest(net, "conv2"), 0.2F);
}

TEST(WeightLimit, HoldsFromTheFirstForwardPass) {
  network::Network net = tests::tiny_network(), clipped = net;
  for (float& w : weight(clipped, "conv2")) w = std::clamp(w, -0.05F, 0.05F);
  const double loss = frozen_loss(net, {.weight_limit = {{"conv2", 0.05F}}});
  EXPECT_EQ(loss, frozen_loss(clipped, {}));
  EXPECT_NE(loss, frozen_loss(net, {}));
}

TEST(WeightLimit, MakesTheLevelsOfADynamicScaleFiner) {
  network::Network net = tests::tiny_network(), clipped = net;
  for (float& w : weight(clipped, "conv2")) w = std::clamp(w, -0.05F, 0.05F);
  EXPECT_NEAR(
      frozen_loss(net,
                  {.dynamic_scale = true, .weight_bits = 3, .weight_limit = {{"conv2", 0.05F}}}),
      frozen_loss(quantised(clipped, 3.0), {}), 1e-5);
}

TEST(WeightLimit, MustBePositiveAndOfANodeWithWeights) {
  const auto refusal = [](const std::string& node, float limit) {
    return error_of([&] { frozen_loss(tests::tiny_network(), {.weight_limit = {{node, limit}}}); });
  };
  EXPECT_THAT(refusal("fc", 0.0F), HasSubstr("limit of node fc: found 0.0"));
  EXPECT_THAT(refusal("fc", -1.0F), HasSubstr("limit of node fc: found -1.0"));
  EXPECT_THAT(refusal("fc", std::numeric_limits<float>::infinity()), HasSubstr("limit of node fc"));
  EXPECT_THAT(refusal("fc", std::nanf("")), HasSubstr("expected a positive number"));
  EXPECT_THAT(refusal("bn1", 1.0F), HasSubstr("limit of node bn1"));
  EXPECT_THAT(refusal("conv9", 1.0F), HasSubstr("limit of node conv9"));
}

/// Constraints that add noise of one deviation to all outputs of a node.
FinetuneConstraints noisy(const std::string& node, std::size_t outputs, float deviation) {
  return {.output_noise = {{node, std::vector<float>(outputs, deviation)}}};
}

TEST(OutputNoise, FollowsTheSeedOfTheTraining) {
  const network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(32);
  for (const auto& [node, outputs] : {std::pair{"conv2", 8}, std::pair{"fc", 4}}) {
    const FinetuneConstraints constraints = noisy(node, static_cast<std::size_t>(outputs), 0.5F);
    const auto loss = [&](std::uint64_t seed) {
      return frozen_loss(net, constraints, images, seed);
    };
    EXPECT_EQ(loss(1), loss(1)) << node;
    EXPECT_GT(std::abs(loss(1) - loss(2)), 1e-4) << node;
    EXPECT_GT(std::abs(loss(1) - frozen_loss(net, {}, images)), 1e-4) << node;
  }
}

TEST(OutputNoise, OfNoDeviationIsNone) {
  const network::Network net = tests::tiny_network();
  EXPECT_EQ(frozen_loss(net, noisy("conv2", 8, 0.0F)), frozen_loss(net, {}));
}

TEST(OutputNoise, TrainsTheSameForTheSameSeed) {
  const auto trained_with = [](const FinetuneConstraints& constraints) {
    network::Network net = tests::tiny_network();
    finetune(net, tests::tiny_images(32), tiny_options(2), constraints);
    return parameters_of(net);
  };
  const auto first = trained_with(noisy("conv2", 8, 0.5F));
  EXPECT_EQ(first, trained_with(noisy("conv2", 8, 0.5F)));
  EXPECT_NE(first, trained_with({}));
}

/// Logits of noise alone: the loss is mean(max - that of the label), which for four normal numbers
/// is 1.029 deviations (Tippett 1925), plus next to nothing.
TEST(OutputNoise, IsNormalOfTheDeviationGiven) {
  network::Network net = tests::tiny_network();
  auto& fc = std::get<network::Linear>(net.node("fc").op);
  fc.weight.assign(32, 0.0F);
  fc.bias.assign(4, 0.0F);
  const data::Dataset images = tests::tiny_images(1500);
  EXPECT_NEAR(frozen_loss(net, noisy("fc", 4, 1000.0F), images) / 1000.0, 1.029, 0.09);
}

TEST(OutputNoise, GoesToItsOwnOutput) {
  network::Network net = tests::tiny_network();
  auto& fc = std::get<network::Linear>(net.node("fc").op);
  for (int o = 0; o < 4; ++o) fc.weight[static_cast<std::size_t>(o) * 8 + 2] = 0.0F;
  // conv2 reaches fc through channel 2 of the sum alone, which fc does not read.
  FinetuneConstraints constraints = noisy("conv2", 8, 0.0F);
  constraints.output_noise["conv2"][2] = 5.0F;
  EXPECT_EQ(frozen_loss(net, constraints), frozen_loss(net, {}));
  constraints.output_noise["conv2"][3] = 5.0F;
  EXPECT_NE(frozen_loss(net, constraints), frozen_loss(net, {}));
}

TEST(OutputNoise, MustFitItsNode) {
  const auto refusal = [](const std::string& node, std::vector<float> noise) {
    return error_of([&] {
      frozen_loss(tests::tiny_network(), {.output_noise = {{node, std::move(noise)}}});
    });
  };
  EXPECT_EQ(refusal("fc", {1.0F, 1.0F}), "noise of node fc: 2 values, expected 4, none negative");
  EXPECT_THAT(refusal("fc", {1.0F, 1.0F, -1.0F, 1.0F}), HasSubstr("none negative"));
  EXPECT_THAT(refusal("fc", {1.0F, 1.0F, std::nanf(""), 1.0F}), HasSubstr("noise of node fc"));
  EXPECT_THAT(refusal("bn1", std::vector<float>(8, 1.0F)), HasSubstr("noise of node bn1"));
}

}  // namespace
}  // namespace crossloop::pruning
