// Results of experiments, one row a run, in one SQLite file that any tool can query.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/sqlite.hpp"

namespace crossloop::experiment {

/// What a run came to, by name; host/experiment/metrics.hpp lists them.
using Metrics = std::map<std::string, double>;

/// One row.
struct Result {
  std::string experiment, size, run, network;
  std::uint64_t seed = 0;
  nlohmann::json setting;  ///< everything that decides the result; equal settings are one run
  Metrics metrics;
  std::string date = {};     ///< UTC; add() sets it where it is empty
  std::string version = {};  ///< of the program
  double seconds = 0.0;      ///< spent on it when it was stored
};

/// Table results(id, experiment, size, run, network, seed, setting, metrics, date, version,
/// seconds); setting and metrics are JSON: `json_extract(metrics, '$.accuracy')`.
class ResultStore {
 public:
  /// Opens the file, made if missing. Throws InputError as SqliteFile does.
  explicit ResultStore(const std::filesystem::path& path);

  /// Replaces what there is under the same experiment, size, run, seed and setting.
  void add(const Result& result);

  /// The result of that run and seed with exactly this setting.
  std::optional<Result> find(const Result& like) const;

 private:
  SqliteFile file_;
};

}  // namespace crossloop::experiment
