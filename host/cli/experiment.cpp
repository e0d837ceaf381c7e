// crossloop experiment: methods x settings x seeds on one network, as a configuration lists them.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/cli/command.hpp"
#include "host/cli/options.hpp"
#include "host/cli/training.hpp"
#include "host/error.hpp"
#include "host/experiment/counts.hpp"
#include "host/experiment/report.hpp"
#include "host/experiment/results_file.hpp"
#include "host/experiment/runner.hpp"
#include "host/files.hpp"

namespace crossloop::cli {

namespace {

struct ExperimentArguments {
  std::filesystem::path config;
  std::string size = "small";
  std::string data = "cifar10";
  std::filesystem::path cache, results, markdown;
  std::vector<std::string> only;
  std::vector<std::filesystem::path> imports;
  int threads = 0;
  bool list = false;
};

/// A folder for what can be made again: $XDG_CACHE_HOME/crossloop, else ~/.cache/crossloop.
std::filesystem::path cache_root() {
  for (const auto& [variable, below] :
       {std::pair("XDG_CACHE_HOME", "crossloop"), std::pair("HOME", ".cache/crossloop")}) {
    const char* folder = std::getenv(variable);
    if (folder != nullptr && *folder != '\0') return std::filesystem::path(folder) / below;
  }
  return std::filesystem::temp_directory_path() / "crossloop";
}

std::string command_line(const ExperimentArguments& arguments, const std::string& dataset) {
  return fmt::format("crossloop experiment {} --size {} --data {} --markdown FILE",
                     arguments.config.generic_string(), arguments.size, dataset);
}

void print_list(const experiment::Runner& runner, const std::vector<experiment::Job>& jobs) {
  for (const experiment::Job& job : jobs) {
    const auto result = runner.done(job);
    std::printf("%-32s seed %-6llu %s\n", job.run->name.c_str(),
                static_cast<unsigned long long>(job.seed),
                result ? ("done " + result->date).c_str() : "to do");
  }
}

/// Stores what other machines found under the settings that runs have here; what is done already
/// stays. The results of all files are read before any is stored.
void import_results(const std::vector<std::filesystem::path>& files,
                    const experiment::Runner& runner, experiment::ResultStore& store) {
  std::vector<std::vector<experiment::Result>> found;
  for (const auto& file : files) found.push_back(experiment::read_results(file));
  const auto jobs = runner.jobs({});
  for (std::size_t i = 0; i < files.size(); ++i) {
    int fitting = 0, added = 0;
    for (const experiment::Result& result : found[i]) {
      if (!runner.has(jobs, result)) continue;
      ++fitting;
      if (store.find(result)) continue;
      store.add(result);
      ++added;
    }
    spdlog::info("{}: {} of {} results have the setting of a run, {} of them are new",
                 files[i].string(), fitting, found[i].size(), added);
  }
}

/// Does them all. What one of them refuses does not keep the others from being done; returns the
/// refusals, a line each.
std::string perform_all(experiment::Runner& runner, const std::vector<experiment::Job>& jobs) {
  std::string refusals;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const std::string name = fmt::format("{}, seed {}", jobs[i].run->name, jobs[i].seed);
    spdlog::info("{} of {}: {}", i + 1, jobs.size(), name);
    try {
      runner.perform(jobs[i]);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& refusal) {
      spdlog::error("{}: {}", name, refusal.what());
      refusals += fmt::format("\n  {}: {}", name, refusal.what());
    }
  }
  return refusals;
}

/// Sets what is done side by side.
void report(const experiment::Experiment& plan, const experiment::Runner& runner,
            const ExperimentArguments& arguments, const std::string& dataset,
            const Globals& globals) {
  const auto all = runner.jobs({});
  std::vector<experiment::Result> results;
  for (const experiment::Job& job : all) {
    if (auto result = runner.done(job)) results.push_back(std::move(*result));
  }
  const auto missing = static_cast<int>(all.size() - results.size());
  const auto rows = experiment::rows_of(results);
  const auto counts = experiment::count_all(plan, config_root());
  const std::string page =
      experiment::markdown(plan, rows,
                           {.command = command_line(arguments, dataset), .missing = missing}) +
      experiment::counts_section(counts);
  if (!arguments.markdown.empty()) write_file(arguments.markdown, page);
  nlohmann::json json = experiment::to_json(rows);
  json["results"] = experiment::results_json(results);
  json["counts_only"] = experiment::to_json(counts);
  json["experiment"] = plan.name;
  json["size"] = plan.size;
  json["dataset"] = dataset;
  json["runs_without_result"] = missing;
  show_result(globals, page, json);
}

void run(const ExperimentArguments& arguments, const Globals& globals) {
  const experiment::Experiment plan = experiment::read_experiment(arguments.config, arguments.size);
  if (!arguments.markdown.empty()) require_writable(arguments.markdown);
  data::DataSplit split = data::load_data(
      arguments.data,
      {.seed = plan.data_seed, .train_images = plan.train_images, .test_images = plan.test_images});
  const experiment::Images images{std::move(split.train), std::move(split.test)};
  const experiment::Places places{
      .root = config_root(),
      .cache = arguments.cache.empty() ? cache_root() / "experiments" : arguments.cache,
      .version = CROSSLOOP_VERSION,
      .threads = arguments.threads};
  experiment::ResultStore store(arguments.results.empty() ? places.cache / "results.sqlite"
                                                          : arguments.results);
  experiment::Runner runner(
      plan, images, places, store,
      {.epoch = log_epoch, .step = [](const std::string& text) { spdlog::info("{}", text); }});
  import_results(arguments.imports, runner, store);
  const auto jobs = runner.jobs(arguments.only);
  if (arguments.list) return print_list(runner, jobs);
  const std::string refusals = perform_all(runner, jobs);
  report(plan, runner, arguments, images.train.name, globals);
  if (!refusals.empty()) {
    throw InputError(fmt::format("experiment {}: not done:{}", plan.name, refusals));
  }
}

}  // namespace

void add_experiment(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<ExperimentArguments>();
  CLI::App* command = add_command(
      app, globals, "experiment",
      "Prune networks by the methods, settings and seeds that a configuration lists, score them on "
      "ideal and modelled tiles, and compare them. What is done already is not done again; a "
      "stopped run goes on from its checkpoint.",
      "crossloop experiment configs/experiments/liang2018.toml --data DIR --markdown liang.md");
  command->add_option("config", arguments->config, "experiment (TOML)")
      ->required()
      ->type_name("CONFIG");
  command->add_option("--size", arguments->size, "which [size.NAME] of it")->capture_default_str();
  command->add_option("--data", arguments->data, kSourceText)->capture_default_str();
  command
      ->add_option(
          "--cache", arguments->cache,
          "where models and checkpoints are kept, by the hash of what makes them; default: "
          "~/.cache/crossloop/experiments")
      ->type_name("DIR");
  command
      ->add_option("--results", arguments->results,
                   "SQLite file with a row a run and seed; default: results.sqlite in the cache")
      ->type_name("FILE");
  command->add_option("--only", arguments->only, "only these runs; may be repeated")
      ->type_name("RUN");
  command
      ->add_option("--import", arguments->imports,
                   "take results from the --json file of another machine; may be repeated")
      ->type_name("FILE.json");
  command->add_option("--markdown", arguments->markdown, "write the comparison to this file, too")
      ->type_name("FILE.md");
  command->add_option("--threads", arguments->threads, "of trainings; 0: all cores")
      ->check(in_range(0, 4096))
      ->capture_default_str();
  command->add_flag("--list", arguments->list, "say what is done and what is not, run nothing");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
