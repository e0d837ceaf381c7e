// crossloop inspect: what is in a file.
#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/analog/components.hpp"
#include "host/cli/adc_accounting_table.hpp"
#include "host/cli/board_table.hpp"
#include "host/cli/command.hpp"
#include "host/cli/cost_table.hpp"
#include "host/cli/counts_table.hpp"
#include "host/cli/deployment_table.hpp"
#include "host/cli/map_options.hpp"
#include "host/cli/options.hpp"
#include "host/cli/placement_options.hpp"
#include "host/compiler/cost.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/network/layer_table.hpp"
#include "host/network/onnx_file.hpp"
#include "host/preset.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::cli {

namespace {

struct InspectArguments {
  std::filesystem::path file;
  std::filesystem::path deployment;
  std::string components;       ///< empty: analog::kDefaultComponents
  std::string adc_model;        ///< empty: kDefaultAdcModel
  std::string tile;             ///< models: count crossbars; empty: do not
  bool adc_accounting = false;  ///< deployments: that report instead of the tables
  MapArguments maps;
  std::string board;  ///< empty: fit no board
};

void inspect_model(const InspectArguments& arguments, const Globals& globals) {
  const network::Network network = network::read_onnx(arguments.file);
  std::string text = network::layer_table(network);
  nlohmann::json result = network::layer_table_json(network);
  if (!arguments.tile.empty()) {
    const auto tile = find_mapping({.tile = arguments.tile, .device = "default"}).tile;
    const auto counts = compiler::network_counts(network, network::infer_shapes(network), tile);
    text += "\n" + counts_table(counts, tile);
    result["crossbars"] = counts_json(counts);
  }
  show_result(globals, text, result);
}

/// The first option given that is about the crossbars of a deployment; "" where none was.
std::string crossbar_option(const InspectArguments& arguments) {
  if (!arguments.components.empty()) return "--components";
  if (!arguments.adc_model.empty()) return "--adc-model";
  return arguments.board.empty() ? arguments.maps.given() : "--board";
}

void account_adcs(const InspectArguments& arguments, const Globals& globals) {
  const std::string option = crossbar_option(arguments);
  if (!option.empty()) {
    throw InputError(fmt::format("{}: found {} beside --adc-accounting, a report that stands alone",
                                 arguments.file.string(), option));
  }
  const compiler::Deployment deployment = compiler::read_deployment(arguments.file);
  show_result(globals, adc_accounting_table(deployment),
              {{"adc_accounting", adc_accounting_json(deployment)}});
}

void inspect_deployment(const InspectArguments& arguments, const Globals& globals) {
  const auto given_or = [](const std::string& given, const char* fallback) {
    return given.empty() ? fallback : given;
  };
  const auto model = analog::find_adc_model(given_or(arguments.adc_model, kDefaultAdcModel));
  const auto table = analog::find_components(
      given_or(arguments.components, analog::kDefaultComponents), config_root("components"));
  const compiler::Deployment deployment = compiler::read_deployment(arguments.file);
  const compiler::ChipCost cost = compiler::estimate_cost(deployment, table, model);
  nlohmann::json result = deployment_json(deployment);
  result["cost"] = cost_json(cost);
  std::string text =
      deployment_table(deployment) + passes_text(deployment) + "\n" + cost_table(cost);
  const std::string maps = write_maps(arguments.maps, deployment);
  if (!maps.empty()) text += "\n" + maps;
  if (arguments.board.empty()) return show_result(globals, text, result);

  const runtime::Board board = runtime::read_board(
      find_preset("board", arguments.board, config_root("boards") / "configs" / "boards"));
  const runtime::BoardFit fit = runtime::fit_board(deployment, board);
  result["board"] = board_json(board, fit);
  show_result(globals, text + "\n" + board_table(board, fit), result);
  require_fit(board, fit);
}

/// Only a deployment has crossbars.
void refuse_deployment_options(const InspectArguments& arguments) {
  const std::string option =
      arguments.adc_accounting ? "--adc-accounting" : crossbar_option(arguments);
  if (option.empty()) return;
  throw InputError(fmt::format("{}: {} is for a deployment (.xbar): only there are crossbars",
                               arguments.file.string(), option));
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
  if (!arguments.tile.empty() && suffix != ".onnx") {
    throw InputError(arguments.file.string() +
                     ": --tile is for a model (.onnx): a deployment has its own");
  }
  if (suffix == ".xbar") {
    return arguments.adc_accounting ? account_adcs(arguments, globals)
                                    : inspect_deployment(arguments, globals);
  }
  refuse_deployment_options(arguments);
  if (suffix == ".onnx") return inspect_model(arguments, globals);
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
  command
      ->add_option("--tile", arguments->tile,
                   "models: crossbars of the dense network in three mappings on this tile, a TOML "
                   "file or a name in configs/tiles")
      ->type_name("FILE|NAME");
  command
      ->add_option(
          "--components", arguments->components,
          fmt::format("deployments: what the parts of the chip cost, a TOML file or a name in "
                      "configs/components; default: {}",
                      analog::kDefaultComponents))
      ->type_name("FILE|NAME");
  command
      ->add_option(
          "--adc-model", arguments->adc_model,
          fmt::format("deployments: energy of a conversion by resolution, one of {}; default: "
                      "{}",
                      analog::adc_model_names(), kDefaultAdcModel))
      ->type_name("NAME");
  add_map_options(*command, arguments->maps);
  command
      ->add_option("--board", arguments->board,
                   "deployments: what a board must have, and whether this one has it (else exit "
                   "code 1): a TOML file or a name in configs/boards")
      ->type_name("FILE|NAME");
  command->add_flag("--adc-accounting", arguments->adc_accounting,
                    "deployments: only the ADC energy that sparse tiles save, counted as work on "
                    "ADC-aware pruning counts it");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
