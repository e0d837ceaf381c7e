// Node voltages of a crossbar: beside a circuit solved by hand, Kirchhoff's law and the sweep.
#include "host/analog/node_solution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "host/analog/wires.hpp"
#include "host/error.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using testing_support::relative_error;
using testing_support::uniform;

MatrixXd random_matrix(Index rows, Index columns, double low, double high, std::mt19937& rng) {
  return MatrixXd::NullaryExpr(rows, columns,
                               [&](Index, Index) { return uniform(rng, low, high); });
}

TEST(SolveNodes, OfASingleCellIsAVoltageDivider) {
  const NodeSolution solution =
      solve_nodes(MatrixXd::Constant(1, 1, 50.0), {1000, 5, 10, 3000}, VectorXd::Constant(1, 2.4));
  EXPECT_NEAR(solution.cell_current(0, 0), 1e-4, 1e-17);  // 2.4 V over 24 kOhm
  EXPECT_NEAR(solution.row_voltage(0, 0), 2.3, 1e-14);
  EXPECT_NEAR(solution.column_voltage(0, 0), 0.3, 1e-14);
  EXPECT_EQ(solution.driver_current[0], solution.cell_current(0, 0));
  EXPECT_EQ(solution.column_current[0], solution.cell_current(0, 0));
}

/// Terminal by terminal, what Ohm's law says of the nodes beside it is what the cells add up to.
TEST(SolveNodes, ObeysOhmAtBothTerminals) {
  std::mt19937 rng(1);
  const MatrixXd g = random_matrix(9, 14, 5, 50, rng);
  const VectorXd input = random_matrix(9, 1, 0.1, 0.3, rng);
  const NodeSolution one = solve_nodes(g, {700, 3, 4, 500}, input);
  EXPECT_LT(relative_error(one.driver_current, (input - one.row_voltage.col(0)) / 700), 1e-11);
  EXPECT_LT(relative_error(one.column_current, one.column_voltage.row(8).transpose() / 500), 1e-11);

  const NodeSolution two = solve_nodes(g, {700, 3, 4, 500, true, true}, input);
  const VectorXd driven = 2 * input - two.row_voltage.col(0) - two.row_voltage.col(13);
  const VectorXd sensed = (two.column_voltage.row(0) + two.column_voltage.row(8)).transpose();
  EXPECT_LT(relative_error(two.driver_current, driven / 700), 1e-11);
  EXPECT_LT(relative_error(two.column_current, sensed / 500), 1e-11);
  EXPECT_GT(two.column_current.minCoeff(), one.column_current.maxCoeff() * 0.5);
}

TEST(SolveNodes, AgreesWithTheEffectiveConductance) {
  std::mt19937 rng(2);
  const double ohms[] = {0, 1e-6, 1, 100, 1e4};
  for (int round = 0; round < 60; ++round) {
    const Index rows = 1 + static_cast<Index>(rng() % 24);
    const Index columns = 1 + static_cast<Index>(rng() % 24);
    const MatrixXd g = random_matrix(rows, columns, 1, 1000, rng);
    const VectorXd input = random_matrix(rows, 1, 0.05, 0.5, rng);
    const Wires wires = {ohms[rng() % 5], ohms[rng() % 5], ohms[rng() % 5], ohms[rng() % 5]};
    const NodeSolution solution = solve_nodes(g, wires, input);
    const VectorXd expected = 1e-6 * effective_conductance(g, wires).transpose() * input;
    ASSERT_LT(relative_error(solution.column_current, expected), 1e-9)
        << "round " << round << ": " << rows << "x" << columns << ", " << wires.driver_ohm << ", "
        << wires.row_ohm << ", " << wires.column_ohm << ", " << wires.sense_ohm;
    EXPECT_NEAR(solution.driver_current.sum() / solution.column_current.sum(), 1.0, 1e-12);
  }
}

TEST(SolveNodes, AgreesWithTheReferenceWhereLinesAreDrivenAndSensedTwice) {
  std::mt19937 rng(3);
  for (unsigned choice = 0; choice < 64; ++choice) {
    const Wires wires = {.driver_ohm = choice & 1U ? 0.0 : 300.0,
                         .row_ohm = choice & 2U ? 0.0 : 20.0,
                         .column_ohm = choice & 4U ? 0.0 : 30.0,
                         .sense_ohm = choice & 8U ? 0.0 : 400.0,
                         .two_sided_drive = (choice & 16U) != 0,
                         .two_sided_sense = (choice & 32U) != 0};
    for (const auto& [rows, columns] : {std::pair{6, 9}, {9, 6}, {1, 4}, {4, 1}, {1, 1}}) {
      const MatrixXd g = random_matrix(rows, columns, 5, 50, rng);
      const VectorXd input = random_matrix(rows, 1, 0.05, 0.5, rng);
      const VectorXd expected =
          1e-6 * effective_conductance_reference(g, wires).transpose() * input;
      EXPECT_LT(relative_error(solve_nodes(g, wires, input).column_current, expected), 1e-11)
          << "choice " << choice << ", " << rows << "x" << columns;
    }
  }
}

TEST(SolveNodes, OfOpenCellsLeavesTheirLinesAtTheTerminals) {
  const NodeSolution solution =
      solve_nodes(MatrixXd::Zero(2, 3), Wires{}, VectorXd::Constant(2, 0.2));
  EXPECT_LT((solution.row_voltage.array() - 0.2).abs().maxCoeff(), 1e-15);
  EXPECT_EQ(solution.column_voltage, MatrixXd::Zero(2, 3));
  EXPECT_EQ(solution.column_current, VectorXd::Zero(3));
}

TEST(SolveNodes, RefusesVoltagesThatDoNotFit) {
  const MatrixXd g = MatrixXd::Constant(2, 3, 10);
  const auto refusal = [&](const VectorXd& input) -> std::string {
    try {
      solve_nodes(g, Wires{}, input);
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(VectorXd::Ones(3)), "input voltages: found 3, expected 2, one for each row");
  VectorXd input = VectorXd::Ones(2);
  input[1] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refusal(input), "input voltage of row 1: found inf, expected a finite voltage");
  EXPECT_THROW(solve_nodes(-g, Wires{}, VectorXd::Ones(2)), InputError);
}

}  // namespace
}  // namespace crossloop::analog
