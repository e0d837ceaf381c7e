#include "host/loop/training_config.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <initializer_list>
#include <string_view>

#include "host/error.hpp"
#include "pruning/method.hpp"
#include "pruning/schedule.hpp"

namespace crossloop::loop {

namespace {

const std::initializer_list<std::string_view> kSchedules = {"cosine", "step", "one-cycle"};

std::string schedule_name(pruning::Schedule schedule) {
  return std::string(kSchedules.begin()[static_cast<std::size_t>(schedule)]);
}

void read_schedule(ConfigTable& table, pruning::TrainOptions& options) {
  options.schedule = static_cast<pruning::Schedule>(
      table.choice("schedule", kSchedules, static_cast<std::size_t>(options.schedule)));
  options.step_factor = table.number("step_factor", 0.0, 1.0, options.step_factor);
  if (options.schedule != pruning::Schedule::kStep) options.milestones.clear();
  if (!table.has("milestones")) return;
  options.milestones.clear();
  for (const double epoch : table.numbers("milestones", 1, 1000)) {
    options.milestones.push_back(static_cast<int>(epoch));
  }
}

/// One option of a method as text.
std::string read_option(ConfigTable& table, const pruning::OptionSpec& spec) {
  if (!spec.words.empty()) return table.text(spec.name);
  if (spec.list) {
    return fmt::format("{:.10g}", fmt::join(table.numbers(spec.name, spec.low, spec.high), ","));
  }
  if (!spec.integer) return fmt::format("{:.10g}", table.number(spec.name, spec.low, spec.high));
  return std::to_string(table.integer(spec.name, static_cast<std::int64_t>(spec.low),
                                      static_cast<std::int64_t>(spec.high)));
}

}  // namespace

pruning::TrainOptions read_training(ConfigTable table, std::uint64_t seed,
                                    pruning::TrainOptions options) {
  options.epochs = static_cast<int>(table.integer("epochs", 0, 1000));
  options.batch = static_cast<int>(table.integer("batch", 1, 65536, options.batch));
  options.learning_rate = table.number("learning_rate", 0.0, 10.0, options.learning_rate);
  options.momentum = table.number("momentum", 0.0, 0.999, options.momentum);
  options.weight_decay = table.number("weight_decay", 0.0, 1.0, options.weight_decay);
  options.flip = table.boolean("flip", options.flip);
  options.augment = table.boolean("augment", options.augment);
  options.cutout = static_cast<int>(table.integer("cutout", 0, 10000, options.cutout));
  options.label_smoothing = table.number("label_smoothing", 0.0, 0.99, options.label_smoothing);
  const std::string where = table.where("epochs");
  read_schedule(table, options);
  options.seed = seed;
  table.finish();
  try {
    pruning::check_schedule(options);
  } catch (const InputError& error) {
    throw InputError(where + ": " + error.what());
  }
  return options;
}

nlohmann::json training_json(const pruning::TrainOptions& options) {
  nlohmann::json json = {{"epochs", options.epochs},
                         {"batch", options.batch},
                         {"learning_rate", options.learning_rate},
                         {"schedule", schedule_name(options.schedule)},
                         {"warmup_epochs", options.warmup_epochs},
                         {"momentum", options.momentum},
                         {"weight_decay", options.weight_decay},
                         {"label_smoothing", options.label_smoothing},
                         {"augment", options.augment},
                         {"flip", options.augment && options.flip},
                         {"cutout", options.augment ? options.cutout : 0},
                         {"seed", options.seed}};
  if (options.schedule == pruning::Schedule::kStep) {
    json["milestones"] = options.milestones;
    json["step_factor"] = options.step_factor;
  }
  return json;
}

pruning::MethodOptions::Given read_method_options(ConfigTable table, const std::string& method) {
  const pruning::MethodInfo& info = pruning::find_method(method);
  pruning::MethodOptions::Given given;
  for (const pruning::OptionSpec& spec : info.options) {
    if (table.has(spec.name)) given[spec.name] = read_option(table, spec);
  }
  table.finish();
  pruning::make_method(info, given);
  return given;
}

}  // namespace crossloop::loop
