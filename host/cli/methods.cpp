// crossloop methods: the pruning methods and their options.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <memory>

#include "host/cli/command.hpp"
#include "host/cli/pruning_options.hpp"

namespace crossloop::cli {

namespace {

std::string description(const pruning::MethodInfo& info) {
  std::string text = fmt::format("{}\n  {}\n  source: {}\n", info.name, info.summary, info.source);
  std::size_t width = 0;
  for (const pruning::OptionSpec& spec : info.options) width = std::max(width, spec.name.size());
  for (const pruning::OptionSpec& spec : info.options) {
    text +=
        fmt::format("  {:<{}}  {} ({})\n", spec.name, width, spec.help, pruning::range_text(spec));
  }
  return text;
}

void run(const std::string& name, const Globals& globals) {
  std::string text;
  auto all = nlohmann::json::array();
  const auto add = [&](const pruning::MethodInfo& info) {
    text += (text.empty() ? "" : "\n") + description(info);
    all.push_back(method_json(info));
  };
  if (name.empty()) {
    for (const pruning::MethodInfo& info : pruning::methods()) add(info);
  } else {
    add(pruning::find_method(name));
  }
  show_result(globals, text, {{"methods", all}});
}

}  // namespace

void add_methods(CLI::App& app, Globals& globals) {
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      add_command(app, globals, "methods", "List the pruning methods, their sources and options.",
                  "crossloop methods column_grain");
  command->add_option("name", *name, "only this one")->type_name("METHOD");
  command->callback([name, &globals] { run(*name, globals); });
}

}  // namespace crossloop::cli
