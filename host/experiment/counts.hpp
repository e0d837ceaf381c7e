// What pruning would free of networks that are not trained here: counts only, from structure alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/experiment/experiment_config.hpp"

namespace crossloop::experiment {

struct CountsRow {
  const CountsSpec* spec = nullptr;        ///< of the experiment, not owned
  compiler::PredictedCounts counts;        ///< of all layers
  compiler::PredictedCounts convolutions;  ///< of the convolutions alone
};

/// Throws InputError for an unknown network or tile, and as compiler::predicted_counts does.
std::vector<CountsRow> count_all(const Experiment& experiment, const std::filesystem::path& root);

/// A section of markdown titled "Counts only"; "" where there is nothing.
std::string counts_section(const std::vector<CountsRow>& rows);

/// [{"name", "network", "structure", "counts_only": true, "counts": {...}}].
nlohmann::json to_json(const std::vector<CountsRow>& rows);

}  // namespace crossloop::experiment
