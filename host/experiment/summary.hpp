// Results of an experiment over seeds, and which of them nothing beats.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "host/experiment/result_store.hpp"

namespace crossloop::experiment {

/// One figure over seeds.
struct Statistic {
  int count = 0;
  double mean = 0.0;
  double deviation = 0.0;  ///< sample standard deviation; 0 for a single seed
};

/// The results of one run.
struct Row {
  std::string run, network;
  std::vector<std::uint64_t> seeds;
  std::map<std::string, Statistic> metrics;
};

/// Rows in the order in which runs first appear. A metric that some seeds lack counts the others.
std::vector<Row> rows_of(std::span<const Result> results);

/// Of one network: runs that no other run of it beats in both, mean accuracy (higher) and the mean
/// of `cost` (lower), by rising cost; of equals both. A row without the metric is left out.
struct Front {
  std::string network;
  std::string cost;
  std::vector<std::string> runs;
};
Front front_of(std::span<const Row> rows, const std::string& network, const std::string& cost);

/// The fronts that reports name: of every network over crossbars, ADC energy and cycles (the fewer
/// of those of the sparse and the balanced lane, `cycles_least`, which rows_of() adds).
std::vector<Front> fronts_of(std::span<const Row> rows);

/// {"rows": [{"run", "network", "seeds", "metrics": {NAME: {"mean", "deviation", "count"}}}],
/// "fronts": [{"network", "cost", "runs"}]}.
nlohmann::json to_json(std::span<const Row> rows);

}  // namespace crossloop::experiment
