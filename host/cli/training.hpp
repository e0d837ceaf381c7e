// What the commands that train share. Only in builds with LibTorch.
#pragma once

#include <CLI/CLI.hpp>

#include "pruning/train.hpp"

namespace crossloop::cli {

/// --epochs, --batch, --learning-rate, --weight-decay, --seed, --no-augment, --no-flip and
/// --checkpoint; the defaults are what `options` holds.
void add_training_options(CLI::App& command, pruning::TrainOptions& options);

/// Logs one epoch.
void log_epoch(const pruning::EpochReport& report);

}  // namespace crossloop::cli
