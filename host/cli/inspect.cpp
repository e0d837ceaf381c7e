// crossloop inspect: what is in a file.
#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/deployment_table.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/network/layer_table.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::cli {

namespace {

struct InspectArguments {
  std::filesystem::path file;
  std::filesystem::path deployment;
};

void inspect_model(const std::filesystem::path& file, const Globals& globals) {
  const network::Network network = network::read_onnx(file);
  show_result(globals, network::layer_table(network), network::layer_table_json(network));
}

void inspect_deployment(const std::filesystem::path& file, const Globals& globals) {
  const compiler::Deployment deployment = compiler::read_deployment(file);
  show_result(globals, deployment_table(deployment), deployment_json(deployment));
}

void inspect_measurement(const InspectArguments& arguments, const Globals& globals) {
  if (arguments.deployment.empty()) {
    throw InputError(arguments.file.string() +
                     ": a measurement needs --deployment FILE.xbar, the deployment it is of");
  }
  const auto deployment = compiler::read_deployment(arguments.deployment);
  const auto measurement = runtime::read_measurement(deployment, arguments.file);
  const bool whole =
      measurement.page_count == static_cast<std::int64_t>(deployment.crossbars.size());
  nlohmann::json result = {{"network", deployment.network},
                           {"crossbars", deployment.crossbars.size()},
                           {"pages", measurement.page_count},
                           {"vectors", measurement.vectors},
                           {"max_standard_error", measurement.max_standard_error}};
  std::string text = fmt::format(
      "{}: {} of {} crossbars measured, {} vectors\n"
      "  largest standard error {:.3f} codes\n",
      deployment.network, measurement.page_count, deployment.crossbars.size(), measurement.vectors,
      measurement.max_standard_error);
  if (whole) {
    const double error = runtime::relative_weight_error(deployment, measurement);
    result["weight_error"] = error;
    text += fmt::format("  weight error {:.2f} % rms of the target weights\n", 100.0 * error);
  }
  show_result(globals, text, result);
}

void run(const InspectArguments& arguments, const Globals& globals) {
  const std::filesystem::path suffix = arguments.file.extension();
  if (suffix == ".onnx") return inspect_model(arguments.file, globals);
  if (suffix == ".xbar") return inspect_deployment(arguments.file, globals);
  if (suffix == ".h5") return inspect_measurement(arguments, globals);
  throw InputError(arguments.file.string() + ": suffix '" + suffix.string() +
                   "', expected .onnx (model), .xbar (deployment) or .h5 (measurement)");
}

}  // namespace

void add_inspect(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = add_command(app, globals, "inspect",
                                  "Show what is in a model, a deployment or a measurement.",
                                  "crossloop inspect runs/demo-shapes/deployment.xbar");
  command->add_option("file", arguments->file, ".onnx, .xbar or .h5")
      ->required()
      ->type_name("FILE");
  command->add_option("--deployment", arguments->deployment, "the deployment a measurement is of")
      ->type_name("FILE");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
