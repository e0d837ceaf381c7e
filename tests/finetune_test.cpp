// What fine-tuning holds fixed.
#include <gmock/gmock.h>

#include <cmath>

#include "host/error.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/prune.hpp"
#include "pruning/train.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// 20 steps that move everything a lot.
TrainOptions rough_options() {
  TrainOptions options;
  options.epochs = 4;
  options.batch = 20;
  options.learning_rate = 0.5;
  options.threads = 1;
  return options;
}

/// Nothing moves: the loss of one epoch is that of the network as the forward pass sees it.
double frozen_loss(network::Network net, const FinetuneConstraints& constraints) {
  TrainOptions options = rough_options();
  options.epochs = 1;
  options.learning_rate = 0.0;
  options.augment = false;
  double loss = 0.0;
  FinetuneConstraints held = constraints;
  held.freeze_batch_norm = true;
  finetune(net, tests::tiny_images(100), options, held,
           [&](const EpochReport& report) { loss = report.loss; });
  return loss;
}

std::vector<float>& weight(network::Network& net, const std::string& node) {
  network::Operator& op = net.node(node).op;
  if (auto* conv = std::get_if<network::Conv>(&op)) return conv->weight;
  return std::get<network::Linear>(op).weight;
}

/// Freezes a scale on every weight, coarse enough to see quantisation. For the first layer it
/// belongs to w / (255 * std).
void freeze_scales(network::Network& net) {
  for (network::Node& node : net.nodes) {
    if (!network::has_weight(node)) continue;
    const int outputs = network::weight_of(node).outputs;
    const float unit = node.name == "conv1" ? 0.02F / (255.0F * 0.25F) : 0.02F;
    for (int o = 0; o < outputs; ++o) {
      node.weight_scale.push_back(unit * (1.0F + 0.1F * static_cast<float>(o)));
    }
  }
}

/// The step between two integer weights at position i of a node of the tiny network.
double level(network::Network& net, const std::string& node, std::size_t i) {
  const std::size_t per_output = weight(net, node).size() / net.node(node).weight_scale.size();
  const double scale = net.node(node).weight_scale[i / per_output];
  if (node != "conv1") return scale;
  return scale * 255.0 * net.normalisation.std[i % per_output / 9];
}

TEST(Finetune, KeepsMaskedWeightsAtZero) {
  network::Network net = tests::tiny_network();
  FinetuneConstraints constraints;
  for (const char* node : {"conv2", "fc"}) {
    std::vector<std::uint8_t>& mask = constraints.masks[node];
    for (std::size_t i = 0; i < weight(net, node).size(); ++i) mask.push_back(i % 3 != 0 ? 1 : 0);
  }
  finetune(net, tests::tiny_images(100), rough_options(), constraints, [&](const EpochReport&) {});
  for (const auto& [node, mask] : constraints.masks) {
    for (std::size_t i = 0; i < mask.size(); ++i) {
      ASSERT_EQ(weight(net, node)[i] != 0.0F, mask[i] == 1) << node << " weight " << i;
    }
  }
  EXPECT_THAT(masks_of(net).at("conv1"), Each(1)) << "nodes without a mask are free";
}

TEST(Finetune, KeepsThePruningOfANetwork) {
  network::Network net = tests::tiny_network();
  const PruningResult pruned =
      prune_column_grain(net, {.rows = 16, .outputs_per_crossbar = 2, .crossbar_ratio = 0.7});
  apply_zeros(net, {.weights = pruned.masks, .channels = {}});
  finetune(net, tests::tiny_images(100), rough_options(), {.masks = pruned.masks});
  EXPECT_EQ(masks_of(net), pruned.masks);
}

