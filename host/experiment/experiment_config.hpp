// The configuration of an experiment, configs/experiments/*.toml (docs/experiments.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/compiler/predicted_counts.hpp"
#include "host/network/network.hpp"
#include "pruning/method.hpp"
#include "pruning/train.hpp"

namespace crossloop::experiment {

/// [size.SIZE.network.NAME]: what runs begin with, and how its runs are trained.
struct NetworkSpec {
  std::string name;
  std::string zoo;              ///< trained here, or
  std::filesystem::path model;  ///< an ONNX file
  pruning::TrainOptions train;  ///< of `zoo`
  pruning::TrainOptions penalised, finetuning;
};

/// [score.NAME]: a modelled chip that networks are tried on.
struct ScoreSpec {
  std::string name;
  std::string tile;                 ///< in configs/tiles/, or a file
  std::string device;               ///< in configs/devices/, or a file
  std::vector<std::string> passes;  ///< of the compiler
};

/// [run.NAME]: one way from a network, or from the result of another run, to a smaller one. Without
/// method, clipping and trainings of its own it is the network as it is.
struct RunSpec {
  std::string name;
  std::string network;  ///< NetworkSpec::name
  std::string from;     ///< another run; empty: the network
  std::string tile;
  std::string method;  ///< of `crossloop methods`; empty: nothing is pruned
  pruning::MethodOptions::Given options;
  pruning::LayerPolicy policy;
  double clip_percentile = 100.0;  ///< weight-constrained training; 100: none
  pruning::TrainOptions penalised, finetuning;
  bool trains = false;  ///< with a method, clipping, or a [run.NAME.finetune]
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> scores;  ///< ScoreSpec::name
};

/// [counts.NAME]: what pruning would free of a network that is not trained here.
struct CountsSpec {
  std::string name;
  std::string zoo;
  network::Shape input;
  int classes = 0;
  std::string tile;
  compiler::PredictedPruning pruning;
};

struct Experiment {
  std::string name;
  std::string size;
  std::string title, paper, ours, differences;  ///< texts
  std::uint64_t data_seed = 1;
  int train_images = 0, test_images = 0;  ///< 0: all
  int integer_images = 0;                 ///< test images for integer networks on ideal tiles
  int chip_images = 0;                    ///< test images on modelled chips
  int calibration_images = 256;
  std::vector<NetworkSpec> networks;
  std::vector<ScoreSpec> scores;
  std::vector<CountsSpec> counts;
  std::vector<RunSpec> runs;  ///< each behind the one it comes from, else in alphabetical order

  const NetworkSpec& network(const std::string& name) const;  ///< asserts that it is there
  const ScoreSpec& score(const std::string& name) const;      ///< the same
  const RunSpec& run(const std::string& name) const;          ///< the same
};

/// Reads and checks the experiment in one of its sizes. Throws InputError naming key, line, what
/// was found and expected: also for a size that is not there (listing those that are), a run from a
/// run of another network or from itself, and what a method does not take.
Experiment read_experiment(const std::filesystem::path& path, const std::string& size);

}  // namespace crossloop::experiment
