// Which parts of a layer stay: least squares under a limit on how many coefficients are not zero.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace crossloop::pruning {

/// How the problem of solve_l0 is solved (methods.md 1.5).
enum class L0Solver {
  kRpp,     ///< gradient steps and a relaxed probabilistic projection, annealed
  kIht,     ///< gradient steps and hard thresholding: kRpp without relaxation
  kGreedy,  ///< forward: one part more at a time, that of the smallest loss
  kNorm     ///< the parts of the largest norm
};

/// Its name in options: rpp, iht, greedy, norm. Throws InputError for other words.
L0Solver l0_solver(const std::string& word);

struct L0Options {
  L0Solver solver = L0Solver::kRpp;
  int iterations = 200;  ///< projections, at least 1
  int dense_steps = 5;   ///< gradient steps before each, at least 1
  double relaxation =
      1.5;  ///< candidates over parts that stay, in the first projection; at least 1
  std::uint64_t seed = 1;
  std::uint64_t item = 0;  ///< which problem of the seed: each draws numbers of its own
};

struct L0Solution {
  std::vector<int> kept;            ///< rising, as many as were asked for
  Eigen::VectorXd coefficients;     ///< [n]; least squares on `kept`, 0 elsewhere
  double loss = 0.0;                ///< see solve_l0
  std::vector<double> loss_so_far;  ///< the best loss after each projection or step
};

/// Chooses `kept` of the n parts Z_g of Y = sum Z_g, and their coefficients beta, so that
///
///   L(beta) = 1/2 ||Y - sum_g beta_g Z_g||^2 = 1/2 (beta - 1)^T A (beta - 1),  A = Z^T Z
///
/// is small. `gram` is A [n][n], symmetric and positive semidefinite. In the spirit of Liang et al.
/// 2018 (methods.md 1.4, 1.5). Equal arguments give equal answers. Throws InputError where `gram`
/// is empty, not square or not finite, `kept` is not 0..n, or an option is out of its range.
L0Solution solve_l0(const Eigen::MatrixXd& gram, int kept, const L0Options& options = {});

/// Least squares on the parts `kept`, which is sorted. Throws as solve_l0 for `gram`; indices in
/// range are asserted by Eigen.
L0Solution fit_l0(const Eigen::MatrixXd& gram, const std::vector<int>& kept);

/// The smallest loss of all choices of `kept` parts, by trying each; for n up to 20 or so. Throws
/// as solve_l0.
double smallest_l0_loss(const Eigen::MatrixXd& gram, int kept);

}  // namespace crossloop::pruning