TEST(Finetune, ClampsWeightsToTheRangeOfTheirFrozenScale) {
  network::Network net = tests::tiny_network();
  freeze_scales(net);
  finetune(net, tests::tiny_images(100), rough_options(),
           {.clamp_to_scale = true, .weight_bits = 4});
  for (const char* node : {"conv1", "conv2", "fc"}) {
    int at_limit = 0;
    for (std::size_t i = 0; i < weight(net, node).size(); ++i) {
      const double levels = std::abs(weight(net, node)[i]) / level(net, node, i);
      ASSERT_LE(levels, 7.0) << node << " weight " << i;
      at_limit += levels > 6.9999 ? 1 : 0;
    }
    EXPECT_GT(at_limit, 0) << node << ": the limit was never reached";
  }
}

TEST(Finetune, LeavesWeightsWithoutAFrozenScaleFree) {
  network::Network net = tests::tiny_network(), free = net;
  const data::Dataset images = tests::tiny_images(100);
  finetune(net, images, rough_options(), {.clamp_to_scale = true});
  train(free, images, rough_options());
  EXPECT_EQ(weight(net, "conv2"), weight(free, "conv2"));
}

TEST(Finetune, QuantisesTheForwardPassButNotTheWeights) {
  network::Network net = tests::tiny_network();
  freeze_scales(net);
  network::Network quantised = net;
  for (const char* node : {"conv1", "conv2", "fc"}) {
    for (std::size_t i = 0; i < weight(net, node).size(); ++i) {
      const double step = level(net, node, i);
      const double rounded = std::nearbyint(weight(net, node)[i] / step);
      weight(quantised, node)[i] = static_cast<float>(std::clamp(rounded, -31.0, 31.0) * step);
    }
  }
  const FinetuneConstraints held{.clamp_to_scale = true, .weight_bits = 6};
  EXPECT_NEAR(frozen_loss(net, held), frozen_loss(quantised, {}), 1e-5);
  EXPECT_GT(std::abs(frozen_loss(net, {}) - frozen_loss(quantised, {})), 1e-4);
}

TEST(Finetune, AddsTheMeasuredWeightErrorInTheForwardPassOnly) {
  network::Network net = tests::tiny_network(), erroneous = net;
  std::mt19937 rng(8);
  FinetuneConstraints constraints;
  for (const char* node : {"conv1", "conv2", "fc"}) {
    auto& error = constraints.weight_error[node];
    error = tests::random_floats(weight(net, node).size(), 0.2F, rng);
    for (std::size_t i = 0; i < error.size(); ++i) weight(erroneous, node)[i] += error[i];
  }
  EXPECT_NEAR(frozen_loss(net, constraints), frozen_loss(erroneous, {}), 1e-5);
  EXPECT_GT(std::abs(frozen_loss(net, {}) - frozen_loss(erroneous, {})), 1e-3);

  // The gradient is taken at the erroneous weights and applied to the programmed ones.
  TrainOptions step = rough_options();
  step.epochs = 1;
  step.batch = 100;
  step.weight_decay = 0.0;
  network::Network moved = net, moved_erroneous = erroneous;
  finetune(moved, tests::tiny_images(100), step, constraints);
  train(moved_erroneous, tests::tiny_images(100), step);
  for (std::size_t i = 0; i < weight(net, "conv1").size(); ++i) {
    ASSERT_NEAR(weight(moved, "conv1")[i] - weight(net, "conv1")[i],
                weight(moved_erroneous, "conv1")[i] - weight(erroneous, "conv1")[i], 1e-5);
  }
}

TEST(Finetune, HoldsTheSignOfEveryGamma) {
  network::Network net = tests::tiny_network();
  for (const char* node : {"bn1", "bn2"}) {
    auto& gamma = std::get<network::BatchNorm>(net.node(node).op).gamma;
    for (std::size_t c = 0; c < gamma.size(); ++c) gamma[c] = c % 2 == 0 ? 1e-2F : -1e-2F;
    gamma[3] = 0.0F;
  }
  network::Network held = net, free = net;
  finetune(held, tests::tiny_images(100), rough_options(), {.hold_gamma_sign = true});
  train(free, tests::tiny_images(100), rough_options());
  int flips = 0;
  for (const char* node : {"bn1", "bn2"}) {
    const auto& then = std::get<network::BatchNorm>(net.node(node).op).gamma;
    const auto& now = std::get<network::BatchNorm>(held.node(node).op).gamma;
    const auto& loose = std::get<network::BatchNorm>(free.node(node).op).gamma;
    for (std::size_t c = 0; c < now.size(); ++c) {
      if (c == 3) {
        EXPECT_EQ(now[c], 0.0F);
        continue;
      }
      EXPECT_GE(now[c] / then[c], 0.99e-3F) << node << " channel " << c;
      flips += loose[c] / then[c] < 0.0F ? 1 : 0;
    }
  }
  EXPECT_GT(flips, 0) << "without the constraint some gamma flips";
}

