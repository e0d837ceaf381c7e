// A training step under the penalty of each pruning method over a plain step: ResNet-20 on
// CIFAR-10's geometry, tiles of 64 x 8 weights, every method with its own options.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/figures.hpp"
#include "host/data/shapes.hpp"
#include "host/network/zoo.hpp"
#include "pruning/method.hpp"
#include "pruning/penalty.hpp"

namespace crossloop::bench {

namespace {

constexpr const char* kLargest = "prune.step_over_plain";
constexpr double kBudget = 1.3;
constexpr int kBatch = 128, kSteps = 4, kRounds = 5;

/// Penalised trainings to time, by name of their figure.
std::map<std::string, std::pair<std::string, pruning::MethodOptions::Given>> cases() {
  return {{"prune.step_over_plain.hoyer", {"dub_regularize", {}}},
          {"prune.step_over_plain.lasso_rows", {"group_lasso", {{"grain", "rows"}}}},
          {"prune.step_over_plain.lasso_columns", {"group_lasso", {{"grain", "columns"}}}},
          {"prune.step_over_plain.lasso_tiles", {"group_lasso", {{"grain", "tiles"}}}}};
}

network::Network resnet20(int classes) {
  return network::make_network("resnet20", {3, 32, 32}, classes, 1);
}

double seconds_of_training(const data::Dataset& set, const pruning::Penalty* penalty) {
  network::Network net = resnet20(set.classes);
  const pruning::TrainOptions options{.epochs = 1, .batch = kBatch, .learning_rate = 0.01};
  return seconds([&] { pruning::finetune(net, set, options, {.penalty = penalty}); });
}

std::map<std::string, Figure> measure() {
  const data::Dataset set = data::make_shapes(1, kSteps * kBatch);
  const network::Network net = resnet20(set.classes);
  const pruning::PruningContext context{.layers = pruning::prunable_layers(net), .tile = {}};
  std::map<std::string, std::unique_ptr<pruning::Penalty>> penalties;
  for (const auto& [name, choice] : cases()) {
    const auto method = pruning::make_method(pruning::find_method(choice.first), choice.second);
    penalties[name] = method->penalty(0, net, context);
  }
  seconds_of_training(set, nullptr);  // warms up
  std::map<std::string, std::vector<double>> ratios;
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& [name, penalty] : penalties) {
      const double before = seconds_of_training(set, nullptr);
      const double penalised = seconds_of_training(set, penalty.get());
      const double after = seconds_of_training(set, nullptr);
      ratios[name].push_back(2.0 * penalised / (before + after));
    }
  }
  Figure largest{0.0, "ratio", kBudget, Better::kSmaller};
  std::map<std::string, Figure> figures;
  for (const auto& [name, values] : ratios) {
    figures[name] = {median(values), "ratio", kBudget, Better::kSmaller};
    largest.value = std::max(largest.value, figures[name].value);
  }
  figures[kLargest] = largest;
  return figures;
}

}  // namespace

Benchmark prune_steps() {
  Benchmark benchmark{{kLargest}, measure};
  for (const auto& [name, choice] : cases()) benchmark.names.push_back(name);
  return benchmark;
}

}  // namespace crossloop::bench
