// What every command shares: global options, results on stdout, the log on stderr.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace crossloop::cli {

/// Options that every command takes.
struct Globals {
  std::filesystem::path json;  ///< --json FILE: the result for machines
  bool verbose = false;
  bool quiet = false;
};

/// A subcommand of `app` (the program, or a group of commands) with --json, -v and -q, and
/// `example` below its options.
CLI::App* add_command(CLI::App& app, Globals& globals, const std::string& name,
                      const std::string& description, const std::string& example);

/// Writes `result` to --json FILE where it was given.
void write_json(const Globals& globals, const nlohmann::json& result);

/// Prints `text` on stdout and writes `result` where --json was given.
void show_result(const Globals& globals, const std::string& text, const nlohmann::json& result);

/// Accepts low..high, and shows it so in --help.
template <class T>
CLI::Range in_range(T low, T high) {
  return CLI::Range(low, high, fmt::format("{}..{}", low, high));
}

/// An option for a seed, 0..2^32-1. (Without the check -1 would wrap around.)
template <class T>
CLI::Option* add_seed_option(CLI::App& command, const std::string& name, T& seed,
                             const std::string& description) {
  return command.add_option(name, seed, description)
      ->check(in_range(std::uint64_t{0}, std::uint64_t{0xFFFFFFFF}))
      ->capture_default_str();
}

/// The folder with configs/KIND/: the working directory if it has one, else that of the sources.
std::filesystem::path config_root(const std::string& kind = "devices");

/// Registers all commands this build has; those that need LibTorch say so where it is absent.
void add_commands(CLI::App& app, Globals& globals);

// One per file; each registers its command and what it does when chosen.
void add_train(CLI::App& app, Globals& globals);        // with LibTorch
void add_prune(CLI::App& app, Globals& globals);        // with LibTorch
void add_methods(CLI::App& app, Globals& globals);      // with LibTorch
void add_sensitivity(CLI::App& app, Globals& globals);  // with LibTorch
void add_finetune(CLI::App& app, Globals& globals);     // with LibTorch
void add_experiment(CLI::App& app, Globals& globals);   // with LibTorch
void add_evaluate(CLI::App& app, Globals& globals);
void add_compile(CLI::App& app, Globals& globals);
void add_program(CLI::App& app, Globals& globals);
void add_run(CLI::App& app, Globals& globals);
void add_measure(CLI::App& app, Globals& globals);
void add_loop(CLI::App& app, Globals& globals);  // with LibTorch
void add_inspect(CLI::App& app, Globals& globals);
void add_data(CLI::App& app, Globals& globals);
void add_solve(CLI::App& app, Globals& globals);
void add_report(CLI::App& app, Globals& globals);
void add_regress(CLI::App& app, Globals& globals);

}  // namespace crossloop::cli
