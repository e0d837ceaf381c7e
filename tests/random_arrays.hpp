// Random crossbar arrays, and what their tests print and compare.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::testing_support {

inline double uniform(std::mt19937& rng, double low, double high) {
  return low + (high - low) * static_cast<double>(rng()) / 4294967296.0;
}

/// Cells of 5 to 50 uS.
inline Eigen::MatrixXd random_cells(Eigen::Index rows, Eigen::Index columns, std::mt19937& rng) {
  return Eigen::MatrixXd::NullaryExpr(
      rows, columns, [&](Eigen::Index, Eigen::Index) { return uniform(rng, 5.0, 50.0); });
}

/// Largest difference relative to the cell itself; equal zeros count as 0.
inline double relative_error(const Eigen::MatrixXd& found, const Eigen::MatrixXd& expected) {
  double worst = 0.0;
  for (Eigen::Index k = 0; k < expected.size(); ++k) {
    const double difference = std::abs(found.data()[k] - expected.data()[k]);
    if (difference == 0.0) continue;
    worst = std::max(worst, difference / std::abs(expected.data()[k]));
  }
  return found.allFinite() ? worst : std::numeric_limits<double>::infinity();
}

inline std::string described(const Eigen::MatrixXd& g, const analog::Wires& w) {
  return std::to_string(g.rows()) + "x" + std::to_string(g.cols()) + " driver " +
         std::to_string(w.driver_ohm) + " row " + std::to_string(w.row_ohm) + " column " +
         std::to_string(w.column_ohm) + " sense " + std::to_string(w.sense_ohm) +
         (w.two_sided_drive ? " driven from both sides" : "") +
         (w.two_sided_sense ? " sensed at both ends" : "");
}

}  // namespace crossloop::testing_support
