// The non-ideality factor, and its values for the wires of Bhattacharjee et al., DATE 2022.
#include <gtest/gtest.h>

#include <numbers>

#include "host/analog/wires.hpp"
#include "host/error.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using testing_support::uniform;

/// Rows of 5 ohm, columns of 10 ohm a segment; cells of 5 (HRS) to 50 uS (LRS).
struct TableRow {
  Index size;
  double terminal_ohm;  // driver and sense
  double lrs, hrs;      // NF with all cells alike
  double half_normal;   // NF with the cells of half_normal_cells()
  double spread;        // standard deviation of the latter over 40 seeds (12 at 128)
};
constexpr TableRow kTable[] = {
    {16, 1000, 0.624, 0.142, 0.311, 0.0058}, {32, 1000, 0.775, 0.256, 0.490, 0.0038},
    {64, 1000, 0.881, 0.425, 0.672, 0.0018}, {128, 1000, 0.943, 0.626, 0.823, 0.0005},
    {16, 10, 0.069, 0.007, 0.020, 0.0007},   {32, 10, 0.212, 0.027, 0.072, 0.0010},
    {64, 10, 0.497, 0.095, 0.224, 0.0015},   {128, 10, 0.778, 0.287, 0.518, 0.0006}};
constexpr double kRounding = 0.00051;  // half of the table's last digit

/// Weights |N(0, 0.25)| held to 1, spread over 5 to 50 uS.
MatrixXd half_normal_cells(Index size, std::mt19937& rng) {
  return MatrixXd::NullaryExpr(size, size, [&](Index, Index) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform(rng, 0.0, 1.0)));
    const double normal = radius * std::cos(2.0 * std::numbers::pi * uniform(rng, 0.0, 1.0));
    return 5.0 + 45.0 * std::min(1.0, 0.25 * std::abs(normal));
  });
}

double mean_factor(const MatrixXd& g, double terminal_ohm) {
  const Wires wires = {
      .driver_ohm = terminal_ohm, .row_ohm = 5.0, .column_ohm = 10.0, .sense_ohm = terminal_ohm};
  return nonideality_factor(g, effective_conductance(g, wires)).mean();
}

TEST(NonidealityFactor, IsThatOfTheTableForUniformArrays) {
  for (const TableRow& row : kTable) {
    const MatrixXd ones = MatrixXd::Ones(row.size, row.size);
    EXPECT_NEAR(mean_factor(50.0 * ones, row.terminal_ohm), row.lrs, kRounding)
        << row.size << " at " << row.terminal_ohm;
    EXPECT_NEAR(mean_factor(5.0 * ones, row.terminal_ohm), row.hrs, kRounding)
        << row.size << " at " << row.terminal_ohm;
  }
}

// The table's draw and ours are two samples of the same distribution, so that their difference has
// sqrt(2) times its spread; 3.5 of those.
TEST(NonidealityFactor, IsThatOfTheTableForHalfNormalWeights) {
  std::mt19937 rng(1);
  for (const TableRow& row : kTable) {
    EXPECT_NEAR(mean_factor(half_normal_cells(row.size, rng), row.terminal_ohm), row.half_normal,
                kRounding + 3.5 * std::numbers::sqrt2 * row.spread)
        << row.size << " at " << row.terminal_ohm;
  }
}

TEST(NonidealityFactor, IsZeroForAColumnWithoutConductance) {
  MatrixXd g(1, 2);
  g << 0, 10;
  const Eigen::VectorXd factor = nonideality_factor(g, g * 0.5);
  EXPECT_EQ(factor[0], 0.0);
  EXPECT_EQ(factor[1], 0.5);
}

TEST(NonidealityFactor, RefusesMatricesOfDifferentSize) {
  EXPECT_THROW(nonideality_factor(MatrixXd::Zero(2, 2), MatrixXd::Zero(2, 3)), InputError);
}

}  // namespace
}  // namespace crossloop::analog
