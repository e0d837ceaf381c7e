#include "host/analog/wires.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <limits>
#include <random>

#include "host/analog/ladder_sweep.hpp"
#include "host/error.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using testing_support::described;
using testing_support::random_cells;
using testing_support::relative_error;
using testing_support::uniform;

const Wires kDate2022 = {
    .driver_ohm = 1000.0, .row_ohm = 5.0, .column_ohm = 10.0, .sense_ohm = 1000.0};

// Golden vectors confirmed with ngspice.
TEST(EffectiveConductance, MatchesTheGolden2x2) {
  MatrixXd g(2, 2), expected(2, 2);
  g << 50, 5, 20, 35;
  expected << 44.390644, 4.600515, 17.790206, 31.945965;
  EXPECT_TRUE(effective_conductance(g, kDate2022).isApprox(expected, 1e-7));
  EXPECT_LT((effective_conductance(g, kDate2022) - expected).cwiseAbs().maxCoeff(), 6e-7);
}

class Golden4x4 : public ::testing::Test {
 protected:
  Golden4x4() { g_ << 50, 5, 10, 25, 20, 35, 5, 50, 5, 5, 45, 30, 40, 15, 25, 5; }
  MatrixXd g_ = MatrixXd(4, 4);
  MatrixXd expected_ = MatrixXd(4, 4);
};

TEST_F(Golden4x4, IsMatchedWithHeavyTerminals) {
  expected_ << 41.286238, 4.429756, 8.569407, 20.797110,  //
      16.333961, 29.849997, 4.272151, 40.711376,          //
      4.263743, 4.428726, 38.320823, 25.031355,           //
      33.249891, 13.124869, 21.347986, 4.293451;
  EXPECT_LT((effective_conductance(g_, kDate2022) - expected_).cwiseAbs().maxCoeff(), 6e-7);
  EXPECT_LT((effective_conductance_reference(g_, kDate2022) - expected_).cwiseAbs().maxCoeff(),
            6e-7);
}

TEST_F(Golden4x4, IsMatchedWithTinyTerminals) {
  const Wires wires = {.driver_ohm = 1e-6, .row_ohm = 2.5, .column_ohm = 2.5, .sense_ohm = 1e-6};
  expected_ << 49.975636, 4.998376, 9.996002, 24.980952,  //
      19.992753, 34.984695, 4.997253, 49.953164,          //
      4.999063, 4.998439, 44.975825, 29.978266,           //
      40.000000, 14.998313, 24.995313, 4.999000;
  EXPECT_LT((effective_conductance(g_, wires) - expected_).cwiseAbs().maxCoeff(), 6e-7);
}

TEST(EffectiveConductance, EqualsTheSparseFactorisationOnRandomRectangles) {
  std::mt19937 rng(1);
  for (int round = 0; round < 50; ++round) {
    const Index rows = 1 + static_cast<Index>(rng() % 40);
    const Index columns = 1 + static_cast<Index>(rng() % 40);
    const MatrixXd g = random_cells(rows, columns, rng);
    const Wires wires = {.driver_ohm = uniform(rng, 0, 1e4),
                         .row_ohm = uniform(rng, 0, 1e4),
                         .column_ohm = uniform(rng, 0, 1e4),
                         .sense_ohm = uniform(rng, 0, 1e4)};
    EXPECT_LT(
        relative_error(effective_conductance(g, wires), effective_conductance_reference(g, wires)),
        1e-10)
        << "round " << round << ": " << described(g, wires);
  }
}

TEST(EffectiveConductance, IsExactForEveryCombinationOfZeroResistances) {
  std::mt19937 rng(2);
  for (unsigned zeros = 0; zeros < 16; ++zeros) {
    const Wires wires = {.driver_ohm = zeros & 1U ? 0.0 : 700.0,
                         .row_ohm = zeros & 2U ? 0.0 : 30.0,
                         .column_ohm = zeros & 4U ? 0.0 : 20.0,
                         .sense_ohm = zeros & 8U ? 0.0 : 300.0};
    for (const auto& [rows, columns] : {std::pair{20, 13}, {13, 20}, {1, 5}, {5, 1}, {1, 1}}) {
      const MatrixXd g = random_cells(rows, columns, rng);
      EXPECT_LT(relative_error(effective_conductance(g, wires),
                               effective_conductance_reference(g, wires)),
                1e-10)
          << described(g, wires);
    }
  }
}

TEST(EffectiveConductance, OfASingleCellIsASeriesCircuit) {
  const MatrixXd g = MatrixXd::Constant(1, 1, 50.0);  // 20 kOhm
  EXPECT_NEAR(effective_conductance(g, kDate2022)(0, 0), 1e6 / (20e3 + 2e3), 1e-9);
}

