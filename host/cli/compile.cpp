// crossloop compile: a model onto tiles.
#include "host/compiler/compile.hpp"

#include <spdlog/fmt/fmt.h>

#include <filesystem>

#include "host/cli/activation_range_option.hpp"
#include "host/cli/adc_range_option.hpp"
#include "host/cli/command.hpp"
#include "host/cli/deployment_table.hpp"
#include "host/cli/model.hpp"
#include "host/cli/options.hpp"
#include "host/cli/placement_options.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/calibrate.hpp"

namespace crossloop::cli {

namespace {

struct CompileArguments {
  ModelArguments model;
  std::filesystem::path output;
  std::filesystem::path frozen_model;
  DataArguments data = {.options = {.train_images = 256, .test_images = 1}};
  MappingArguments mapping;
  PlacementArguments placement;
  ActivationRangeArguments activations;
  AdcRangeArguments range;
};

void run(const CompileArguments& arguments, const Globals& globals) {
  network::Network network = read_model(arguments.model);
  warn_without_normalisation(network);
  Mapping mapping = find_mapping(arguments.mapping);
  choose_encoding(arguments.placement, mapping.tile);
  compiler::CompileOptions options = compile_options(arguments.placement);
  options.activations = activation_range(arguments.activations);
  const runtime::AdcRangeOptions range = adc_range(arguments.range);
  const auto images = data::load_data(arguments.data.source, arguments.data.options).train;
  auto deployment = compiler::compile(network, mapping.tile, mapping.device, images, options);
  const std::int64_t stuck = encode_known_faults(arguments.placement, deployment);
  runtime::calibrate_ideal(deployment, images, range);
  compiler::write_deployment(deployment, arguments.output);
  if (!arguments.frozen_model.empty()) network::write_onnx(network, arguments.frozen_model);
  nlohmann::json result = deployment_json(deployment);
  nlohmann::json& calibration = result["calibration"] = adc_range_json(range);
  calibration["dataset"] = images.name;
  calibration["data_seed"] = arguments.data.options.seed;
  calibration["images"] = images.count;
  calibration["activation_range"] = activation_range_text(options.activations);
  if (!arguments.placement.faults.empty()) result["stuck_cells"] = stuck;
  result["deployment"] = arguments.output.string();
  show_result(
      globals,
      deployment_table(deployment) + passes_text(deployment) +
          (arguments.placement.faults.empty()
               ? ""
               : fmt::format("encoded around {} stuck cells\n", stuck)) +
          fmt::format("ADC ranges for ideal tiles on {} images of {} (data seed {}), "
                      "{}\nactivation ranges on the same images, {}\ndeployment {}\n",
                      images.count, images.name, arguments.data.options.seed, adc_range_text(range),
                      activation_range_text(options.activations), arguments.output.string()),
      result);
}

}  // namespace

void add_compile(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<CompileArguments>();
  CLI::App* command = add_command(
      app, globals, "compile", "Quantise a model, place it on crossbars and set the ADC ranges.",
      "crossloop compile pruned.onnx --output net.xbar --tile 64x64c2 --device default");
  add_model_options(*command, arguments->model);
  command->add_option("--output", arguments->output, "where the deployment goes")
      ->required()
      ->type_name("FILE.xbar");
  command
      ->add_option("--frozen-model", arguments->frozen_model,
                   "also write the model with the weight scales that are now frozen")
      ->type_name("FILE.onnx");
  add_mapping_options(*command, arguments->mapping);
  add_placement_options(*command, arguments->placement);
  add_data_options(*command, arguments->data);
  command
      ->add_option("--calibration-images", arguments->data.options.train_images,
                   "training images that set the ranges of activations and ADCs")
      ->check(in_range(16, 100'000))
      ->capture_default_str();
  add_activation_range_options(*command, arguments->activations);
  add_adc_range_options(*command, arguments->range);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
