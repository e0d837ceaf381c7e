#include "pruning/l0_solver.hpp"

#include <spdlog/fmt/fmt.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "host/data/random_draws.hpp"
#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Indices = std::vector<int>;

constexpr std::uint32_t kProjectionPurpose = 0x4C30;
constexpr int kUnchangedUntilStop = 5;
/// Relative to the mean of the diagonal: parts may be linear in others.
constexpr double kRidge = 1e-6;

double loss_of(const MatrixXd& gram, const VectorXd& beta) {
  const VectorXd error = beta - VectorXd::Ones(beta.size());
  return std::max(0.0, 0.5 * error.dot(gram * error));
}

/// The coefficients of least loss with the parts `kept` alone.
L0Solution least_squares(const MatrixXd& gram, Indices kept) {
  std::sort(kept.begin(), kept.end());
  const auto n = gram.rows();
  L0Solution solution{.kept = kept, .coefficients = VectorXd::Zero(n), .loss_so_far = {}};
  if (static_cast<Eigen::Index>(kept.size()) == n) {
    solution.coefficients.setOnes();
    return solution;
  }
  if (!kept.empty()) {
    MatrixXd part = gram(kept, kept);
    const VectorXd target = gram.rowwise().sum()(kept);
    const double ridge = kRidge * part.trace() / static_cast<double>(kept.size());
    part.diagonal().array() += ridge > 0.0 ? ridge : 1.0;
    const VectorXd found = part.llt().solve(target);
    solution.coefficients(kept) = found;
  }
  solution.loss = loss_of(gram, solution.coefficients);
  return solution;
}

/// The `count` indices of the largest keys; of equal ones the first.
Indices largest(const VectorXd& keys, const Indices& of, int count) {
  Indices sorted = of;
  std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) { return keys(a) > keys(b); });
  sorted.resize(static_cast<std::size_t>(count));
  return sorted;
}

