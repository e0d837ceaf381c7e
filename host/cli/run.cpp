// crossloop run: images through a programmed chip, and RTL against engine.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "host/cli/command.hpp"
#include "host/cli/cost_table.hpp"
#include "host/cli/counters.hpp"
#include "host/cli/devices.hpp"
#include "host/cli/layer_error_table.hpp"
#include "host/cli/options.hpp"
#include "host/cli/run_crossbar.hpp"
#include "host/cli/run_lanes.hpp"
#include "host/compiler/cost.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/compare.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"
#include "host/runtime/layer_errors.hpp"
#include "host/runtime/network_runner.hpp"

namespace crossloop::cli {

namespace {

struct RunArguments {
  std::filesystem::path deployment;
  DataArguments data;
  ChipArguments chip;
  bool compare = false;
  std::filesystem::path replay = "replay.json";
  std::string inject = "none";
  std::filesystem::path layer_errors;  ///< the model; empty: not asked for
  CrossbarArguments crossbar;
  LaneArguments lane;
};

/// What came out of the chip itself.
struct Outcome {
  double accuracy = 0.0;
  runtime::ConversionCounters counters;
  std::int64_t cycles = 0;
  double seconds = 0.0;
  int layers_on_device = 0;  ///< run by descriptors of their own, without arithmetic of the host
  int images_at_once = 0;
  std::optional<std::uint64_t> predicted;  ///< cycles, by drivers::descriptor_cycles()
};

runtime::RunOptions run_options(const RunArguments& arguments, const data::Dataset& images) {
  runtime::RunOptions options;
  options.noise_seed = arguments.chip.noise_seed;
  options.total_images = images.count;
  return options;
}

/// `errors` may be null.
Outcome run_on_chip(const compiler::Deployment& deployment, runtime::Backend& chip,
                    const data::Dataset& images, const runtime::RunOptions& options,
                    runtime::LayerErrors* errors) {
  Outcome outcome;
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  Clock::duration aside{};  // spent on the errors
  const auto observer = [&](const runtime::LayerEvent& event) {
    if (event.counters) outcome.counters += *event.counters;
    outcome.cycles += event.cycles;
    if (errors == nullptr) return;
    const auto begin = Clock::now();
    errors->observe(event);
    aside += Clock::now() - begin;
  };
  const auto logits = runtime::run_images(deployment, chip, images, options, observer);
  const std::chrono::duration<double> spent = Clock::now() - start - aside;
  outcome.seconds = spent.count();
  outcome.accuracy = runtime::accuracy_of(logits, images);
  return outcome;
}

/// Whole networks on a device: what it knows by descriptors, the rest as run_on_chip() does it.
Outcome run_on_device(const compiler::Deployment& deployment, runtime::DeviceBackend& device,
                      const data::Dataset& images, const runtime::RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  runtime::NetworkRunner runner(deployment, device, {.images = std::min(images.count, 16)});
  for (const runtime::PlanStep& step : runner.plan().steps) {
    if (step.on_device) continue;
    spdlog::info("layer {} ({}) stays with the host: {}", step.first,
                 deployment.layers[static_cast<std::size_t>(step.first)].name, step.reason);
  }
  const runtime::NetworkRun run = runner.run(images, options);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  return {.accuracy = runtime::accuracy_of(run.logits, images),
          .counters = run.counters,
          .cycles = run.cycles,
          .seconds = spent.count(),
          .layers_on_device = runner.plan().layers_on_device(),
          .images_at_once = runner.plan().images,
          .predicted = {}};
}

/// Images through the chip, and where its cycles are predicted how many they ought to be.
Outcome run_anywhere(const compiler::Deployment& deployment, runtime::Backend& chip,
                     const data::Dataset& images, const runtime::RunOptions& options,
                     runtime::LayerErrors* errors) {
  const drivers::PredictingTransport* prediction = prediction_behind(chip);
  const std::uint64_t before = prediction != nullptr ? prediction->predicted().busy : 0;
  auto* device = dynamic_cast<runtime::DeviceBackend*>(&chip);
  Outcome outcome = device != nullptr && errors == nullptr
                        ? run_on_device(deployment, *device, images, options)
                        : run_on_chip(deployment, chip, images, options, errors);
  if (prediction != nullptr) outcome.predicted = prediction->predicted().busy - before;
  return outcome;
}

/// What one image takes on a chip of published parts that holds every crossbar at once: for
/// comparison with the emulation, whose one tile stands for all.
compiler::ChipCost modelled_chip(const compiler::Deployment& deployment) {
  return compiler::estimate_cost(
      deployment, analog::find_components(analog::kDefaultComponents, config_root("components")),
      analog::find_adc_model(kDefaultAdcModel));
}

std::string latencies_text(const Outcome& outcome, const compiler::ChipCost& chip) {
  return fmt::format(
      "  emulation     {} cycles predicted, {} counted\n"
      "  modelled chip {} an image, an estimate ({})\n",
      *outcome.predicted, outcome.cycles, latency_text(chip), model_text(chip));
}

nlohmann::json emulation_json(const Outcome& outcome) {
  return {{"cycles_predicted", *outcome.predicted}, {"cycles_counted", outcome.cycles}};
}

nlohmann::json modelled_chip_json(const compiler::ChipCost& chip) {
  return {{"components", chip.components},
          {"adc_model", analog::adc_model_name(chip.adc_model)},
          {"sequential_ns", chip.sequential_ns},
          {"pipelined_ns", chip.pipelined_ns}};
}

/// The chip's cells in both the RTL and the engine, one image at a time.
runtime::Comparison compare(const RunArguments& arguments, const compiler::Deployment& deployment,
                            const analog::Device& device, const runtime::Backend& chip,
                            const data::Dataset& images) {
  const auto snapshot = chip.snapshot(static_cast<std::int32_t>(deployment.crossbars.size()));
  // A chip on RTL has taken the wave file.
  const bool traced = arguments.chip.on != "rtl";
  const auto rtl = open_backend("rtl", deployment.tile, device, arguments.chip.chip_seed,
                                {.trace = traced ? arguments.chip.trace : std::filesystem::path()});
  rtl->restore(snapshot);
  const bool faulty = arguments.inject == "engine-adc-rounding";
  runtime::EngineBackend engine(
      deployment.tile, device, arguments.chip.chip_seed,
      {.fault = faulty ? engine::Fault::kAdcTruncates : engine::Fault::kNone});
  engine.restore(snapshot);
  return runtime::compare_backends(deployment, *rtl, engine, images, run_options(arguments, images),
                                   arguments.replay);
}

nlohmann::json comparison_json(const runtime::Comparison& comparison) {
  nlohmann::json result = counters_json(comparison.counters);
  result.update({{"images", comparison.images},
                 {"integers", comparison.integers},
                 {"mismatches", comparison.mismatches},
                 {"cycles", comparison.cycles},
                 {"seconds", comparison.seconds}});
  if (comparison.first) result["first_mismatch"] = comparison.first->text();
  return result;
}

void require_match(const runtime::Comparison& comparison, const std::filesystem::path& replay) {
  if (comparison.mismatches == 0) return;
  const bool located = comparison.first.has_value();
  throw CheckFailed(fmt::format(
      "RTL and engine differ in {} of {} integers; first: {}", comparison.mismatches,
      comparison.integers,
      located ? comparison.first->text() + "; replay file: " + replay.string() : "counters only"));
}

std::string text_of(const Outcome& outcome, std::size_t layers) {
  std::string text = fmt::format(
      "  accuracy      {:.2f} %\n"
      "  ADC           {}\n"
      "  time          {:.2f} s, {} device cycles\n",
      100.0 * outcome.accuracy, counters_text(outcome.counters), outcome.seconds, outcome.cycles);
  if (outcome.images_at_once > 0) {
    text +=
        fmt::format("  device        {} of {} layers by descriptors only, images at a time: {}\n",
                    outcome.layers_on_device, layers, outcome.images_at_once);
  }
  return text;
}

nlohmann::json outcome_json(const Outcome& outcome) {
  nlohmann::json result = {{"accuracy", outcome.accuracy},
                           {"adc", counters_json(outcome.counters)},
                           {"cycles", outcome.cycles},
                           {"seconds", outcome.seconds}};
  if (outcome.images_at_once > 0) {
    result["layers_by_descriptors"] = outcome.layers_on_device;
    result["images_at_once"] = outcome.images_at_once;
  }
  return result;
}

void run(const RunArguments& arguments, const Globals& globals) {
  if (arguments.inject != "none" && !arguments.compare) {
    throw InputError("--inject plants a fault for a comparison to find: it needs --compare");
  }
  check_trace(arguments.chip.trace, arguments.chip.on == "rtl" || arguments.compare);
  const auto deployment = compiler::read_deployment(arguments.deployment);
  if (arguments.crossbar.crossbar) {
    return run_crossbar(arguments.crossbar, arguments.chip, deployment, globals);
  }
  const analog::Device device = find_chip_device(arguments.chip, deployment);
  const auto images = data::load_data(arguments.data.source, arguments.data.options).test;
  runtime::RunOptions options = run_options(arguments, images);
  std::optional<runtime::LayerErrors> errors;
  if (!arguments.layer_errors.empty()) {
    errors.emplace(deployment, network::read_onnx(arguments.layer_errors), images);
    options.batch = runtime::layer_errors_batch(deployment);
  }
  const auto chip = program_chip(arguments.chip, deployment, device);
  const Outcome outcome =
      run_anywhere(deployment, *chip, images, options, errors ? &*errors : nullptr);
  nlohmann::json result = outcome_json(outcome);
  result.update({{"network", deployment.network},
                 {"dataset", images.name},
                 {"data_seed", arguments.data.options.seed},
                 {"images", images.count},
                 {"chip", chip_json(arguments.chip, device)}});
  std::string text = fmt::format(
      "{} on {}, device {}, chip {} (noise seed {}), {} test images of {} (data seed {})\n",
      deployment.network, chip->name(), device.name, arguments.chip.chip_seed,
      arguments.chip.noise_seed, images.count, images.name, arguments.data.options.seed);
  text += text_of(outcome, deployment.layers.size());
  if (outcome.predicted) {
    const compiler::ChipCost modelled = modelled_chip(deployment);
    text += latencies_text(outcome, modelled);
    result["emulation"] = emulation_json(outcome);
    result["modelled_chip"] = modelled_chip_json(modelled);
  }
  if (errors) {
    result["layers"] = layer_error_json(errors->layers());
    text += "\n" + layer_error_table(errors->layers());
  }
  if (!arguments.compare) return show_result(globals, text, result);

  const auto comparison = compare(arguments, deployment, device, *chip, images);
  result["rtl"] = comparison_json(comparison);
  text += fmt::format("  RTL = engine  {} images, {} integers compared, {} mismatches, {:.2f} s\n",
                      comparison.images, comparison.integers, comparison.mismatches,
                      comparison.seconds);
  show_result(globals, text, result);
  require_match(comparison, arguments.replay);
}

}  // namespace

void add_run(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<RunArguments>();
  arguments->data.options.test_images = 100;
  arguments->chip.predict_cycles = true;
  CLI::App* command = add_command(
      app, globals, "run",
      "Program a chip and run test images on it, or one crossbar and run vectors on it; or digital "
      "lanes for pruned weights.",
      "crossloop run net.xbar --device-model demo --chip-seed 7 --images 2 --compare");
  command
      ->add_option("deployment", arguments->deployment,
                   "the deployment; with --on lanes also a model")
      ->required()
      ->type_name("FILE.xbar|MODEL.onnx");
  add_chip_options(*command, arguments->chip, {"engine", "rtl", "lanes"});
  add_lane_options(*command, arguments->lane);
  add_data_options(*command, arguments->data);
  add_test_images_option(*command, arguments->data);
  command->add_flag("--compare", arguments->compare,
                    "run the images on RTL and engine too, on the cells of this chip, and compare "
                    "every integer");
  command->add_option("--replay", arguments->replay, "where a mismatch leaves its replay file")
      ->type_name("FILE")
      ->capture_default_str();
  command
      ->add_option("--inject", arguments->inject,
                   "plant a fault that the comparison must find (negative control)")
      ->check(CLI::IsMember({"none", "engine-adc-rounding"}))
      ->capture_default_str();
  command
      ->add_option("--layer-errors", arguments->layer_errors,
                   "signal to error of every layer against this float model, the one compiled")
      ->type_name("MODEL.onnx");
  add_crossbar_options(*command, arguments->crossbar);
  command->callback([arguments, command, &globals] {
    if (arguments->chip.on == "lanes") {
      return run_lanes(arguments->lane, *command, arguments->deployment, arguments->data,
                       arguments->chip.trace, globals);
    }
    if (command->get_option("--lane")->count() > 0) throw InputError("--lane: needs --on lanes");
    run(*arguments, globals);
  });
}

}  // namespace crossloop::cli
