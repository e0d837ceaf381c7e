// crossloop: one command line over all rooms.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>

#include "host/cli/command.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/progress.hpp"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 a check failed or Ctrl-C, 2 bad usage or input, 3 device failure.\n"
    "Results go to stdout, the log to stderr. `crossloop COMMAND --help` shows an example.";

void set_up_log(const crossloop::cli::Globals& globals) {
  spdlog::set_default_logger(spdlog::stderr_color_mt("crossloop"));
  spdlog::set_pattern("[%H:%M:%S] %^%v%$");
  if (globals.verbose) spdlog::set_level(spdlog::level::debug);
  if (globals.quiet) {
    spdlog::set_level(spdlog::level::warn);
    crossloop::set_progress_enabled(false);
  }
}

int run(int argc, char** argv) {
  using namespace crossloop::cli;
  CLI::App app{"Takes neural networks to ReRAM crossbars and closes the loop with the hardware."};
  app.set_version_flag("--version", "crossloop " CROSSLOOP_VERSION);
  app.footer(kFooter);
  app.set_config("--config", "", "TOML file with options, a table for each command")
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  Globals globals;
  app.parse_complete_callback([&globals] {
    set_up_log(globals);
    if (!globals.json.empty()) crossloop::require_writable(globals.json);
  });
  add_commands(app, globals);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(crossloop::ExitCode::kBadInput);
  }
  if (app.get_subcommands().empty()) {
    std::fprintf(stderr, "crossloop: no command given\n\n%s", app.help().c_str());
    return static_cast<int>(crossloop::ExitCode::kBadInput);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  crossloop::install_interrupt_handler();
  try {
    return run(argc, argv);
  } catch (const crossloop::Error& error) {
    std::fprintf(stderr, "crossloop: %s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "crossloop: %s\n", error.what());
    return static_cast<int>(crossloop::ExitCode::kBadInput);
  }
}
