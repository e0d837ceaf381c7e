// Rows driven from both ends, columns sensed at both ends.
#include <gtest/gtest.h>

#include "host/analog/wires.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using testing_support::described;
using testing_support::random_cells;
using testing_support::relative_error;
using testing_support::uniform;

constexpr double kCell = 50.0;  // microsiemens: 20 kOhm
constexpr double kCellOhm = 20e3;

Wires both_sided(double driver_ohm, double row_ohm, double column_ohm, double sense_ohm) {
  return {.driver_ohm = driver_ohm,
          .row_ohm = row_ohm,
          .column_ohm = column_ohm,
          .sense_ohm = sense_ohm,
          .two_sided_drive = true,
          .two_sided_sense = true};
}

Wires random_wires(std::mt19937& rng) {
  return {.driver_ohm = uniform(rng, 0, 1e4),
          .row_ohm = uniform(rng, 0, 1e3),
          .column_ohm = uniform(rng, 0, 1e3),
          .sense_ohm = uniform(rng, 0, 1e4),
          .two_sided_drive = (rng() & 1U) != 0,
          .two_sided_sense = (rng() & 1U) != 0};
}

TEST(TwoSidedWires, EqualTheSparseFactorisationOnRandomRectangles) {
  std::mt19937 rng(1);
  for (int round = 0; round < 80; ++round) {
    const MatrixXd g =
        random_cells(1 + static_cast<Index>(rng() % 40), 1 + static_cast<Index>(rng() % 40), rng);
    const Wires wires = random_wires(rng);
    EXPECT_LT(
        relative_error(effective_conductance(g, wires), effective_conductance_reference(g, wires)),
        1e-10)
        << "round " << round << ": " << described(g, wires);
  }
}

TEST(TwoSidedWires, AreExactForEveryCombinationOfZeroResistancesAndSides) {
  std::mt19937 rng(2);
  for (unsigned choice = 0; choice < 64; ++choice) {
    const Wires wires = {.driver_ohm = choice & 1U ? 0.0 : 700.0,
                         .row_ohm = choice & 2U ? 0.0 : 30.0,
                         .column_ohm = choice & 4U ? 0.0 : 20.0,
                         .sense_ohm = choice & 8U ? 0.0 : 300.0,
                         .two_sided_drive = (choice & 16U) != 0,
                         .two_sided_sense = (choice & 32U) != 0};
    for (const auto& [rows, columns] :
         {std::pair{20, 13}, {13, 20}, {17, 17}, {2, 5}, {5, 2}, {1, 5}, {5, 1}, {1, 1}}) {
      MatrixXd g = random_cells(rows, columns, rng);
      EXPECT_LT(relative_error(effective_conductance(g, wires),
                               effective_conductance_reference(g, wires)),
                1e-10)
          << described(g, wires);
      // A column, a row and a corner without conductance.
      g.col(columns / 2).setZero();
      g.row(rows / 2).setZero();
      g(0, 0) = 0.0;
      const MatrixXd effective = effective_conductance(g, wires);
      EXPECT_LT((effective - effective_conductance_reference(g, wires)).cwiseAbs().maxCoeff(), 1e-9)
          << described(g, wires);
      EXPECT_TRUE((effective.array() >= 0.0).all()) << described(g, wires);
    }
  }
}

// Confirmed with ngspice 39 (reltol 1e-12), one operating point per row.
TEST(TwoSidedWires, MatchTheGolden4x4) {
  MatrixXd g(4, 4), driven(4, 4), sensed(4, 4), both(4, 4);
  g << 50, 5, 10, 25, 20, 35, 5, 50, 5, 5, 45, 30, 40, 15, 25, 5;
  driven << 42.94988193, 4.56775438, 8.87917086, 21.61278521,  //
      17.08748119, 31.34532066, 4.43315747, 42.75126361,       //
      4.37125047, 4.56839326, 39.83116819, 25.98765535,        //
      34.51072848, 13.61886239, 22.16535255, 4.39893737;
  sensed << 43.49370161, 4.50952980, 8.86553890, 21.82537440,  //
      17.14263507, 30.66800424, 4.38575106, 42.76499642,       //
      4.43060977, 4.51722828, 39.81886647, 26.26894844,        //
      34.96635453, 13.46504899, 22.15444089, 4.44541478;
  both << 45.30216773, 4.67600390, 9.21709104, 22.72814164,  //
      17.98303901, 32.23889624, 4.58237014, 44.96768027,     //
      4.57519733, 4.68019165, 41.42419705, 27.31428269,      //
      36.33751538, 13.99251083, 23.03201800, 4.58979029;
  Wires wires = both_sided(1000.0, 5.0, 10.0, 1000.0);
  EXPECT_LT((effective_conductance(g, wires) - both).cwiseAbs().maxCoeff(), 6e-9);
  wires.two_sided_sense = false;
  EXPECT_LT((effective_conductance(g, wires) - driven).cwiseAbs().maxCoeff(), 6e-9);
  wires.two_sided_drive = false;
  wires.two_sided_sense = true;
  EXPECT_LT((effective_conductance(g, wires) - sensed).cwiseAbs().maxCoeff(), 6e-9);
}

TEST(TwoSidedWires, PutTheTerminalsOfASingleCellInParallel) {
  const MatrixXd g = MatrixXd::Constant(1, 1, kCell);
  const MatrixXd effective = effective_conductance(g, both_sided(1000.0, 5.0, 10.0, 600.0));
  EXPECT_NEAR(effective(0, 0), 1e6 / (500.0 + kCellOhm + 300.0), 1e-9);
}

