// crossloop run: images through a programmed chip, and RTL against engine.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "host/cli/command.hpp"
#include "host/cli/devices.hpp"
#include "host/cli/options.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/runtime/compare.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::cli {

namespace {

struct RunArguments {
  std::filesystem::path deployment;
  DataArguments data;
  ChipArguments chip;
  bool compare = false;
  std::filesystem::path replay = "replay.json";
  std::string inject = "none";
};

/// What came out of the chip itself.
struct Outcome {
  double accuracy = 0.0;
  runtime::ConversionCounters counters;
  std::int64_t cycles = 0;
  double seconds = 0.0;
};

runtime::RunOptions run_options(const RunArguments& arguments, const data::Dataset& images) {
  runtime::RunOptions options;
  options.noise_seed = arguments.chip.noise_seed;
  options.total_images = images.count;
  return options;
}

Outcome run_on_chip(const compiler::Deployment& deployment, runtime::Backend& chip,
                    const data::Dataset& images, const runtime::RunOptions& options) {
  Outcome outcome;
  const auto start = std::chrono::steady_clock::now();
  const auto logits = runtime::run_images(deployment, chip, images, options,
                                          [&outcome](const runtime::LayerEvent& event) {
                                            if (event.counters) outcome.counters += *event.counters;
                                            outcome.cycles += event.cycles;
                                          });
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  outcome.seconds = spent.count();
  outcome.accuracy = runtime::accuracy_of(logits, images);
  return outcome;
}

/// The chip's cells in both the RTL and the engine, one image at a time.
runtime::Comparison compare(const RunArguments& arguments, const compiler::Deployment& deployment,
                            const analog::Device& device, const runtime::Backend& chip,
                            const data::Dataset& images) {
  const auto snapshot = chip.snapshot(static_cast<std::int32_t>(deployment.crossbars.size()));
  const auto rtl = open_backend("rtl", deployment.tile, device, arguments.chip.chip_seed);
  rtl->restore(snapshot);
  const bool faulty = arguments.inject == "engine-adc-rounding";
  runtime::EngineBackend engine(
      deployment.tile, device, arguments.chip.chip_seed,
      {.fault = faulty ? engine::Fault::kAdcTruncates : engine::Fault::kNone});
  engine.restore(snapshot);
  return runtime::compare_backends(deployment, *rtl, engine, images, run_options(arguments, images),
                                   arguments.replay);
}

nlohmann::json counters_json(const runtime::ConversionCounters& counters) {
  return {{"column_reads", counters.column_reads},
          {"conversions", counters.conversions},
          {"clipped_low", counters.clipped_low},
          {"clipped_high", counters.clipped_high}};
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

std::string text_of(const Outcome& outcome) {
  const auto& counters = outcome.counters;
  const double clipped = static_cast<double>(counters.clipped_low + counters.clipped_high) /
                         static_cast<double>(std::max<std::int64_t>(counters.conversions, 1));
  return fmt::format(
      "  accuracy      {:.2f} %\n"
      "  ADC           {} column reads, {} conversions, {:.4f} % clipped\n"
      "  time          {:.2f} s, {} device cycles\n",
      100.0 * outcome.accuracy, counters.column_reads, counters.conversions, 100.0 * clipped,
      outcome.seconds, outcome.cycles);
}

void run(const RunArguments& arguments, const Globals& globals) {
  if (arguments.inject != "none" && !arguments.compare) {
    throw InputError("--inject plants a fault for a comparison to find: it needs --compare");
  }
  const auto deployment = compiler::read_deployment(arguments.deployment);
  const analog::Device device = find_chip_device(arguments.chip, deployment);
  const auto images = data::load_data(arguments.data.source, arguments.data.options).test;
  const auto chip = program_chip(arguments.chip, deployment, device);
  const Outcome outcome = run_on_chip(deployment, *chip, images, run_options(arguments, images));
  nlohmann::json result = {{"network", deployment.network},
                           {"dataset", images.name},
                           {"data_seed", arguments.data.options.seed},
                           {"images", images.count},
                           {"chip", chip_json(arguments.chip, device)},
                           {"accuracy", outcome.accuracy},
                           {"adc", counters_json(outcome.counters)},
                           {"cycles", outcome.cycles},
                           {"seconds", outcome.seconds}};
  std::string text = fmt::format(
      "{} on {}, device {}, chip {} (noise seed {}), {} test images of {} (data seed {})\n",
      deployment.network, chip->name(), device.name, arguments.chip.chip_seed,
      arguments.chip.noise_seed, images.count, images.name, arguments.data.options.seed);
  text += text_of(outcome);
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
  CLI::App* command =
      add_command(app, globals, "run", "Program a chip and run test images on it.",
                  "crossloop run net.xbar --device-model demo --chip-seed 7 --images 2 --compare");
  command->add_option("deployment", arguments->deployment, "the deployment")
      ->required()
      ->type_name("FILE.xbar");
  add_chip_options(*command, arguments->chip);
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
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