TEST(EffectiveConductance, OfIdealWiresIsTheCellItself) {
  std::mt19937 rng(3);
  const MatrixXd g = random_cells(7, 5, rng);
  EXPECT_EQ(effective_conductance(g, {0, 0, 0, 0}), g);
}

TEST(EffectiveConductance, AcceptsCellsWithoutConductance) {
  std::mt19937 rng(4);
  MatrixXd g = random_cells(18, 19, rng);
  for (Index k = 0; k < g.size(); k += 3) g.data()[k] = 0.0;
  g.col(4).setZero();
  g.row(17).setZero();
  const MatrixXd effective = effective_conductance(g, kDate2022);
  EXPECT_LT((effective - effective_conductance_reference(g, kDate2022)).cwiseAbs().maxCoeff(),
            1e-9);
  EXPECT_TRUE((effective.col(4).array() == 0.0).all());
}

TEST(EffectiveConductance, KeepsItsDigitsForTinyAndForHugeResistances) {
  std::mt19937 rng(5);
  const MatrixXd g = random_cells(24, 24, rng);
  // Segments far below the cells' resistance act as none at all.
  const MatrixXd merged = effective_conductance(g, {100.0, 0.0, 0.0, 100.0});
  const MatrixXd tiny = effective_conductance(g, {100.0, 1e-9, 1e-9, 100.0});
  EXPECT_LT(relative_error(tiny, merged), 1e-10);
  // Lines that lose nearly everything from one cell to the next stay finite and positive.
  const MatrixXd huge =
      effective_conductance(MatrixXd::Constant(300, 24, 50.0), {1e6, 1e6, 1e6, 1e6});
  EXPECT_TRUE(huge.allFinite());
  EXPECT_GE(huge.minCoeff(), 0.0);
}

TEST(EffectiveConductance, LosesMostFarFromDriverAndSense) {
  const MatrixXd effective = effective_conductance(MatrixXd::Constant(32, 32, 50.0), Wires{});
  Index row = 0, column = 0;
  effective.maxCoeff(&row, &column);
  EXPECT_EQ(row, 31);
  EXPECT_EQ(column, 0);
  effective.minCoeff(&row, &column);
  EXPECT_EQ(row, 0);
  EXPECT_EQ(column, 31);
}

TEST(EffectiveConductance, GivesTheSameBitsEveryTime) {
  std::mt19937 rng(6);
  const MatrixXd g = random_cells(33, 40, rng);
  EXPECT_EQ(effective_conductance(g, kDate2022), effective_conductance(g, kDate2022));
}

TEST(EffectiveConductance, RefusesWhatNoCircuitHas) {
  MatrixXd g = MatrixXd::Constant(2, 3, 10.0);
  Wires wires = kDate2022;
  wires.row_ohm = -1.0;
  try {
    effective_conductance(g, wires);
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("wires.row_ohm: found -1"));
  }
  wires.row_ohm = std::numeric_limits<double>::infinity();
  EXPECT_THROW(effective_conductance(g, wires), InputError);
  g(1, 2) = -0.5;
  try {
    effective_conductance(g, kDate2022);
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("cell (1, 2): found -0.5"));
  }
  g(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(effective_conductance(g, kDate2022), InputError);
  EXPECT_THROW(effective_conductance_reference(g, kDate2022), InputError);
}

TEST(CrossLink, IsTheSameFormulaOnEveryInstructionSet) {
  constexpr int kOutputs = 32, kRows = 48, kFirst = 5;
  std::mt19937 rng(8);
  const MatrixXd root =
      MatrixXd::NullaryExpr(kRows, kRows, [&](Index, Index) { return uniform(rng, -0.5, 0.5); });
  const MatrixXd load = root * root.transpose();
  const MatrixXd functionals =
      MatrixXd::NullaryExpr(kOutputs, kRows, [&](Index, Index) { return uniform(rng, -1.0, 1.0); });
  const MatrixXd inverse = (MatrixXd::Identity(kRows, kRows) + load).inverse();
  const MatrixXd moved_load = load * inverse;
  const MatrixXd moved = functionals * inverse;
  for (const CrossLinkVariant& variant : cross_link_variants()) {
    LadderState state(kOutputs, kRows);
    for (int i = 0; i < kRows; ++i) {
      for (int k = 0; k <= i; ++k) state.load(i)[k] = load(k, i);
      for (int k = 0; k < kOutputs; ++k) state.column(i)[k] = functionals(k, i);
    }
    variant.cross_link(state, kFirst);
    for (int i = 0; i < kRows; ++i) {
      for (int k = 0; k <= i; ++k) {
        ASSERT_NEAR(state.load(i)[k], moved_load(k, i), 1e-12) << variant.name;
      }
      for (int k = kFirst; k < kOutputs; ++k) {
        ASSERT_NEAR(state.column(i)[k], moved(k, i), 1e-12) << variant.name;
      }
    }
  }
}

}  // namespace
}  // namespace crossloop::analog
