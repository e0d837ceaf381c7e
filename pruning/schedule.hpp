// The learning rate over a training.
#pragma once

#include <cstdint>

#include "pruning/train.hpp"

namespace crossloop::pruning {

/// Throws InputError naming the option of the schedule that is out of range.
void check_schedule(const TrainOptions& options);

/// The rate of step `step` (0-based, over the whole training) of `options.epochs` epochs of
/// `steps_per_epoch` steps.
double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t steps_per_epoch);

}  // namespace crossloop::pruning
