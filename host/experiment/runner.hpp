// Carries an experiment out, run by run, and goes on where it was stopped.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/experiment/experiment_config.hpp"
#include "host/experiment/metrics.hpp"
#include "host/experiment/result_store.hpp"
#include "host/experiment/settings.hpp"
#include "pruning/pipeline.hpp"

namespace crossloop::experiment {

struct Observers {
  pruning::EpochObserver epoch;
  std::function<void(const std::string&)> step;  ///< one line of text
};

/// One run under one seed.
struct Job {
  const RunSpec* run = nullptr;
  std::uint64_t seed = 0;
  nlohmann::json setting;
};

class Runner {
 public:
  /// Borrows all of them. `store` says what is done already. Throws InputError, before hours are
  /// spent, for a network, model, tile, device or pass that is not there, and for a cache that
  /// cannot be made.
  Runner(const Experiment& experiment, const Images& images, const Places& places,
         ResultStore& store, Observers observers);

  /// All runs under all their seeds, or those of the runs named; each behind what it comes from.
  /// Throws InputError for a name that no run has.
  std::vector<Job> jobs(const std::vector<std::string>& only) const;

  /// Its result, where it is done already.
  std::optional<Result> done(const Job& job) const;

  /// Whether one of `jobs` has this run, seed and setting, so that the result is its own.
  bool has(const std::vector<Job>& jobs, const Result& result) const;

  /// Does what is not done and stores it. A stopped training goes on from its checkpoint; what a
  /// run comes from is made again where the cache has lost it. Throws InputError as methods and
  /// compiler do, Interrupted on Ctrl-C.
  Result perform(const Job& job);

 private:
  void check_names() const;
  /// The file of the cache for what `setting` makes.
  std::filesystem::path cached(const nlohmann::json& setting, const char* suffix) const;
  Result empty_result(const Job& job) const;
  network::Network origin(const NetworkSpec& spec);
  network::Network model(const RunSpec& run, std::uint64_t seed);
  network::Network start(const RunSpec& run, std::uint64_t seed);
  void train(const RunSpec& run, std::uint64_t seed, network::Network& network);
  void clip(const RunSpec& run, const pruning::TrainOptions& training, network::Network& network);
  double accuracy_before(const NetworkSpec& spec);
  compiler::TileFormat tile_of(const RunSpec& run) const;
  void say(const std::string& text) const;

  const Experiment& experiment_;
  const Images& images_;
  const Places& places_;
  Settings settings_;
  ResultStore& store_;
  Observers observers_;
  std::map<std::string, double> accuracy_before_;  // by network
};

}  // namespace crossloop::experiment
