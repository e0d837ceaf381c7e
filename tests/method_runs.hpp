// Runs pruning methods by name on small networks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pruning/pipeline.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {

/// Settings for a network of a thousand weights; methods not named take their defaults.
inline MethodOptions::Given small_settings(const std::string& method) {
  static const std::map<std::string, MethodOptions::Given> kSettings = {
      {"balanced", {{"group", "4"}, {"pruned", "2"}, {"schedule", "once"}}},
      {"channel_filter", {{"sparsity", "0.3"}}},
      {"column_grain", {{"sparsity", "0.4"}}},
      {"column_magnitude", {{"crossbar_ratio", "0.8"}, {"layer_limit", "0"}}},
      {"crossbar_grain", {{"sparsity", "0.4"}}},
      {"group_lasso", {{"grain", "columns"}}},
      {"s_dub", {{"tile_ratio", "0.3"}}},
      {"unstructured", {{"sparsity", "0.5"}}},
      {"xcs", {{"lambda", "0.01"}}},
      {"xrs", {{"lambda", "0.01"}}}};
  const auto found = kSettings.find(method);
  return found == kSettings.end() ? MethodOptions::Given{} : found->second;
}

/// Four steps in each epoch of fine-tuning, two epochs under a penalty.
inline PipelineOptions short_options(int epochs, const TileShape& tile) {
  PipelineOptions options;
  options.tile = tile;
  options.finetuning = tiny_options(epochs);
  options.finetuning.batch = 2;
  options.penalised = options.finetuning;
  options.penalised.epochs = 2;
  options.calibration_images = 8;
  return options;
}

inline HeldZeros pruned(network::Network& network, const std::string& method,
                        const MethodOptions::Given& given, const PipelineOptions& options,
                        const StepObserver& steps = {}) {
  const MethodInfo& info = find_method(method);
  return run_method(network, tests::tiny_images(8), info, {info.name, info.options, given}, options,
                    {}, steps);
}

inline std::vector<std::string> all_methods() {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods()) names.push_back(info.name);
  return names;
}

/// Weights that a mask holds, and those of them that are not 0.
struct Count {
  int held = 0;
  int violated = 0;

  void add(std::span<const float> values, const std::vector<std::uint8_t>& mask) {
    ASSERT_EQ(values.size(), mask.size());
    for (std::size_t i = 0; i < mask.size(); ++i) {
      held += mask[i] == 0 ? 1 : 0;
      violated += mask[i] == 0 && values[i] != 0.0F ? 1 : 0;
    }
  }
};

inline Count count_weights(const network::Network& network, const HeldZeros& zeros) {
  Count count;
  for (const auto& [name, mask] : zeros.weights) {
    count.add(network::weight_values(network.node(name)), mask);
  }
  return count;
}

}  // namespace crossloop::pruning
