// Time of the wire solver for one tile on one core, alone and over Eigen's simplicial LDL^T of the
// full node system with all unit inputs; time and memory against the size.
#include <random>

#include "bench/figures.hpp"
#include "bench/plain_ldlt.hpp"
#include "host/analog/wires.hpp"
#include "host/error.hpp"

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

/// Both sides in turn: `runs` sweeps after each of `rounds` factorisations, so many that both take
/// about as long. The ratio is taken round by round from all of them together: on a busy machine a
/// median of single sweeps would leave out the interruptions that a factorisation cannot escape.
Timing measure(int size, int rounds, int runs) {
  const Eigen::MatrixXd g = random_cells(size);
  const analog::Wires wires;
  const Eigen::MatrixXd expected = plain_ldlt(g, wires);  // both sides warm up
  if (!analog::effective_conductance(g, wires).isApprox(expected, 1e-9)) {
    throw CheckFailed("solver bench: sweep and LDL^T differ");
  }
  volatile double sink = 0.0;
  std::vector<double> sweeps, ratios;
  for (int round = 0; round < rounds; ++round) {
    const double ldlt = seconds([&] { sink = plain_ldlt(g, wires)(0, 0); });
    double total = 0.0;
    for (int run = 0; run < runs; ++run) {
      sweeps.push_back(seconds([&] { sink = effective_conductance(g, wires)(0, 0); }));
      total += sweeps.back();
    }
    ratios.push_back(total / runs / ldlt);
  }
  (void)sink;
  return {1e3 * median(sweeps), median(ratios)};
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

/// Memory is what the solver keeps between arrays; the cells and the result are not in it. Its
/// budget is three times the cells, and half a MiB.
std::map<std::string, Figure> measure_size(int size, int runs, double budget_ms) {
  const std::string name = "solver." + std::to_string(size);
  const double matrix_mib = size * size * sizeof(double) / 1048576.0;
  const Eigen::MatrixXd g = random_cells(size);
  analog::WireSolver solver{analog::Wires{}};
  volatile double sink = solver.solve(g)(0, 0);  // warms up
  std::vector<double> spent;
  for (int run = 0; run < runs; ++run) {
    spent.push_back(seconds([&] { sink = solver.solve(g)(0, 0); }));
  }
  (void)sink;
  return {{name + "_ms", {1e3 * median(spent), "ms", budget_ms, Better::kSmaller}},
          {name + "_mib",
           {static_cast<double>(solver.scratch_bytes()) / 1048576.0, "MiB", 0.5 + 3.0 * matrix_mib,
            Better::kSmaller}}};
}

Benchmark solver_size(int size, int runs, double budget_ms) {
  const std::string name = "solver." + std::to_string(size);
  return {{name + "_ms", name + "_mib"}, [=] { return measure_size(size, runs, budget_ms); }};
}

}  // namespace

/// From 128 upwards the budget grows with the work, size^4.
std::vector<Benchmark> solver_sizes() {
  return {solver_size(16, 200, 0.1), solver_size(32, 100, 0.5), solver_size(256, 5, 640.0),
          solver_size(512, 3, 10240.0)};
}

Benchmark solver_64() { return solver(64, 9, 30, 3.0); }
Benchmark solver_128() { return solver(128, 5, 30, 40.0); }

}  // namespace crossloop::bench
