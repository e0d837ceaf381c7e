// crossloop loop: the main job.
#include "host/loop/loop.hpp"

#include <cstdio>
#include <map>

#include "host/cli/command.hpp"
#include "host/cli/devices.hpp"
#include "host/cli/options.hpp"
#include "host/report/report.hpp"

namespace crossloop::cli {

namespace {

struct LoopArguments {
  std::filesystem::path config;
  std::string data;
  std::string device;
  std::filesystem::path runs = "runs";
  std::string inject = "none";
  bool fresh = false;
  std::filesystem::path trace;
};

const std::map<std::string, loop::Inject> kInjections = {
    {"none", loop::Inject::kNone},
    {"rtl-cell", loop::Inject::kRtlCell},
    {"engine-adc-rounding", loop::Inject::kEngineAdcRounding}};

std::vector<std::string> names_of(const std::map<std::string, loop::Inject>& injections) {
  std::vector<std::string> names;
  for (const auto& [name, injection] : injections) names.push_back(name);
  return names;
}

/// `text` as a shell takes it for one word.
std::string shell_word(const std::string& text) {
  if (text.find_first_of(" \t'\"\\$&|;<>()*?[]#~`!") == std::string::npos) return text;
  std::string word = "'";
  for (const char letter : text) word += letter == '\'' ? "'\\''" : std::string(1, letter);
  return word + "'";
}

/// The command with all that decides the result; not where results go.
std::string command_of(const LoopArguments& arguments) {
  std::string command = "crossloop loop " + shell_word(arguments.config.string());
  if (!arguments.data.empty()) command += " --data " + shell_word(arguments.data);
  if (!arguments.device.empty()) command += " --device " + arguments.device;
  if (arguments.inject != "none") command += " --inject " + arguments.inject;
  return command;
}

void run(const LoopArguments& arguments, const Globals& globals) {
  loop::LoopConfig config = loop::read_loop_config(arguments.config, config_root());
  check_trace(arguments.trace,
              config.rtl_images > 0 || config.device == "rtl" || arguments.device == "rtl");
  if (!arguments.data.empty()) config.source = arguments.data;
  if (!arguments.device.empty()) config.device = arguments.device;
  config.inject = kInjections.at(arguments.inject);
  config.run_folder = arguments.runs / config.name;
  config.command = command_of(arguments);
  config.version = CROSSLOOP_VERSION;
  config.fresh = arguments.fresh;
  // One RTL device at a time; the last one, which verifies, leaves the wave file.
  const auto open = [&](const std::string& name, const compiler::TileFormat& tile,
                        const analog::Device& device, std::uint64_t chip_seed) {
    return open_backend(name, tile, device, chip_seed,
                        {.trace = name == "rtl" ? arguments.trace : std::filesystem::path()});
  };
  const loop::Summary summary = loop::run_loop(config, open);
  std::fputs(summary.table().c_str(), stdout);
  report::write_report(summary.json(), config.run_folder / "report.html");
  std::printf("  results        %s\n", (config.run_folder / "summary.json").c_str());
  std::printf("  report         %s\n", (config.run_folder / "report.html").c_str());
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
      ->type_name("NAME|DIR")
      ->take_last();
  command->add_option("--device", arguments->device, "device to program and measure")
      ->check(CLI::IsMember({"rtl", "engine"}));
  command->add_option("--runs", arguments->runs, "folder for results, one folder a run inside")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--inject", arguments->inject,
                   "plant a fault that the comparison must find (negative control)")
      ->check(CLI::IsMember(names_of(kInjections)))
      ->capture_default_str();
  command->add_flag("--fresh", arguments->fresh, "start over instead of resuming from checkpoints");
  add_trace_option(*command, arguments->trace);
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