Indices all_of(const MatrixXd& gram) {
  Indices all(static_cast<std::size_t>(gram.rows()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// `count` of `candidates` without replacement, with chances as `weights` (Efraimidis and Spirakis
/// 2006): the largest u^(1/weight), as logarithms, since the powers underflow.
Indices draw(const VectorXd& weights, const Indices& candidates, int count,
             data::RandomDraws& draws) {
  const double top = weights.maxCoeff();
  VectorXd keys = VectorXd::Constant(weights.size(), -std::numeric_limits<double>::infinity());
  for (const int g : candidates) {
    const double u = (static_cast<double>(draws.word()) + 0.5) / 4294967296.0;
    if (weights(g) > 0.0) keys(g) = std::log(u) / (weights(g) / top);
  }
  return largest(keys, candidates, count);
}

L0Solution project_repeatedly(const MatrixXd& gram, int kept, double relaxation,
                              const L0Options& options) {
  const Indices all = all_of(gram);
  const auto n = static_cast<int>(gram.rows());
  const VectorXd norms = gram.diagonal().cwiseMax(0.0).cwiseSqrt();
  const double steepest = Eigen::SelfAdjointEigenSolver<MatrixXd>(gram, Eigen::EigenvaluesOnly)
                              .eigenvalues()
                              .maxCoeff();
  const double step = steepest > 0.0 ? 1.0 / steepest : 0.0;
  data::RandomDraws draws(options.seed, kProjectionPurpose, options.item);
  VectorXd beta = VectorXd::Ones(n);
  std::optional<L0Solution> best;
  std::vector<double> history;
  Indices former;
  for (int t = 0, unchanged = 0; t < options.iterations && unchanged < kUnchangedUntilStop; ++t) {
    for (int s = 0; s < options.dense_steps; ++s) {
      beta -= step * (gram * (beta - VectorXd::Ones(n)));
    }
    const double past =
        options.iterations > 1 ? static_cast<double>(t) / (options.iterations - 1) : 1;
    const double rho = 1.0 + (relaxation - 1.0) * (1.0 - past);
    const int wide = std::min(n, static_cast<int>(std::ceil(rho * kept - 1e-9)));
    const VectorXd weights = beta.cwiseAbs().cwiseProduct(norms);
    const Indices candidates = largest(weights, all, wide);
    Indices chosen = wide == kept ? candidates : draw(weights, candidates, kept, draws);
    std::sort(chosen.begin(), chosen.end());
    VectorXd projected = VectorXd::Zero(n);
    projected(chosen) = beta(chosen);
    beta = projected;
    L0Solution scored = least_squares(gram, chosen);
    if (!best || scored.loss < best->loss) best = std::move(scored);
    history.push_back(best->loss);
    unchanged = wide == kept && chosen == former ? unchanged + 1 : 0;
    former = std::move(chosen);
  }
  best->loss_so_far = std::move(history);
  return *best;
}

L0Solution forward(const MatrixXd& gram, int kept) {
  L0Solution best = least_squares(gram, {});
  std::vector<double> history;
  while (static_cast<int>(best.kept.size()) < kept) {
    std::optional<L0Solution> next;
    for (const int g : all_of(gram)) {
      if (std::binary_search(best.kept.begin(), best.kept.end(), g)) continue;
      Indices more = best.kept;
      more.push_back(g);
      L0Solution scored = least_squares(gram, std::move(more));
      if (!next || scored.loss < next->loss) next = std::move(scored);
    }
    best = std::move(*next);
    history.push_back(best.loss);
  }
  best.loss_so_far = std::move(history);
  return best;
}

void check(const MatrixXd& gram, int kept, const L0Options& options) {
  if (gram.rows() == 0 || gram.rows() != gram.cols()) {
    throw InputError(fmt::format("l0 solver: Gram matrix of {} x {}, expected a square one",
                                 gram.rows(), gram.cols()));
  }
  if (!gram.allFinite()) throw InputError("l0 solver: Gram matrix has an entry that is not finite");
  if (kept < 0 || kept > gram.rows()) {
    throw InputError(
        fmt::format("l0 solver: {} parts to keep, expected 0 to {}", kept, gram.rows()));
  }
  if (options.iterations < 1 || options.dense_steps < 1 || !(options.relaxation >= 1.0)) {
    throw InputError(
        fmt::format("l0 solver: iterations {}, dense_steps {}, relaxation {}, expected at least 1",
                    options.iterations, options.dense_steps, options.relaxation));
  }
}

}  // namespace

L0Solver l0_solver(const std::string& word) {
  if (word == "rpp") return L0Solver::kRpp;
  if (word == "iht") return L0Solver::kIht;
  if (word == "greedy") return L0Solver::kGreedy;
  if (word == "norm") return L0Solver::kNorm;
  throw InputError("solver " + word + ": expected rpp, iht, greedy or norm");
}

L0Solution solve_l0(const MatrixXd& gram, int kept, const L0Options& options) {
  check(gram, kept, options);
  if (kept == 0 || kept == gram.rows()) {
    Indices ends = all_of(gram);
    ends.resize(static_cast<std::size_t>(kept));
    return least_squares(gram, std::move(ends));
  }
  switch (options.solver) {
    case L0Solver::kRpp:
      return project_repeatedly(gram, kept, options.relaxation, options);
    case L0Solver::kIht:
      return project_repeatedly(gram, kept, 1.0, options);
    case L0Solver::kGreedy:
      return forward(gram, kept);
    case L0Solver::kNorm:
      break;
  }
  return least_squares(gram, largest(gram.diagonal(), all_of(gram), kept));
}

L0Solution fit_l0(const MatrixXd& gram, const Indices& kept) {
  check(gram, static_cast<int>(kept.size()), {});
  return least_squares(gram, kept);
}

double smallest_l0_loss(const MatrixXd& gram, int kept) {
  check(gram, kept, {});
  std::vector<bool> chosen(static_cast<std::size_t>(gram.rows()), false);
  std::fill(chosen.begin(), chosen.begin() + kept, true);
  double smallest = std::numeric_limits<double>::infinity();
  do {
    Indices subset;
    for (const int g : all_of(gram)) {
      if (chosen[static_cast<std::size_t>(g)]) subset.push_back(g);
    }
    smallest = std::min(smallest, least_squares(gram, std::move(subset)).loss);
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  return smallest;
}

}  // namespace crossloop::pruning
