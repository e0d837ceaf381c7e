// Time of the wire solver for one tile, alone and over Eigen's simplicial LDL^T of the full node
// system with all unit inputs. Prints {NAME: {"value", "unit", "budget", "ok"}} to stdout.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <vector>

#include "host/analog/wires.hpp"

namespace {

using crossloop::analog::Wires;

Eigen::MatrixXd random_cells(int size) {
  std::mt19937 rng(1);
  return Eigen::MatrixXd::NullaryExpr(size, size, [&](Eigen::Index, Eigen::Index) {
    return 5.0 + 45.0 * static_cast<double>(rng()) / 4294967296.0;
  });
}

template <class Action>
double milliseconds(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Timing {
  double sweep_ms;
  double over_ldlt;
};

/// Both sides in turn: `runs` sweeps after each of `rounds` factorisations.
Timing measure(int size, int rounds, int runs) {
  const Eigen::MatrixXd g = random_cells(size);
  const Wires wires;
  volatile double sink = effective_conductance(g, wires)(0, 0);  // warms up, keeps the results
  std::vector<double> sweep, ldlt;
  for (int round = 0; round < rounds; ++round) {
    ldlt.push_back(milliseconds([&] { sink = effective_conductance_reference(g, wires)(0, 0); }));
    for (int run = 0; run < runs; ++run) {
      sweep.push_back(milliseconds([&] { sink = effective_conductance(g, wires)(0, 0); }));
    }
  }
  (void)sink;
  return {median(sweep), median(sweep) / median(ldlt)};
}

void print(const char* name, double value, const char* unit, double budget, bool last) {
  std::printf("  \"%s\": {\"value\": %.4g, \"unit\": \"%s\", \"budget\": %g, \"ok\": %s}%s\n", name,
              value, unit, budget, value <= budget ? "true" : "false", last ? "" : ",");
}

}  // namespace

int main() {
  constexpr double kRatioBudget = 0.2;
  const Timing small = measure(64, 5, 20);
  const Timing large = measure(128, 3, 10);
  std::puts("{");
  print("solver.64_ms", small.sweep_ms, "ms", 3.0, false);
  print("solver.128_ms", large.sweep_ms, "ms", 40.0, false);
  print("solver.64_over_ldlt", small.over_ldlt, "ratio", kRatioBudget, false);
  print("solver.128_over_ldlt", large.over_ldlt, "ratio", kRatioBudget, true);
  std::puts("}");
}
