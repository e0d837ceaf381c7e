#include "host/cli/training.hpp"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>
#include <vector>

#include "host/cli/command.hpp"
#include "host/loop/training_config.hpp"

namespace crossloop::cli {

namespace {

template <class Choice>
using Names = std::vector<std::pair<std::string, Choice>>;

const Names<pruning::Schedule> kSchedules = {{"cosine", pruning::Schedule::kCosine},
                                             {"step", pruning::Schedule::kStep},
                                             {"one-cycle", pruning::Schedule::kOneCycle}};
const Names<pruning::Precision> kPrecisions = {{"auto", pruning::Precision::kAuto},
                                               {"float32", pruning::Precision::kFloat32},
                                               {"bfloat16", pruning::Precision::kBfloat16}};
const Names<pruning::Accelerator> kAccelerators = {{"auto", pruning::Accelerator::kAuto},
                                                   {"cpu", pruning::Accelerator::kCpu},
                                                   {"cuda", pruning::Accelerator::kCuda}};

/// An option whose values are names.
template <class Choice>
void add_choice(CLI::App& command, const std::string& option, Choice& target,
                const Names<Choice>& names, const std::string& help) {
  std::vector<std::string> list;
  std::string standard;
  for (const auto& [name, value] : names) {
    list.push_back(name);
    if (value == target) standard = name;
  }
  const auto choose = [&target, &names](const std::string& wanted) {
    for (const auto& [name, value] : names) {
      if (name == wanted) target = value;
    }
  };
  command.add_option_function<std::string>(option, choose, help)
      ->check(CLI::IsMember(list))
      ->default_str(standard);
}

void add_schedule_options(CLI::App& command, pruning::TrainOptions& options) {
  command.add_option("--learning-rate", options.learning_rate, "the largest of the schedule")
      ->check(in_range(0.0, 10.0))
      ->capture_default_str();
  add_choice(command, "--schedule", options.schedule, kSchedules,
             "how the learning rate runs: cosine to 0, drops at --milestones, or up and down");
  command
      .add_option("--warmup", options.warmup_epochs,
                  "epochs in which the rate grows from 0 first; not with one-cycle")
      ->check(in_range(0.0, 1000.0))
      ->capture_default_str();
  command
      .add_option("--milestones", options.milestones, "schedule step: epochs after which it drops")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("E,E,...");
  command
      .add_option("--step-factor", options.step_factor, "schedule step: what a drop multiplies by")
      ->capture_default_str();
}

void add_image_options(CLI::App& command, pruning::TrainOptions& options) {
  command.add_flag("!--no-augment", options.augment,
                   "images as they are: no random crop, no flip, no cutout");
  command.add_flag("!--no-flip", options.flip, "crop at random, but never mirror: for digits, say");
  command
      .add_option("--cutout", options.cutout,
                  "blank a random square of so many pixels a side in each image; 0: none")
      ->check(in_range(0, 10000))
      ->capture_default_str();
  command
      .add_option("--label-smoothing", options.label_smoothing,
                  "share of the target spread over all classes")
      ->check(in_range(0.0, 0.99))
      ->capture_default_str();
}

void add_machine_options(CLI::App& command, pruning::TrainOptions& options) {
  options.replace_checkpoint = false;
  options.precision = pruning::Precision::kAuto;
  options.accelerator = pruning::Accelerator::kAuto;
  add_choice(command, "--precision", options.precision, kPrecisions,
             "what convolutions multiply; auto: bfloat16 where that is faster");
  add_choice(command, "--accelerator", options.accelerator, kAccelerators,
             "auto: a GPU where LibTorch has one");
  command.add_option("--threads", options.threads, "processor threads; 0: all cores")
      ->check(in_range(0, 4096))
      ->capture_default_str();
  command
      .add_option("--checkpoint", options.checkpoint,
                  "resume from this file, and keep it after every epoch")
      ->type_name("FILE");
  command
      .add_option("--log", options.log,
                  "loss, rate and accuracies over time: CSV if it ends in .csv, else JSON lines")
      ->type_name("FILE");
}

}  // namespace

void add_training_options(CLI::App& command, pruning::TrainOptions& options) {
  command.add_option("--epochs", options.epochs, "times over the training images")
      ->check(in_range(0, 1000))
      ->capture_default_str();
  command.add_option("--batch", options.batch, "images per step")
      ->check(in_range(1, 65536))
      ->capture_default_str();
  add_schedule_options(command, options);
  command.add_option("--momentum", options.momentum, "of Nesterov, below 1")
      ->check(in_range(0.0, 0.9999))
      ->capture_default_str();
  command
      .add_option("--weight-decay", options.weight_decay,
                  "L2 penalty of the weights; norms and biases have none")
      ->check(in_range(0.0, 1.0))
      ->capture_default_str();
  add_seed_option(command, "--seed", options.seed,
                  "order and augmentation; of a new network its weights");
  add_image_options(command, options);
  add_machine_options(command, options);
}

void log_epoch(const pruning::EpochReport& report) {
  const std::string validation =
      report.validation_accuracy
          ? fmt::format(", validation accuracy {:.2f} %", 100.0 * *report.validation_accuracy)
          : "";
  spdlog::info("epoch {}: loss {:.4f}, training accuracy {:.2f} %{}, {:.1f} s", report.epoch,
               report.loss, 100.0 * report.train_accuracy, validation, report.seconds);
}

nlohmann::json training_json(const pruning::TrainOptions& options) {
  nlohmann::json json = loop::training_json(options);
  json["threads"] = options.threads;
  json["execution"] = pruning::resolve_execution(options).text();
  return json;
}

}  // namespace crossloop::cli
