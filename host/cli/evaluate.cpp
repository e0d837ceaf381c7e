// crossloop evaluate: the float accuracy of a model.
#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/network/onnx_file.hpp"
#ifdef CROSSLOOP_LIBTORCH
#include "pruning/train.hpp"
#else
#include "host/network/executor.hpp"
#endif

namespace crossloop::cli {

namespace {

struct EvaluateArguments {
  std::filesystem::path model;
  DataArguments data;
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

void run(const EvaluateArguments& arguments, const Globals& globals) {
  const network::Network network = network::read_onnx(arguments.model);
  const data::Dataset images = data::load_data(arguments.data.source, arguments.data.options).test;
  const double accuracy = float_accuracy(network, images);
  const auto& normalisation = network.normalisation;
  const std::uint64_t seed = arguments.data.options.seed;
  show_result(globals,
              fmt::format("{} on {}, {} test images (data seed {})\n"
                          "  accuracy       {:.2f} % (float, {})\n  normalisation  {}\n",
                          network.name, images.name, images.count, seed, 100.0 * accuracy,
                          kExecutor, normalisation_text(normalisation)),
              {{"network", network.name},
               {"dataset", images.name},
               {"data_seed", seed},
               {"images", images.count},
               {"accuracy", accuracy},
               {"executor", kExecutor},
               {"normalisation", {{"mean", normalisation.mean}, {"std", normalisation.std}}}});
}

}  // namespace

void add_evaluate(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command =
      add_command(app, globals, "evaluate", "Measure the float accuracy of a model on test images.",
                  "crossloop evaluate runs/demo-shapes/pruned.onnx --data shapes --images 2000");
  command->add_option("model", arguments->model, "the model")->required()->type_name("FILE.onnx");
  add_data_options(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
