// crossloop prune: takes whole crossbars out of a model and fine-tunes what is left.
#include "pruning/prune.hpp"

#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/training.hpp"
#include "host/compiler/place.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"

namespace crossloop::cli {

namespace {

struct PruneArguments {
  ModelArguments model;
  std::filesystem::path output;
  DataArguments data;
  MappingArguments mapping;
  double crossbar_ratio = 0.6;
  pruning::TrainOptions training = {.epochs = 4, .learning_rate = 0.02};
};

struct PruneOutcome {
  pruning::PruningResult pruning;
  double accuracy_before = 0.0, accuracy_after = 0.0;
  int dense = 0, pruned = 0;
  int test_images = 0;
  std::string input;  ///< how images become inputs
};

PruneOutcome prune(network::Network& network, const PruneArguments& arguments) {
  const Mapping mapping = find_mapping(arguments.mapping);
  const int outputs = compiler::outputs_per_crossbar(mapping.tile, network.name);
  const data::DataSplit split = data::load_data(arguments.data.source, arguments.data.options);
  PruneOutcome outcome;
  outcome.accuracy_before = pruning::evaluate(network, split.test);
  outcome.pruning =
      pruning::prune_column_grain(network, {.rows = mapping.tile.rows,
                                            .outputs_per_crossbar = outputs,
                                            .crossbar_ratio = arguments.crossbar_ratio});
  pruning::finetune(network, split.train, arguments.training, {.masks = outcome.pruning.masks},
                    log_epoch);
  outcome.accuracy_after = pruning::evaluate(network, split.test);
  outcome.test_images = split.test.count;
  outcome.input = input_text(network);
  for (const auto& layer : outcome.pruning.layers) {
    outcome.dense += layer.dense_crossbars;
    outcome.pruned += layer.pruned_crossbars;
  }
  return outcome;
}

std::string text_of(const PruneOutcome& outcome, const PruneArguments& arguments) {
  std::string text =
      fmt::format("{:<24}{:>8}{:>8}{:>14}\n", "layer", "dense", "pruned", "weights kept");
  for (const auto& layer : outcome.pruning.layers) {
    text += fmt::format("{:<24}{:>8}{:>8}{:>12.1f} %\n", layer.node, layer.dense_crossbars,
                        layer.pruned_crossbars, 100.0 * layer.weights_kept);
  }
  return text + fmt::format(
                    "{:<24}{:>8}{:>8}  ({:.1f} % of the crossbars)\n"
                    "accuracy {:.2f} % before, {:.2f} % after {} epochs (seed {}) on {} test "
                    "images\nnormalisation {}\nmodel {}\n",
                    "total", outcome.dense, outcome.pruned, 100.0 * outcome.pruned / outcome.dense,
                    100.0 * outcome.accuracy_before, 100.0 * outcome.accuracy_after,
                    arguments.training.epochs, arguments.training.seed, outcome.test_images,
                    outcome.input, arguments.output.string());
}

nlohmann::json json_of(const PruneOutcome& outcome, const PruneArguments& arguments) {
  auto layers = nlohmann::json::array();
  for (const auto& layer : outcome.pruning.layers) {
    layers.push_back({{"name", layer.node},
                      {"dense", layer.dense_crossbars},
                      {"pruned", layer.pruned_crossbars},
                      {"weights_kept", layer.weights_kept}});
  }
  return {{"layers", layers},
          {"crossbars", {{"dense", outcome.dense}, {"pruned", outcome.pruned}}},
          {"accuracy", {{"before", outcome.accuracy_before}, {"after", outcome.accuracy_after}}},
          {"test_images", outcome.test_images},
          {"seed", arguments.training.seed},
          {"data_seed", arguments.data.options.seed},
          {"model", arguments.output.string()}};
}

void run(const PruneArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  network::Network network = read_model(arguments.model);
  warn_without_normalisation(network);
  const PruneOutcome outcome = prune(network, arguments);
  network::write_onnx(network, arguments.output);
  show_result(globals, text_of(outcome, arguments), json_of(outcome, arguments));
}

}  // namespace

void add_prune(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<PruneArguments>();
  arguments->data.options.test_images = 0;
  CLI::App* command = add_command(
      app, globals, "prune",
      "Prune a model so that whole crossbars vanish, and fine-tune what is left.",
      "crossloop prune resnet8.onnx --output pruned.onnx --tile 64x64c2 --crossbar-ratio 0.55");
  add_model_options(*command, arguments->model);
  command->add_option("--output", arguments->output, "where the pruned model goes")
      ->required()
      ->type_name("FILE.onnx");
  command
      ->add_option("--crossbar-ratio", arguments->crossbar_ratio,
                   "largest share of the dense crossbars that stays")
      ->check(in_range(0.0, 1.0))
      ->capture_default_str();
  add_mapping_options(*command, arguments->mapping);
  add_data_options(*command, arguments->data);
  add_train_images_option(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  add_training_options(*command, arguments->training);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
