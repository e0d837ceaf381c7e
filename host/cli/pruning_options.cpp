#include "host/cli/pruning_options.hpp"

#include <spdlog/fmt/fmt.h>

#include "host/error.hpp"

namespace crossloop::cli {

void add_method_options(CLI::App& command, MethodArguments& arguments) {
  command
      .add_option("--method", arguments.name,
                  "how to prune; `crossloop methods` lists all, with their options")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--set", arguments.settings,
                  "an option of the method; may be given for each of them")
      ->allow_extra_args(false)
      ->type_name("OPTION=VALUE");
}

pruning::MethodOptions method_options(const pruning::MethodInfo& info,
                                      const std::vector<std::string>& settings) {
  pruning::MethodOptions::Given given;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw InputError("--set: found '" + setting + "', expected OPTION=VALUE");
    }
    const std::string name = setting.substr(0, equals);
    if (!given.emplace(name, setting.substr(equals + 1)).second) {
      throw InputError("--set: option " + name + " found twice, expected once");
    }
  }
  return {info.name, info.options, given};
}

void add_policy_options(CLI::App& command, pruning::LayerPolicy& policy) {
  command.add_flag("!--prune-first", policy.keep_first,
                   "the first Conv or Linear may lose weights too");
  command.add_flag("!--prune-last", policy.keep_last,
                   "the last Conv or Linear may lose weights too");
  command.add_option("--keep", policy.keep, "layers that stay as they are, by name")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NODE,...");
}

nlohmann::json method_json(const pruning::MethodInfo& info) {
  auto options = nlohmann::json::array();
  for (const pruning::OptionSpec& spec : info.options) {
    options.push_back({{"name", spec.name},
                       {"default", spec.standard},
                       {"range", pruning::range_text(spec)},
                       {"help", spec.help}});
  }
  return {{"name", info.name},
          {"summary", info.summary},
          {"source", info.source},
          {"options", options}};
}

std::string method_text(const pruning::MethodInfo& info, const pruning::MethodOptions& options) {
  std::string text = info.name;
  const char* separator = ": ";
  for (const auto& [name, value] : options.values()) {
    if (value.empty()) continue;
    text += fmt::format("{}{} {}", separator, name, value);
    separator = ", ";
  }
  return text;
}

}  // namespace crossloop::cli
