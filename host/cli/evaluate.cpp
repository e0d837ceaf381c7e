// crossloop evaluate: the float accuracy of a model, or its output for given tensors.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <filesystem>
#include <string>
#include <vector>

#include "host/cli/command.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/tensor_inputs.hpp"
#include "host/files.hpp"
#ifdef CROSSLOOP_LIBTORCH
#include "pruning/train.hpp"
#else
#include "host/network/executor.hpp"
#endif

namespace crossloop::cli {

namespace {

struct EvaluateArguments {
  ModelArguments model;
  DataArguments data;
  std::vector<std::string> inputs;
  std::filesystem::path output;
};

#ifdef CROSSLOOP_LIBTORCH
constexpr const char* kExecutor = "LibTorch";
double float_accuracy(const network::Network& network, const data::Dataset& images) {
  return pruning::evaluate(network, images);
}
#else
constexpr const char* kExecutor = "Eigen";
double float_accuracy(const network::Network& network, const data::Dataset& images) {
  return network::accuracy(network, images);
}
#endif

void run_images(const EvaluateArguments& arguments, const Globals& globals) {
  const network::Network network = read_model(arguments.model);
  warn_without_normalisation(network);
  const data::Dataset images = data::load_data(arguments.data.source, arguments.data.options).test;
  const double accuracy = float_accuracy(network, images);
  const std::uint64_t seed = arguments.data.options.seed;
  show_result(globals,
              fmt::format("{} on {}, {} test images (data seed {})\n"
                          "  accuracy       {:.2f} % (float, {})\n  normalisation  {}\n",
                          network.name, images.name, images.count, seed, 100.0 * accuracy,
                          kExecutor, input_text(network)),
              {{"network", network.name},
               {"dataset", images.name},
               {"data_seed", seed},
               {"images", images.count},
               {"accuracy", accuracy},
               {"executor", kExecutor},
               {"normalisation", input_json(network)}});
}

void run_tensors(const EvaluateArguments& arguments, const Globals& globals) {
  require_writable(arguments.output);
  const network::Network network = read_model(arguments.model);
  const TensorInputs inputs = read_tensor_inputs(network, arguments.inputs);
  const NpyArray output = run_tensor_inputs(network, inputs);
  write_npy(arguments.output, output.shape, output.values);
  show_result(
      globals,
      fmt::format("{}: batch of {}\n  output  {} of shape [{}] in {}\n", network.name, inputs.batch,
                  network.output_name, fmt::join(output.shape, ", "), arguments.output.string()),
      {{"network", network.name},
       {"batch", inputs.batch},
       {"output", network.output_name},
       {"shape", output.shape},
       {"file", arguments.output.string()}});
}

}  // namespace

void add_evaluate(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<EvaluateArguments>();
  arguments->data.options.test_images = 0;
  CLI::App* command =
      add_command(app, globals, "evaluate",
                  "Measure the float accuracy of a model on test images, or run it on tensors.",
                  "crossloop evaluate resnet18.onnx --data imagenet/ --mean 0.485,0.456,0.406 "
                  "--std 0.229,0.224,0.225\n"
                  "  crossloop evaluate model.onnx --input x.npy --output y.npy");
  add_model_options(*command, arguments->model);
  add_data_options(*command, arguments->data);
  CLI::Option* images = command->get_option("--data");
  add_test_images_option(*command, arguments->data);
  CLI::Option* input =
      command
          ->add_option(
              "--input", arguments->inputs,
              "a tensor instead of images, batch first and used as it is; NAME= says which "
              "input it is for, where there are several")
          ->allow_extra_args(false)
          ->type_name("[NAME=]FILE.npy")
          ->excludes(images);
  command->add_option("--output", arguments->output, "where the output of the tensors goes")
      ->type_name("FILE.npy")
      ->needs(input);
  input->needs("--output");
  command->callback([arguments, &globals] {
    arguments->inputs.empty() ? run_images(*arguments, globals) : run_tensors(*arguments, globals);
  });
}

}  // namespace crossloop::cli
