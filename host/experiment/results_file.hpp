// Results in JSON, to be taken from one machine to another.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "host/experiment/result_store.hpp"

namespace crossloop::experiment {

/// [{"experiment", "size", "run", "network", "seed", "setting", "metrics", "date", "version",
/// "seconds"}].
nlohmann::json results_json(std::span<const Result> results);

/// Those under "results" of a file that the experiment command wrote with --json. Throws InputError
/// naming file, result and field for what is not such a file.
std::vector<Result> read_results(const std::filesystem::path& path);

}  // namespace crossloop::experiment
