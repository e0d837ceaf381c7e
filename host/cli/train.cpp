// crossloop train: a network of the zoo, from scratch.
#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/cli/command.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/training.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"

namespace crossloop::cli {

namespace {

struct TrainArguments {
  std::string network;
  std::filesystem::path output;
  DataArguments data;
  pruning::TrainOptions training;
};

/// What the model says about where it comes from.
void note_origin(network::Network& network, const TrainArguments& arguments,
                 const data::DataSplit& split) {
  network.metadata["seed"] = std::to_string(arguments.training.seed);
  network.metadata["dataset"] = split.train.name;
  nlohmann::json training = training_json(arguments.training);
  training["network"] = arguments.network;
  training["train_images"] = split.train.count;
  training["validation_images"] = split.validation.count;
  training["data_seed"] = arguments.data.options.seed;
  network.metadata["training"] = training.dump();
}

std::string report_text(const network::Network& network, const TrainArguments& arguments,
                        const data::DataSplit& split, double accuracy,
                        const std::optional<double>& validation) {
  const std::string held_out =
      validation
          ? fmt::format("  validation  {:.2f} % on {} images held out by seed {}\n",
                        100.0 * *validation, split.validation.count, arguments.data.options.seed)
          : "";
  return fmt::format(
      "{} on {}: {} training images, {} epochs, seed {}, data seed {}, {}\n{}"
      "  accuracy    {:.2f} % on {} test images\n  input       {}\n  model       {}\n",
      network.name, split.train.name, split.train.count, arguments.training.epochs,
      arguments.training.seed, arguments.data.options.seed,
      pruning::resolve_execution(arguments.training).text(), held_out, 100.0 * accuracy,
      split.test.count, input_text(network), arguments.output.string());
}

void run(const TrainArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  pruning::resolve_execution(arguments.training);  // before minutes are spent on reading
  const data::DataSplit split = data::load_data(arguments.data.source, arguments.data.options);
  const data::Dataset& images = split.train;
  network::Network network =
      network::make_network(arguments.network, {images.channels, images.height, images.width},
                            images.classes, arguments.training.seed);
  const auto statistics = data::channel_statistics(images);
  network.normalisation = {statistics.mean, statistics.std};
  note_origin(network, arguments, split);
  const bool held_out = split.validation.count > 0;
  pruning::train(network, images, arguments.training, log_epoch,
                 held_out ? &split.validation : nullptr);
  network::write_onnx(network, arguments.output);
  std::optional<double> validation;
  if (held_out) {
    validation = pruning::evaluate(network, split.validation);
    network.metadata["validation_accuracy"] = fmt::format("{:.4f}", *validation);
  }
  const double accuracy = pruning::evaluate(network, split.test);
  network.metadata["test_accuracy"] = fmt::format("{:.4f}", accuracy);
  network.metadata["test_images"] = std::to_string(split.test.count);
  network::write_onnx(network, arguments.output);
  nlohmann::json json = {{"network", network.name},
                         {"dataset", images.name},
                         {"seed", arguments.training.seed},
                         {"data_seed", arguments.data.options.seed},
                         {"train_images", images.count},
                         {"test_images", split.test.count},
                         {"epochs", arguments.training.epochs},
                         {"training", training_json(arguments.training)},
                         {"accuracy", accuracy},
                         {"model", arguments.output.string()}};
  if (validation) {
    json["validation_images"] = split.validation.count;
    json["validation_accuracy"] = *validation;
  }
  show_result(globals, report_text(network, arguments, split, accuracy, validation), json);
}

}  // namespace

void add_train(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<TrainArguments>();
  arguments->data.options.test_images = 0;
  CLI::App* command = add_command(
      app, globals, "train", "Train a network of the zoo from scratch and write it as ONNX.",
      "crossloop train --network resnet8 --data shapes --epochs 10 --output resnet8.onnx");
  command->add_option("--network", arguments->network, "network of the zoo")
      ->required()
      ->check(CLI::IsMember(network::zoo_names()));
  command->add_option("--output", arguments->output, "where the model goes")
      ->required()
      ->type_name("FILE.onnx");
  add_data_options(*command, arguments->data);
  add_train_images_option(*command, arguments->data);
  add_validation_option(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  add_training_options(*command, arguments->training);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
