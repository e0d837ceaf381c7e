// The solvers of masks on 60 random problems, against the optimum by brute force (methods.md 1.5).
#include <map>
#include <string>

#include "bench/figures.hpp"
#include "tests/correlated_parts.hpp"

namespace crossloop::bench {

namespace {

constexpr int kProblems = 60;

/// Mean losses: of rpp over the optimum, and the ranking rpp < greedy < iht as ratios above 1.
std::map<std::string, Figure> measure() {
  const tests::LossRatios mean = tests::loss_ratios(kProblems);
  return {{"prune.rpp_over_optimum", {mean.rpp, "ratio", 1.2, Better::kSmaller}},
          {"prune.greedy_over_rpp", {mean.greedy / mean.rpp, "ratio", 1.0, Better::kLarger}},
          {"prune.iht_over_greedy", {mean.iht / mean.greedy, "ratio", 1.0, Better::kLarger}}};
}

}  // namespace

Benchmark l0_solvers() {
  return {{"prune.rpp_over_optimum", "prune.greedy_over_rpp", "prune.iht_over_greedy"}, measure};
}

}  // namespace crossloop::bench
