// crossloop loop: the main job.
#include "host/loop/loop.hpp"

#include <cstdio>
#include <map>

#include "host/cli/command.hpp"
#include "host/cli/devices.hpp"

namespace crossloop::cli {

namespace {

struct LoopArguments {
  std::filesystem::path config;
  std::string data;
  std::string device;
  std::filesystem::path runs = "runs";
  loop::Inject inject = loop::Inject::kNone;
  bool fresh = false;
};

const std::map<std::string, loop::Inject> kInjections = {
    {"none", loop::Inject::kNone},
    {"rtl-cell", loop::Inject::kRtlCell},
    {"engine-adc-rounding", loop::Inject::kEngineAdcRounding}};

void run(const LoopArguments& arguments, const Globals& globals) {
  loop::LoopConfig config = loop::read_loop_config(arguments.config, config_root());
  if (!arguments.data.empty()) config.source = arguments.data;
  if (!arguments.device.empty()) config.device = arguments.device;
  config.inject = arguments.inject;
  config.run_folder = arguments.runs / config.name;
  if (arguments.fresh) std::filesystem::remove_all(config.run_folder);
  const loop::Summary summary = loop::run_loop(config, open_backend);
  std::fputs(summary.table().c_str(), stdout);
  std::printf("  results        %s\n", (config.run_folder / "summary.json").c_str());
  write_json(globals, summary.json());
  loop::require_match(summary, config.run_folder);
}

}  // namespace

void add_loop(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<LoopArguments>();
  CLI::App* command = add_command(
      app, globals, "loop",
      "Train, prune, compile, program, measure, calibrate, fine-tune and verify a network.",
      "crossloop loop configs/demo/shapes.toml");
  command->add_option("config", arguments->config, "configuration of the loop (TOML)")
      ->required()
      ->type_name("CONFIG");
  command->add_option("--data", arguments->data, "data set in place of the configuration's")
      ->type_name("NAME|DIR");
  command->add_option("--device", arguments->device, "device to program and measure")
      ->check(CLI::IsMember({"rtl", "engine"}));
  command->add_option("--runs", arguments->runs, "folder for results, one folder a run inside")
      ->capture_default_str();
  command
      ->add_option("--inject", arguments->inject,
                   "plant a fault that the comparison must find (negative control)")
      ->transform(CLI::CheckedTransformer(kInjections));
  command->add_flag("--fresh", arguments->fresh, "start over instead of resuming from checkpoints");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