TEST(TwoSidedWires, HoldTheEndsOfARowThatDriversWithoutResistanceFeed) {
  const MatrixXd g = MatrixXd::Constant(1, 3, kCell);
  const MatrixXd effective = effective_conductance(g, both_sided(0.0, 400.0, 0.0, 0.0));
  EXPECT_NEAR(effective(0, 0), kCell, 1e-12);
  EXPECT_NEAR(effective(0, 1), 1e6 / (200.0 + kCellOhm), 1e-12);  // two segments in parallel
  EXPECT_NEAR(effective(0, 2), kCell, 1e-12);
}

TEST(TwoSidedWires, HoldTheEndsOfAColumnSensedWithoutResistance) {
  const MatrixXd g = MatrixXd::Constant(3, 1, kCell);
  const MatrixXd effective = effective_conductance(g, both_sided(0.0, 0.0, 400.0, 0.0));
  EXPECT_NEAR(effective(0, 0), kCell, 1e-12);
  EXPECT_NEAR(effective(1, 0), 1e6 / (200.0 + kCellOhm), 1e-12);
  EXPECT_NEAR(effective(2, 0), kCell, 1e-12);
}

// More paths at the sources' voltage raise every node, and so every column's current.
TEST(TwoSidedWires, NeverLoseMoreOfAColumnThanRowsDrivenFromOneSide) {
  std::mt19937 rng(3);
  for (int round = 0; round < 20; ++round) {
    Wires wires = random_wires(rng);
    const MatrixXd g =
        random_cells(1 + static_cast<Index>(rng() % 24), 1 + static_cast<Index>(rng() % 24), rng);
    wires.two_sided_drive = false;
    const Eigen::RowVectorXd one = effective_conductance(g, wires).colwise().sum();
    wires.two_sided_drive = true;
    const Eigen::RowVectorXd two = effective_conductance(g, wires).colwise().sum();
    EXPECT_GT((two - one).minCoeff(), 0.0) << described(g, wires);
  }
}

// The same by reciprocity: what one row gives to all columns together.
TEST(TwoSidedWires, NeverLoseMoreOfARowThanColumnsSensedAtOneEnd) {
  std::mt19937 rng(4);
  for (int round = 0; round < 20; ++round) {
    Wires wires = random_wires(rng);
    const MatrixXd g =
        random_cells(1 + static_cast<Index>(rng() % 24), 1 + static_cast<Index>(rng() % 24), rng);
    wires.two_sided_sense = false;
    const Eigen::VectorXd one = effective_conductance(g, wires).rowwise().sum();
    wires.two_sided_sense = true;
    const Eigen::VectorXd two = effective_conductance(g, wires).rowwise().sum();
    EXPECT_GT((two - one).minCoeff(), 0.0) << described(g, wires);
  }
}

TEST(TwoSidedWires, GiveAMirroredArrayTheMirroredResult) {
  std::mt19937 rng(5);
  for (const auto& [rows, columns] : {std::pair{12, 31}, {31, 12}, {24, 24}}) {
    const MatrixXd g = random_cells(rows, columns, rng);
    for (const Wires& wires :
         {both_sided(100.0, 2.5, 4.0, 300.0), both_sided(0.0, 2.5, 4.0, 0.0)}) {
      const MatrixXd effective = effective_conductance(g, wires);
      EXPECT_LT(relative_error(effective_conductance(g.reverse(), wires), effective.reverse()),
                1e-11);
      EXPECT_LT(relative_error(effective_conductance(g.rowwise().reverse(), wires),
                               effective.rowwise().reverse()),
                1e-11);
    }
  }
  const MatrixXd uniform_cells = MatrixXd::Constant(16, 16, kCell);
  const MatrixXd effective = effective_conductance(uniform_cells, both_sided(50, 5, 5, 50));
  EXPECT_LT(relative_error(effective.transpose(), effective), 1e-12);
  EXPECT_LT(relative_error(effective.reverse(), effective), 1e-12);
}

TEST(TwoSidedWires, KeepTheirDigitsForTinyAndForHugeResistances) {
  std::mt19937 rng(6);
  for (const auto& [rows, columns] : {std::pair{20, 24}, {24, 20}}) {
    const MatrixXd g = random_cells(rows, columns, rng);
    // Resistances far below the cells' act as none at all, however small.
    for (const double tiny : {1e-9, 1e-160, 1e-300, 1e-320}) {
      EXPECT_LT(relative_error(effective_conductance(g, both_sided(tiny, 3.0, 4.0, tiny)),
                               effective_conductance(g, both_sided(0.0, 3.0, 4.0, 0.0))),
                1e-10)
          << tiny;
      EXPECT_LT(relative_error(effective_conductance(g, both_sided(100.0, tiny, tiny, 90.0)),
                               effective_conductance(g, both_sided(100.0, 0.0, 0.0, 90.0))),
                1e-10)
          << tiny;
    }
  }
  const MatrixXd huge =
      effective_conductance(MatrixXd::Constant(300, 24, 50.0), both_sided(1e6, 1e6, 1e6, 1e6));
  EXPECT_TRUE(huge.allFinite());
  EXPECT_GE(huge.minCoeff(), 0.0);
}

}  // namespace
}  // namespace crossloop::analog
