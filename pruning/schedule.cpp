#include "pruning/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

// Of the one-cycle schedule, as in PyTorch's OneCycleLR.
constexpr double kRisingShare = 0.3;
constexpr double kFirstShare = 1.0 / 25.0;
constexpr double kLastShare = kFirstShare * 1e-4;

/// From `first` at 0 to `last` at 1 along half a cosine.
double half_cosine(double first, double last, double at) {
  return last + 0.5 * (first - last) * (1.0 + std::cos(std::numbers::pi * at));
}

double one_cycle(double share) {
  if (share < kRisingShare) return half_cosine(kFirstShare, 1.0, share / kRisingShare);
  return half_cosine(1.0, kLastShare, (share - kRisingShare) / (1.0 - kRisingShare));
}

double stepped(const TrainOptions& options, std::int64_t epoch) {
  const auto passed = std::count_if(options.milestones.begin(), options.milestones.end(),
                                    [&](int milestone) { return epoch >= milestone; });
  return std::pow(options.step_factor, static_cast<double>(passed));
}

}  // namespace

void check_schedule(const TrainOptions& options) {
  if (!(options.warmup_epochs >= 0.0) || options.warmup_epochs > std::max(0, options.epochs)) {
    throw InputError("training option warmup_epochs: found " +
                     std::to_string(options.warmup_epochs) + ", expected from 0 to the " +
                     std::to_string(options.epochs) + " epochs");
  }
  if (options.schedule == Schedule::kOneCycle && options.warmup_epochs > 0.0) {
    throw InputError(
        "training option warmup_epochs: the one-cycle schedule warms up itself, expected 0");
  }
  const auto& milestones = options.milestones;
  const bool ascending = std::adjacent_find(milestones.begin(), milestones.end(),
                                            std::greater_equal()) == milestones.end();
  if (!ascending || (!milestones.empty() && milestones.front() < 1)) {
    throw InputError("training option milestones: expected epochs from 1 upwards, ascending");
  }
  if (milestones.empty() == (options.schedule == Schedule::kStep)) {
    throw InputError(milestones.empty()
                         ? "training option milestones: the step schedule needs at least one"
                         : "training option milestones: only the step schedule has them");
  }
  if (!(options.step_factor > 0.0 && options.step_factor <= 1.0)) {
    throw InputError("training option step_factor: found " + std::to_string(options.step_factor) +
                     ", expected above 0 and at most 1");
  }
}

double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t steps_per_epoch) {
  const double warm = options.warmup_epochs * static_cast<double>(steps_per_epoch);
  const auto at = static_cast<double>(step);
  if (at < warm) return options.learning_rate * (at + 1.0) / (warm + 1.0);
  if (options.schedule == Schedule::kStep) {
    return options.learning_rate * stepped(options, step / steps_per_epoch);
  }
  const auto total = static_cast<double>(steps_per_epoch * options.epochs);
  const double share = (at - warm) / (total - warm);
  return options.learning_rate * (options.schedule == Schedule::kOneCycle
                                      ? one_cycle(share)
                                      : half_cosine(1.0, 0.0, share));
}

}  // namespace crossloop::pruning
