// crossloop train: a network of the zoo, from scratch.
#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/cli/command.hpp"
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

void run(const TrainArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  const data::DataSplit split = data::load_data(arguments.data.source, arguments.data.options);
  const data::Dataset& images = split.train;
  network::Network network =
      network::make_network(arguments.network, {images.channels, images.height, images.width},
                            images.classes, arguments.training.seed);
  const auto statistics = data::channel_statistics(images);
  network.normalisation = {statistics.mean, statistics.std};
  network.metadata["seed"] = std::to_string(arguments.training.seed);
  network.metadata["dataset"] = images.name;
  pruning::train(network, images, arguments.training, log_epoch);
  network::write_onnx(network, arguments.output);
  const double accuracy = pruning::evaluate(network, split.test);
  show_result(globals,
              fmt::format("{} on {}: {} training images, {} epochs, seed {}, data seed {}\n"
                          "  accuracy  {:.2f} % on {} test images\n  model     {}\n",
                          network.name, images.name, images.count, arguments.training.epochs,
                          arguments.training.seed, arguments.data.options.seed, 100.0 * accuracy,
                          split.test.count, arguments.output.string()),
              {{"network", network.name},
               {"dataset", images.name},
               {"seed", arguments.training.seed},
               {"data_seed", arguments.data.options.seed},
               {"train_images", images.count},
               {"test_images", split.test.count},
               {"epochs", arguments.training.epochs},
               {"accuracy", accuracy},
               {"model", arguments.output.string()}});
}

}  // namespace

void add_train(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<TrainArguments>();
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
  add_test_images_option(*command, arguments->data);
  add_training_options(*command, arguments->training);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
