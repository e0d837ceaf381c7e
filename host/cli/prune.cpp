// crossloop prune: takes weights out of a model by a method of choice and fine-tunes what is left.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "host/cli/chip_figures_table.hpp"
#include "host/cli/command.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/prune_table.hpp"
#include "host/cli/pruning_options.hpp"
#include "host/cli/training.hpp"
#include "host/compiler/place.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "pruning/pipeline.hpp"
#include "pruning/weight_groups.hpp"

namespace crossloop::cli {

namespace {

struct PruneArguments {
  ModelArguments model;
  std::filesystem::path output;
  DataArguments data;
  MappingArguments mapping;
  MethodArguments method;
  pruning::PipelineOptions pipeline = {.tile = {}, .policy = {}};
  int quantised_images = 1000;
  int group = 16;
};

/// A network as it is at one point.
struct Figures {
  double accuracy = 0.0;  ///< float
  std::optional<experiment::ChipFigures> chip;
  std::string refusal;  ///< why there is no chip
};

struct PruneOutcome {
  Figures before, after;
  std::vector<PrunedLayer> layers;
  int test_images = 0, quantised_images = 0;
};

class Pruning {
 public:
  explicit Pruning(const PruneArguments& arguments)
      : arguments_(arguments),
        info_(pruning::find_method(arguments.method.name)),
        options_(method_options(info_, arguments.method.settings)),
        mapping_(find_mapping(arguments.mapping)),
        network_(read_model(arguments.model)) {
    info_.make(options_);  // refuses what it cannot take before images are read
    warn_without_normalisation(network_);
    pipeline_ = arguments.pipeline;
    pipeline_.tile = {.rows = mapping_.tile.rows,
                      .outputs = compiler::outputs_per_crossbar(mapping_.tile, network_.name)};
    pruning::prunable_layers(network_, pipeline_.policy);
  }

  PruneOutcome run() {
    data_ = data::load_data(arguments_.data.source, arguments_.data.options);
    PruneOutcome outcome{.before = figures(), .after = {}, .layers = {}};
    pruning::run_method(network_, data_.train, info_, options_, pipeline_, log_epoch,
                        [](const std::string& step) { spdlog::info("{}", step); });
    network::write_onnx(network_, arguments_.output);
    outcome.after = figures();
    const auto& chip = outcome.after.chip;
    outcome.layers = pruned_layers(network_, chip ? &chip->deployment : nullptr);
    outcome.test_images = data_.test.count;
    outcome.quantised_images = quantised_images();
    return outcome;
  }

  std::string text(const PruneOutcome& outcome) const {
    std::string text = pruned_layers_table(outcome.layers) + "\n";
    if (outcome.before.chip && outcome.after.chip) {
      text += chip_figures_table(*outcome.before.chip, *outcome.after.chip) + "\n";
    } else {
      text += "no crossbars counted: " + outcome.before.refusal + outcome.after.refusal + "\n";
    }
    text += survivors_table(pruning::survivors_per_group(network_, arguments_.group),
                            arguments_.group) +
            "\n";
    const pruning::TrainOptions& training = pipeline_.finetuning;
    return text +
           fmt::format(
               "accuracy {:.2f} % before, {:.2f} % after, float, {} test images; integers on {}\n"
               "method {}\n"
               "seed {}, data seed {}, {} epochs of fine-tuning a stage, {} under a penalty\n"
               "normalisation {}\nmodel {}\n",
               100.0 * outcome.before.accuracy, 100.0 * outcome.after.accuracy, outcome.test_images,
               outcome.quantised_images, method_text(info_, options_), training.seed,
               arguments_.data.options.seed, training.epochs, pipeline_.penalised.epochs,
               input_text(network_), arguments_.output.string());
  }

