#include "pruning/l0_solver.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/error.hpp"
#include "tests/correlated_parts.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr L0Solver kAll[] = {L0Solver::kRpp, L0Solver::kIht, L0Solver::kGreedy, L0Solver::kNorm};

TEST(L0Solver, KeepsExactlyAsManyPartsAsAskedFor) {
  const Eigen::MatrixXd gram = tests::correlated_gram(3);
  for (const L0Solver solver : kAll) {
    for (int kept = 0; kept <= 16; ++kept) {
      const L0Solution found = solve_l0(gram, kept, {.solver = solver, .iterations = 20});
      EXPECT_EQ(found.kept.size(), static_cast<std::size_t>(kept));
      EXPECT_TRUE(std::is_sorted(found.kept.begin(), found.kept.end()));
      EXPECT_LE((found.coefficients.array() != 0.0).count(), kept);
      const Eigen::VectorXd error = found.coefficients - Eigen::VectorXd::Ones(16);
      EXPECT_NEAR(found.loss, 0.5 * error.dot(gram * error), 1e-9 * gram.trace());
    }
  }
}

TEST(L0Solver, LosesNothingWhereAllPartsStay) {
  for (const L0Solver solver : kAll) {
    const L0Solution found = solve_l0(tests::correlated_gram(4), 16, {.solver = solver});
    EXPECT_EQ(found.loss, 0.0);
    EXPECT_EQ(found.coefficients, Eigen::VectorXd::Ones(16));
  }
}

TEST(L0Solver, NeverForgetsABetterMask) {
  const L0Solution found = solve_l0(tests::correlated_gram(5), 8);
  ASSERT_GT(found.loss_so_far.size(), 10U);
  EXPECT_TRUE(std::is_sorted(found.loss_so_far.rbegin(), found.loss_so_far.rend()));
  EXPECT_LT(found.loss_so_far.back(), found.loss_so_far.front());
  EXPECT_EQ(found.loss, found.loss_so_far.back());
}

TEST(L0Solver, KeepsTheLargestOfOrthogonalPartsWithoutRelaxation) {
  const Eigen::MatrixXd gram = Eigen::VectorXd{{4.0, 9.0, 1.0, 16.0, 2.0}}.asDiagonal();
  for (const L0Solver solver : {L0Solver::kIht, L0Solver::kGreedy, L0Solver::kNorm}) {
    EXPECT_THAT(solve_l0(gram, 3, {.solver = solver}).kept, ElementsAre(0, 1, 3));
  }
  EXPECT_THAT(solve_l0(gram, 3, {.relaxation = 1.0}).kept, ElementsAre(0, 1, 3));
}

TEST(L0Solver, IsThresholdingWithoutRelaxation) {
  const Eigen::MatrixXd gram = tests::correlated_gram(6);
  EXPECT_EQ(solve_l0(gram, 8, {.relaxation = 1.0}).kept,
            solve_l0(gram, 8, {.solver = L0Solver::kIht}).kept);
}

TEST(L0Solver, AnswersTheSameForTheSameSeedAndSearchesElsewhereForAnother) {
  const Eigen::MatrixXd gram = tests::correlated_gram(7);
  EXPECT_EQ(solve_l0(gram, 8, {.seed = 3}).loss_so_far, solve_l0(gram, 8, {.seed = 3}).loss_so_far);
  EXPECT_NE(solve_l0(gram, 8, {.seed = 3}).loss_so_far, solve_l0(gram, 8, {.seed = 4}).loss_so_far);
  EXPECT_NE(solve_l0(gram, 8, {.item = 1}).loss_so_far, solve_l0(gram, 8, {.item = 2}).loss_so_far);
}

TEST(L0Solver, TakesPartsThatAreAllZero) {
  for (const L0Solver solver : kAll) {
    const L0Solution found = solve_l0(Eigen::MatrixXd::Zero(4, 4), 2, {.solver = solver});
    EXPECT_EQ(found.kept.size(), 2U);
    EXPECT_EQ(found.loss, 0.0);
  }
}

TEST(L0Solver, ComesCloserToTheOptimumThanGreedyAndThatThanThresholding) {
  const tests::LossRatios ratios = tests::loss_ratios(12);
  EXPECT_LE(ratios.rpp, 1.2);
  EXPECT_GE(ratios.rpp, 1.0);
  EXPECT_LT(ratios.rpp, ratios.greedy);
  EXPECT_LT(ratios.greedy, ratios.iht);
}

TEST(L0Solver, RefusesWhatItCannotSolve) {
  const auto refuses = [](const Eigen::MatrixXd& gram, int kept, const L0Options& options,
                          const std::string& text) {
    EXPECT_THAT([&] { solve_l0(gram, kept, options); }, ThrowsMessage<InputError>(HasSubstr(text)));
  };
  const Eigen::MatrixXd gram = Eigen::MatrixXd::Identity(4, 4);
  refuses(Eigen::MatrixXd(3, 4), 1, {}, "3 x 4");
  refuses(Eigen::MatrixXd(), 0, {}, "0 x 0");
  refuses(gram, 5, {}, "5 parts to keep, expected 0 to 4");
  refuses(gram, -1, {}, "-1 parts to keep");
  refuses(gram / 0.0, 1, {}, "not finite");
  refuses(gram, 1, {.iterations = 0}, "iterations 0");
  refuses(gram, 1, {.relaxation = 0.5}, "relaxation 0.5");
  EXPECT_THAT([] { l0_solver("lasso"); }, ThrowsMessage<InputError>(HasSubstr("lasso")));
}

}  // namespace
}  // namespace crossloop::pruning
