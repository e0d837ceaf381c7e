#include "host/cli/command.hpp"

#include <cstdio>

#include "host/files.hpp"

namespace crossloop::cli {

CLI::App* add_command(CLI::App& app, Globals& globals, const std::string& name,
                      const std::string& description, const std::string& example) {
  CLI::App* command = app.add_subcommand(name, description);
  command->add_option("--json", globals.json, "write the result to FILE as JSON")
      ->type_name("FILE");
  command->add_flag("-v,--verbose", globals.verbose, "log more");
  command->add_flag("-q,--quiet", globals.quiet, "log warnings only, no progress bar");
  command->footer("Example:\n  " + example);
  return command;
}

void write_json(const Globals& globals, const nlohmann::json& result) {
  if (globals.json.empty()) return;
  // Names in a model may be no UTF-8.
  write_file(globals.json,
             result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void show_result(const Globals& globals, const std::string& text, const nlohmann::json& result) {
  std::fputs(text.c_str(), stdout);
  write_json(globals, result);
}

std::filesystem::path config_root(const std::string& kind) {
  if (std::filesystem::is_directory("configs/" + kind)) return ".";
  return CROSSLOOP_SOURCE_DIR;
}

}  // namespace crossloop::cli
