// A tiny training, whole or cut short.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pruning/train.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {

inline TrainOptions tiny_options(int epochs) {
  TrainOptions options;
  options.epochs = epochs;
  options.batch = 16;
  options.learning_rate = 0.05;
  options.threads = 1;
  return options;
}

/// All parameters and statistics one after another.
inline std::vector<float> parameters_of(const network::Network& net) {
  std::vector<float> all;
  const auto add = [&](const std::vector<float>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const network::Node& node : net.nodes) {
    if (const auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
      for (const auto* part : {&norm->gamma, &norm->beta, &norm->mean, &norm->variance}) add(*part);
    } else if (const auto* conv = std::get_if<network::Conv>(&node.op)) {
      add(conv->weight);
    } else if (const auto* linear = std::get_if<network::Linear>(&node.op)) {
      add(linear->weight);
      add(linear->bias);
    }
  }
  return all;
}

inline std::vector<float> trained(const data::Dataset& images, const TrainOptions& options) {
  network::Network net = tests::tiny_network();
  train(net, images, options);
  return parameters_of(net);
}

inline std::filesystem::path fresh_path(const std::string& name) {
  const auto path = std::filesystem::path(::testing::TempDir()) / ("crossloop_" + name);
  std::filesystem::remove(path);
  return path;
}

struct Stop {};

/// Trains until `epochs` are done and stops there as a crash would.
inline void train_and_stop(network::Network& net, const data::Dataset& images,
                           const TrainOptions& options, int epochs) {
  EXPECT_THROW(train(net, images, options,
                     [&](const EpochReport& report) {
                       if (report.epoch == epochs) throw Stop{};
                     }),
               Stop);
}

}  // namespace crossloop::pruning