TEST(Finetune, MovesBatchNormAloneWhenWeightsAreFrozen) {
  network::Network net = tests::tiny_network();
  const network::Network before = net;
  FinetuneConstraints constraints;
  constraints.freeze_weights = true;
  finetune(net, tests::tiny_images(100), rough_options(), constraints);
  bool gamma_moved = false;
  for (std::size_t i = 0; i < net.nodes.size(); ++i) {
    if (network::has_weight(net.nodes[i])) {
      EXPECT_EQ(weight(net, net.nodes[i].name),
                std::vector<float>(network::weight_values(before.nodes[i]).begin(),
                                   network::weight_values(before.nodes[i]).end()));
    } else if (const auto* norm = std::get_if<network::BatchNorm>(&net.nodes[i].op)) {
      gamma_moved |= norm->gamma != std::get<network::BatchNorm>(before.nodes[i].op).gamma;
    }
  }
  EXPECT_TRUE(gamma_moved);
}

TEST(Finetune, LeavesTheStatisticsAloneWhenBatchNormIsFrozen) {
  const network::Network before = tests::tiny_network();
  network::Network frozen = before, free = before;
  TrainOptions gentle = rough_options();
  gentle.learning_rate = 0.01;
  finetune(frozen, tests::tiny_images(100), gentle, {.freeze_batch_norm = true});
  train(free, tests::tiny_images(100), gentle);
  const auto norm = [](const network::Network& net) {
    return std::get<network::BatchNorm>(net.node("bn2").op);
  };
  EXPECT_EQ(norm(frozen).mean, norm(before).mean);
  EXPECT_EQ(norm(frozen).variance, norm(before).variance);
  EXPECT_NE(norm(frozen).gamma, norm(before).gamma);
  EXPECT_NE(norm(free).mean, norm(before).mean);
}

TEST(Finetune, RefusesConstraintsThatDoNotFitTheNetwork) {
  const auto expect_refused = [](auto change, const char* message) {
    network::Network net = tests::tiny_network();
    freeze_scales(net);
    FinetuneConstraints constraints;
    constraints.clamp_to_scale = true;
    change(net, constraints);
    EXPECT_THAT([&] { finetune(net, tests::tiny_images(8), rough_options(), constraints); },
                ThrowsMessage<InputError>(HasSubstr(message)));
  };
  expect_refused([](auto&, auto& c) { c.masks["conv9"] = {1}; }, "mask of node conv9");
  expect_refused([](auto&, auto& c) { c.masks["bn1"] = {1}; }, "mask of node bn1");
  expect_refused([](auto&, auto& c) { c.masks["fc"] = {1}; }, "1 values, the weight has 32");
  expect_refused([](auto&, auto& c) { c.masks["fc"].assign(32, 2); }, "expected 0 or 1");
  expect_refused([](auto&, auto& c) { c.weight_error["fc"] = {1.0F}; }, "error of node fc");
  expect_refused([](auto&, auto& c) { c.weight_error["pool"] = {1.0F}; }, "error of node pool");
  expect_refused([](auto&, auto& c) { c.weight_bits = 1; }, "weight bits: found 1");
  expect_refused([](auto& n, auto&) { n.node("fc").weight_scale = {1.0F}; },
                 "weight scale has 1 values");
  expect_refused([](auto& n, auto&) { n.node("fc").weight_scale[2] = 0.0F; }, "node fc");
}

}  // namespace
}  // namespace crossloop::pruning
