// What `crossloop prune` shows of a pruned network, layer by layer. Only in builds with LibTorch.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/network/network.hpp"
#include "pruning/weight_groups.hpp"

namespace crossloop::cli {

/// A Conv or Linear with its weights and crossbars.
struct PrunedLayer {
  std::string name;
  std::int64_t weights = 0;
  std::int64_t pruned = 0;  ///< weights that are zero
  int outputs = 0;
  int silent_outputs = 0;  ///< all of whose weights are zero
  compiler::CrossbarCount crossbars;
};

/// In graph order. `deployment` is of `network`; nullptr: crossbars stay 0.
std::vector<PrunedLayer> pruned_layers(const network::Network& network,
                                       const compiler::Deployment* deployment);

/// A line per layer and their total.
std::string pruned_layers_table(const std::vector<PrunedLayer>& layers);
nlohmann::json pruned_layers_json(const std::vector<PrunedLayer>& layers);
/// {"total", "pruned", "share"}.
nlohmann::json pruned_weights_json(const std::vector<PrunedLayer>& layers);

/// Survivors per group of `group` input channels, as accelerator-aware pruning counts them.
std::string survivors_table(const std::vector<pruning::GroupSurvivors>& layers, int group);
nlohmann::json survivors_json(const std::vector<pruning::GroupSurvivors>& layers, int group);

}  // namespace crossloop::cli
