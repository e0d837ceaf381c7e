// What every command shares: global options, results on stdout, the log on stderr.
#pragma once

#include <CLI/CLI.hpp>
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

/// A subcommand with --json, -v and -q, and `example` below its options.
CLI::App* add_command(CLI::App& app, Globals& globals, const std::string& name,
                      const std::string& description, const std::string& example);

/// Writes `result` to --json FILE where it was given.
void write_json(const Globals& globals, const nlohmann::json& result);

/// The folder with configs/: the working directory if it has one, else that of the sources.
std::filesystem::path config_root();

/// Registers all commands this build has; those that need LibTorch say so where it is absent.
void add_commands(CLI::App& app, Globals& globals);

// One per file; each registers its command and what it does when chosen.
void add_loop(CLI::App& app, Globals& globals);

}  // namespace crossloop::cli
