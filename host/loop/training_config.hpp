// Trainings and pruning methods as tables of a configuration.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "host/config.hpp"
#include "pruning/method_options.hpp"
#include "pruning/train.hpp"

namespace crossloop::loop {

/// The keys `epochs` (required), `batch`, `learning_rate`, `momentum`, `weight_decay`, `flip`,
/// `augment`, `cutout`, `label_smoothing`, `schedule` ("cosine", "step", "one-cycle"),
/// `milestones`, `step_factor`, over `options`; finishes the table. Throws InputError naming key,
/// line and allowed range.
pruning::TrainOptions read_training(ConfigTable table, std::uint64_t seed,
                                    pruning::TrainOptions options);

/// Everything in `options` that decides where a training goes; not threads, precision, files.
nlohmann::json training_json(const pruning::TrainOptions& options);

/// The options of a method, each a key in the type that it is declared with; finishes the table.
/// Throws InputError for an unknown method, naming the known ones, and for what it does not take.
pruning::MethodOptions::Given read_method_options(ConfigTable table, const std::string& method);

}  // namespace crossloop::loop