  nlohmann::json json(const PruneOutcome& outcome) const {
    const auto chip = [](const Figures& figures) {
      return figures.chip ? experiment::to_json(*figures.chip)
                          : nlohmann::json{{"refused", figures.refusal}};
    };
    nlohmann::json result = {
        {"method", info_.name},
        {"options", options_.values()},
        {"layers", pruned_layers_json(outcome.layers)},
        {"weights", pruned_weights_json(outcome.layers)},
        {"survivors", survivors_json(pruning::survivors_per_group(network_, arguments_.group),
                                     arguments_.group)},
        {"accuracy", {{"before", outcome.before.accuracy}, {"after", outcome.after.accuracy}}},
        {"chip", {{"before", chip(outcome.before)}, {"after", chip(outcome.after)}}},
        {"tile", arguments_.mapping.tile},
        {"training", training_json(pipeline_.finetuning)},
        {"penalised_epochs", pipeline_.penalised.epochs},
        {"test_images", outcome.test_images},
        {"quantised_images", outcome.quantised_images},
        {"seed", pipeline_.finetuning.seed},
        {"data_seed", arguments_.data.options.seed},
        {"model", arguments_.output.string()}};
    if (outcome.after.chip) {
      const auto count = outcome.after.chip->deployment.count();
      result["crossbars"] = {{"dense", count.dense}, {"pruned", count.pruned}};
    }
    return result;
  }

 private:
  int quantised_images() const { return std::min(arguments_.quantised_images, data_.test.count); }

  Figures figures() const {
    Figures figures{.accuracy = pruning::evaluate(network_, data_.test), .chip = {}, .refusal = {}};
    const int count = std::min(pipeline_.calibration_images, data_.train.count);
    const data::Dataset calibration = data_.train.slice(0, count);
    const data::Dataset test = data_.test.slice(0, quantised_images());
    try {
      figures.chip = experiment::chip_figures(
          network_, {.tile = mapping_.tile, .device = mapping_.device, .root = config_root()},
          calibration, test.count > 0 ? &test : nullptr);
    } catch (const InputError& refusal) {
      figures.refusal = refusal.what();
    }
    return figures;
  }

  const PruneArguments& arguments_;
  const pruning::MethodInfo& info_;
  pruning::MethodOptions options_;
  Mapping mapping_;
  network::Network network_;
  pruning::PipelineOptions pipeline_;
  data::DataSplit data_;
};

void run(PruneArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  pruning::TrainOptions& penalised = arguments.pipeline.penalised;
  const auto [epochs, rate] = std::pair(penalised.epochs, penalised.learning_rate);
  penalised = arguments.pipeline.finetuning;
  penalised.epochs = epochs;
  penalised.learning_rate = rate;
  Pruning pruning(arguments);
  const PruneOutcome outcome = pruning.run();
  show_result(globals, pruning.text(outcome), pruning.json(outcome));
}

void add_pipeline_options(CLI::App& command, PruneArguments& arguments) {
  pruning::PipelineOptions& pipeline = arguments.pipeline;
  add_policy_options(command, pipeline.policy);
  command.add_flag("!--free-zeros", pipeline.keep_zeros,
                   "weights that an earlier pruning took may come back");
  command
      .add_option("--penalty-epochs", pipeline.penalised.epochs,
                  "epochs under the penalty before each selection, for methods that have one")
      ->check(in_range(0, 1000))
      ->capture_default_str();
  command
      .add_option("--penalty-learning-rate", pipeline.penalised.learning_rate,
                  "largest learning rate of these epochs")
      ->check(in_range(0.0, 10.0))
      ->capture_default_str();
  command
      .add_option("--calibration-images", pipeline.calibration_images,
                  "training images that methods look at, and that set ranges for the report")
      ->check(in_range(16, 100'000))
      ->capture_default_str();
  command
      .add_option("--quantised-images", arguments.quantised_images,
                  "test images for the accuracy of the integer network on ideal tiles; 0: none")
      ->check(in_range(0, kMostImages))
      ->capture_default_str();
  command
      .add_option("--group", arguments.group,
                  "input channels of a group, for the survivors that the report counts")
      ->check(in_range(1, 4096))
      ->capture_default_str();
}

}  // namespace

void add_prune(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<PruneArguments>();
  arguments->data.options.test_images = 0;
  CLI::App* command = add_command(
      app, globals, "prune",
      "Prune a model by a method of choice, fine-tune what is left, and report what it frees.",
      "crossloop prune resnet8.onnx --output pruned.onnx --tile 64x64c2 --method column_magnitude "
      "--set crossbar_ratio=0.55");
  add_model_options(*command, arguments->model);
  command->add_option("--output", arguments->output, "where the pruned model goes")
      ->required()
      ->type_name("FILE.onnx");
  add_method_options(*command, arguments->method);
  add_pipeline_options(*command, *arguments);
  add_mapping_options(*command, arguments->mapping);
  add_data_options(*command, arguments->data);
  add_train_images_option(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  add_training_options(*command, arguments->pipeline.finetuning);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
