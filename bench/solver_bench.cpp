// Time of the wire solver for one tile, alone and over Eigen's simplicial LDL^T of the full node
// system with all unit inputs.
#include <random>

#include "bench/figures.hpp"
#include "host/analog/wires.hpp"

namespace crossloop::bench {

namespace {

Eigen::MatrixXd random_cells(int size) {
  std::mt19937 rng(1);
  return Eigen::MatrixXd::NullaryExpr(size, size, [&](Eigen::Index, Eigen::Index) {
    return 5.0 + 45.0 * static_cast<double>(rng()) / 4294967296.0;
  });
}

struct Timing {
  double sweep_ms;
  double over_ldlt;
};

/// Both sides in turn: `runs` sweeps after each of `rounds` factorisations.
Timing measure(int size, int rounds, int runs) {
  const Eigen::MatrixXd g = random_cells(size);
  const analog::Wires wires;
  volatile double sink = analog::effective_conductance(g, wires)(0, 0);  // warms up
  std::vector<double> sweep, ldlt;
  for (int round = 0; round < rounds; ++round) {
    ldlt.push_back(seconds([&] { sink = effective_conductance_reference(g, wires)(0, 0); }));
    for (int run = 0; run < runs; ++run) {
      sweep.push_back(seconds([&] { sink = effective_conductance(g, wires)(0, 0); }));
    }
  }
  (void)sink;
  return {1e3 * median(sweep), median(sweep) / median(ldlt)};
}

Benchmark solver(int size, int rounds, int runs, double budget_ms) {
  const std::string name = "solver." + std::to_string(size);
  return {{name + "_ms", name + "_over_ldlt"}, [=] {
            const Timing timing = measure(size, rounds, runs);
            return std::map<std::string, Figure>{
                {name + "_ms", {timing.sweep_ms, "ms", budget_ms, Better::kSmaller}},
                {name + "_over_ldlt", {timing.over_ldlt, "ratio", 0.2, Better::kSmaller}}};
          }};
}

}  // namespace

Benchmark solver_64() { return solver(64, 5, 20, 3.0); }
Benchmark solver_128() { return solver(128, 3, 10, 40.0); }

}  // namespace crossloop::bench
