// Runs the benchmarks and prints {NAME: {"value", "unit", "budget", "ok"}}.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/figures.hpp"
#include "host/error.hpp"
#include "host/files.hpp"

namespace crossloop::bench {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double seconds(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

namespace {

bool wanted(const std::string& name, const std::vector<std::string>& only) {
  return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

void check_known(const std::string& name, const std::vector<Benchmark>& all) {
  std::string known;
  for (const Benchmark& benchmark : all) {
    for (const std::string& one : benchmark.names) {
      if (one == name) return;
      known += " " + one;
    }
  }
  throw InputError("no benchmark is called '" + name + "', expected one of" + known);
}

nlohmann::json measure(const std::vector<std::string>& only) {
  std::vector<Benchmark> all = {rtl_core(),   engine_pages(), solver_64(),
                                solver_128(), solver_vgg11(), compile_vgg16_figures()};
  all.push_back(engine_check());
  for (Benchmark& network : whole_networks()) all.push_back(std::move(network));
  for (Benchmark& rate : engine_rates()) all.push_back(std::move(rate));
  for (Benchmark& lane : lane_cycles()) all.push_back(std::move(lane));
  for (Benchmark& size : solver_sizes()) all.push_back(std::move(size));
#ifdef CROSSLOOP_LIBTORCH
  all.push_back(training());
  all.push_back(evaluation());
  all.push_back(prune_steps());
  all.push_back(l0_solvers());
  for (Benchmark& ratio : engine_over_libtorch()) all.push_back(std::move(ratio));
#endif
  for (const std::string& name : only) check_known(name, all);
  nlohmann::json figures = nlohmann::json::object();
  for (const Benchmark& benchmark : all) {
    const auto& names = benchmark.names;
    if (std::none_of(names.begin(), names.end(),
                     [&](const std::string& name) { return wanted(name, only); })) {
      continue;
    }
    for (const auto& [name, figure] : benchmark.measure()) {
      if (!wanted(name, only)) continue;
      figures[name] = {{"value", figure.value},
                       {"unit", figure.unit},
                       {"budget", figure.budget},
                       {"ok", figure.ok()}};
      std::fprintf(stderr, "%-32s %12.5g %-8s budget %g%s\n", name.c_str(), figure.value,
                   figure.unit.c_str(), figure.budget, figure.ok() ? "" : "  MISSED");
    }
  }
  return figures;
}

}  // namespace
}  // namespace crossloop::bench

int main(int argc, char** argv) {
  CLI::App app{"Benchmarks of crossloop; ratios are taken in one run, both sides in turn."};
  std::vector<std::string> only;
  std::string json;
  app.add_option("--only", only, "measure this figure only; may be repeated")->type_name("NAME");
  app.add_option("--json", json, "write the figures to FILE")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(crossloop::ExitCode::kBadInput);
  }
  try {
    if (!json.empty()) crossloop::require_writable(json);
    const std::string text = crossloop::bench::measure(only).dump(1) + "\n";
    std::fputs(text.c_str(), stdout);
    if (!json.empty()) crossloop::write_file(json, text);
  } catch (const crossloop::Error& error) {
    std::fprintf(stderr, "crossloop_bench: %s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
