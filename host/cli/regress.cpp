// crossloop regress: gates over the results of one or several seeds.
#include <cstdio>
#include <memory>

#include "host/cli/command.hpp"
#include "host/error.hpp"
#include "host/regression/history.hpp"
#include "host/report/report.hpp"

namespace crossloop::cli {

namespace {

struct RegressArguments {
  std::filesystem::path config;
  std::vector<std::filesystem::path> summaries;
  std::filesystem::path history;
};

void run(const RegressArguments& arguments, const Globals& globals) {
  const regression::Regression regression = regression::read_regression(arguments.config);
  std::vector<regression::Run> runs;
  for (const auto& path : arguments.summaries) {
    runs.push_back({path.string(), report::read_summary(path)});
  }
  std::unique_ptr<regression::History> history;
  std::vector<regression::Run> baseline;
  if (!arguments.history.empty()) {
    history = std::make_unique<regression::History>(arguments.history);
    baseline = history->latest_passed(regression.name);
  }
  const auto results = regression::evaluate(regression, runs, baseline);
  const bool passed = regression::all_passed(results);
  if (history) {
    history->append({regression.name, utc_now(), CROSSLOOP_VERSION, passed}, runs);
  }
  std::fputs(regression::table(regression, results).c_str(), stdout);
  write_json(globals, regression::to_json(regression, results));
  if (passed) return;
  std::string failed;
  for (const regression::GateResult& result : results) {
    if (!result.passed) failed += (failed.empty() ? "" : ", ") + result.gate.name;
  }
  throw CheckFailed(arguments.config.string() + ": failed: " + failed);
}

}  // namespace

void add_regress(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<RegressArguments>();
  CLI::App* command = add_command(
      app, globals, "regress", "Hold the results of one or several seeds against gates.",
      "crossloop regress configs/regressions/demo.toml --summary runs/demo-shapes");
  command->add_option("config", arguments->config, "gates (TOML)")->required()->type_name("CONFIG");
  command
      ->add_option("--summary", arguments->summaries,
                   "summary.json of a run, or its folder; one for each seed")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--history", arguments->history,
                   "SQLite file to append the results to, and to take the baseline from")
      ->type_name("FILE");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
