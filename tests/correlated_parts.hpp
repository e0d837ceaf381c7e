// Random problems for the solver of masks, and how far from the optimum each way of solving ends.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <random>

#include "pruning/l0_solver.hpp"

namespace crossloop::tests {

/// The Gram matrix of 16 parts that share 8 causes: parts = causes * mixture + 0.3 noise, each of a
/// size of its own, 2^-1 to 2.
inline Eigen::MatrixXd correlated_gram(unsigned seed) {
  constexpr int kParts = 16;
  constexpr int kCauses = 8;
  constexpr int kSamples = 64;
  std::mt19937 rng(seed);
  const auto uniform = [&] { return static_cast<double>(rng()) / 2147483648.0 - 1.0; };
  const auto random = [&](int rows, int columns) {
    return Eigen::MatrixXd::NullaryExpr(rows, columns, [&] { return uniform(); }).eval();
  };
  Eigen::MatrixXd parts = random(kSamples, kCauses) * random(kCauses, kParts);
  parts += 0.3 * random(kSamples, kParts);
  for (int g = 0; g < kParts; ++g) parts.col(g) *= std::exp2(uniform());
  return parts.transpose() * parts;
}

/// Means over problems of loss / smallest loss.
struct LossRatios {
  double rpp = 0.0, greedy = 0.0, iht = 0.0, norm = 0.0;
};

/// Of the problems 1..count, half of 16 parts kept.
inline LossRatios loss_ratios(int count) {
  LossRatios mean;
  for (int problem = 1; problem <= count; ++problem) {
    const Eigen::MatrixXd gram = correlated_gram(static_cast<unsigned>(problem));
    const double share = 1.0 / count / pruning::smallest_l0_loss(gram, 8);
    const auto loss = [&](pruning::L0Solver solver) {
      return share * pruning::solve_l0(gram, 8, {.solver = solver}).loss;
    };
    mean.rpp += loss(pruning::L0Solver::kRpp);
    mean.greedy += loss(pruning::L0Solver::kGreedy);
    mean.iht += loss(pruning::L0Solver::kIht);
    mean.norm += loss(pruning::L0Solver::kNorm);
  }
  return mean;
}

}  // namespace crossloop::tests
