#include "host/analog/wires.hpp"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "host/analog/column_wire.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

int padded(Index size) {
  constexpr Index kPad = LadderState::kPad;
  return static_cast<int>((size + kPad - 1) / kPad * kPad);
}

/// Puts the right-hand drivers, grounded, on the row nodes of the last column and returns the
/// column to start from: those nodes drop out where the drivers have no resistance, and what is
/// left of them is the link of row_ohm to ground.
int ground_far_end(LadderState& state, const Wires& wires, int rows, int columns) {
  const bool pinned = wires.driver_ohm == 0.0;
  const double load = pinned ? 1.0 : wires.row_ohm / wires.driver_ohm;
  for (int i = 0; i < rows; ++i) state.load(i)[i] = load;
  return columns - (pinned ? 2 : 1);
}

/// The response (siemens) to the left-hand drivers: sweeps the columns from the far end to them.
/// Where the array is driven from both sides, the right-hand drivers are at 0 V; it then has two
/// columns and a row resistance at least. `g` is in siemens. Time grows with rows^2 * columns *
/// (rows + columns).
MatrixXd sweep(const MatrixXd& g, const Wires& wires, LadderState& state) {
  const int rows = static_cast<int>(g.rows());
  const int columns = static_cast<int>(g.cols());
  state.reset(padded(columns), padded(rows));
  ColumnWire wire(wires, rows);
  // The load is kept relative to the link it meets next, so a link of 0 ohm is no link.
  const double link_ohm = wires.row_ohm > 0.0 ? wires.row_ohm : wires.driver_ohm;
  int j = columns - 1;
  if (wires.two_sided_drive) j = ground_far_end(state, wires, rows, columns);
  for (; j >= 0; --j) {
    wire.add_to(state, g.col(j).data(), link_ohm, j);
    if (j > 0 && wires.row_ohm > 0.0) cross_link(state, j);
  }
  if (wires.driver_ohm > 0.0) {
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k <= i; ++k) state.load(i)[k] *= wires.driver_ohm / link_ohm;
    }
    cross_link(state, 0);
  }
  MatrixXd result(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int k = 0; k < columns; ++k) result(i, k) = state.column(i)[k];
  }
  return result;
}

/// The effective conductance (siemens) of cells `g` (siemens). Where the array is driven from both
/// sides, its response to the left-hand drivers and that to the right-hand ones add up.
MatrixXd superpose(const MatrixXd& g, Wires wires, LadderState& state) {
  if (wires.two_sided_drive && (wires.row_ohm == 0.0 || g.cols() == 1)) {
    wires.two_sided_drive = false;  // both drivers lead to the same node
    wires.driver_ohm /= 2.0;
  }
  MatrixXd result = sweep(g, wires, state);
  if (wires.two_sided_drive) {
    result += sweep(g.rowwise().reverse(), wires, state).rowwise().reverse();
  }
  return result;
}

/// Whether the array is solved with drivers and sense sides exchanged: rows^2 * columns * (rows +
/// columns) per sweep, two sweeps where the rows are driven from both sides.
bool is_turned(Index rows, Index columns, const Wires& wires) {
  return rows * (wires.two_sided_drive ? 2 : 1) > columns * (wires.two_sided_sense ? 2 : 1);
}

void check_size(const Eigen::Ref<const MatrixXd>& g) {
  if (g.rows() >= 1 && g.rows() <= kMaxLines && g.cols() >= 1 && g.cols() <= kMaxLines) return;
  throw InputError("array: found " + std::to_string(g.rows()) + "x" + std::to_string(g.cols()) +
                   " cells, expected 1 to " + std::to_string(kMaxLines) + " rows and columns");
}

}  // namespace

void check_circuit(const Eigen::Ref<const MatrixXd>& g, const Wires& wires) {
  const std::array<std::pair<const char*, double>, 4> resistances = {
      {{"driver_ohm", wires.driver_ohm},
       {"row_ohm", wires.row_ohm},
       {"column_ohm", wires.column_ohm},
       {"sense_ohm", wires.sense_ohm}}};
  for (const auto& [name, ohm] : resistances) {
    if (!std::isfinite(ohm) || ohm < 0.0) {
      throw InputError("wires." + std::string(name) + ": found " + std::to_string(ohm) +
                       ", expected a finite resistance >= 0");
    }
  }
  check_size(g);
  for (Index j = 0; j < g.cols(); ++j) {
    for (Index i = 0; i < g.rows(); ++i) {
      if (std::isfinite(g(i, j)) && g(i, j) >= 0.0) continue;
      throw InputError("cell (" + std::to_string(i) + ", " + std::to_string(j) + "): found " +
                       std::to_string(g(i, j)) + " uS, expected a finite conductance >= 0");
    }
  }
}

MatrixXd WireSolver::solve(const Eigen::Ref<const MatrixXd>& g) {
  constexpr double kSiemens = 1e-6;
  check_circuit(g, wires_);
  const Wires wires = merge_shorts(wires_);
  if (wires.ideal()) return g;
  if (!is_turned(g.rows(), g.cols(), wires)) {
    return superpose(g * kSiemens, wires, state_) / kSiemens;
  }
  // By reciprocity drivers and sense sides may change places.
  const Wires turned = {.driver_ohm = wires.sense_ohm,
                        .row_ohm = wires.column_ohm,
                        .column_ohm = wires.row_ohm,
                        .sense_ohm = wires.driver_ohm,
                        .two_sided_drive = wires.two_sided_sense,
                        .two_sided_sense = wires.two_sided_drive};
  return superpose(g.reverse().transpose() * kSiemens, turned, state_).transpose().reverse() /
         kSiemens;
}

MatrixXd effective_conductance(const Eigen::Ref<const MatrixXd>& g, const Wires& wires) {
  return WireSolver(wires).solve(g);
}

Eigen::VectorXd nonideality_factor(const Eigen::Ref<const MatrixXd>& g,
                                   const Eigen::Ref<const MatrixXd>& g_effective) {
  if (g.rows() != g_effective.rows() || g.cols() != g_effective.cols()) {
    throw InputError("nonideality factor: found " + std::to_string(g_effective.rows()) + "x" +
                     std::to_string(g_effective.cols()) + " effective conductances, expected " +
                     std::to_string(g.rows()) + "x" + std::to_string(g.cols()));
  }
  const Eigen::ArrayXd ideal = g.colwise().sum().transpose().array();
  const Eigen::ArrayXd real = g_effective.colwise().sum().transpose().array();
  return (ideal > 0.0).select((ideal - real) / ideal, 0.0).matrix();
}

}  // namespace crossloop::analog
