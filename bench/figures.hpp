// One measured figure of ./run bench, and how a file adds its own.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace crossloop::bench {

enum class Better { kSmaller, kLarger };

struct Figure {
  double value = 0.0;
  std::string unit;
  double budget = 0.0;
  Better better = Better::kSmaller;
  bool ok() const { return better == Better::kSmaller ? value <= budget : value >= budget; }
};

/// Figures that are measured together, in one run.
struct Benchmark {
  std::vector<std::string> names;
  std::function<std::map<std::string, Figure>()> measure;
};

Benchmark solver_64();
Benchmark solver_128();
std::vector<Benchmark> solver_sizes();  // beside those two
Benchmark solver_vgg11();
Benchmark rtl_core();
Benchmark engine_pages();
std::vector<Benchmark> whole_networks();
Benchmark compile_vgg16_figures();
std::vector<Benchmark> lane_cycles();
Benchmark engine_check();
std::vector<Benchmark> engine_rates();
std::vector<Benchmark> engine_over_libtorch();  // with LibTorch
Benchmark training();                           // with LibTorch
Benchmark evaluation();                         // with LibTorch
Benchmark prune_steps();                        // with LibTorch
Benchmark l0_solvers();                         // with LibTorch

/// Median of some timings; the vector is taken by value, since it is reordered.
double median(std::vector<double> values);

/// Wall-clock seconds of `action`.
double seconds(const std::function<void()>& action);

}  // namespace crossloop::bench
