// What the commands that train share. Only in builds with LibTorch.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "pruning/train.hpp"

namespace crossloop::cli {

/// Everything of TrainOptions; the defaults are what `options` holds, except that precision and
/// accelerator become auto, and a checkpoint of another training is refused.
void add_training_options(CLI::App& command, pruning::TrainOptions& options);

/// Logs one epoch.
void log_epoch(const pruning::EpochReport& report);

/// The options by name, with what auto came to on this machine. Throws as resolve_execution().
nlohmann::json training_json(const pruning::TrainOptions& options);

}  // namespace crossloop::cli
