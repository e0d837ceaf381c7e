#include "host/analog/wires.hpp"

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/analog/ladder_sweep.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;

/// One column wire between its cells and the virtual ground, eliminated. Its load on the row nodes
/// is diag(g) - diag(g) T diag(g), where T, the transfer resistances of the wire, is semiseparable:
/// T(i, k) = T(k, k) * ratio(k+1) * ... * ratio(i). Nothing here is a difference of like terms, so
/// any resistance is as good as another, 0 included.
class ColumnWire {
 public:
  ColumnWire(double column_ohm, double sense_ohm, Index rows)
      : column_ohm_(column_ohm), sense_ohm_(sense_ohm), nodes_(static_cast<std::size_t>(rows)) {
    injected_.resize(nodes_.size());
  }

  /// Adds scale_ohm * load to the state; the current at the sense side per volt on each row becomes
  /// functional `output`. `g` is in siemens.
  template <class Column>
  void add_to(LadderState& state, const Column& g, double scale_ohm, int output) {
    look_down(g);
    double up = 0.0;  // conductance from node i upwards, without its own cell
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      const double own = g[static_cast<Index>(i)];
      const double down_share = 1.0 / (1.0 + (up + own) * node.down_ohm);
      double* const load = state.load(static_cast<int>(i));
      for (std::size_t k = 0; k < i; ++k) {
        injected_[k] *= node.ratio;
        load[k] -= scale_ohm * own * injected_[k];
      }
      injected_[i] = own * node.down_ohm * down_share;
      load[i] += scale_ohm * own * (1.0 + up * node.down_ohm) * down_share;
      state.column(static_cast<int>(i))[output] = own * down_share * node.reaching;
      up = (up + own) / (1.0 + (up + own) * column_ohm_);
    }
  }

 private:
  struct Node {
    double down_ohm;  // resistance from here downwards to ground, without the own cell
    double ratio;     // voltage here over that of the node above, seen from above
    double reaching;  // share of the current leaving downwards that arrives at the sense side
  };

  template <class Column>
  void look_down(const Column& g) {
    double down_ohm = sense_ohm_;
    double reaching = 1.0;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      const double passing = 1.0 / (1.0 + g[static_cast<Index>(i)] * down_ohm);
      const double node_ohm = down_ohm * passing;
      const double above_ohm = column_ohm_ + node_ohm;
      nodes_[i] = {down_ohm, above_ohm > 0.0 ? node_ohm / above_ohm : 0.0, reaching};
      down_ohm = above_ohm;
      reaching *= passing;
    }
  }

  double column_ohm_, sense_ohm_;
  std::vector<Node> nodes_;
  std::vector<double> injected_;  // T(i, k) * g(k) for the i at hand
};

int padded(Index size) {
  constexpr Index kPad = LadderState::kPad;
  return static_cast<int>((size + kPad - 1) / kPad * kPad);
}

/// Sweeps the columns from the far end to the drivers. Time grows with rows^2 * columns *
/// (rows + columns).
Eigen::MatrixXd sweep(const Eigen::MatrixXd& g, const Wires& wires) {
  const int rows = static_cast<int>(g.rows());
  const int columns = static_cast<int>(g.cols());
  LadderState state(padded(columns), padded(rows));
  ColumnWire wire(wires.column_ohm, wires.sense_ohm, rows);
  // The load is kept relative to the link it meets next, so a link of 0 ohm is no link.
  const double link_ohm = wires.row_ohm > 0.0 ? wires.row_ohm : wires.driver_ohm;
  for (int j = columns - 1; j >= 0; --j) {
    wire.add_to(state, g.col(j), link_ohm, j);
    if (j > 0 && wires.row_ohm > 0.0) cross_link(state, j);
  }
  if (wires.driver_ohm > 0.0) {
    for (int i = 0; i < rows; ++i) {
      for (int k = 0; k <= i; ++k) state.load(i)[k] *= wires.driver_ohm / link_ohm;
    }
    cross_link(state, 0);
  }
  Eigen::MatrixXd result(rows, columns);
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) result(i, j) = state.column(i)[j];
  }
  return result;
}

}  // namespace

void check_circuit(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires) {
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
  for (Index j = 0; j < g.cols(); ++j) {
    for (Index i = 0; i < g.rows(); ++i) {
      if (std::isfinite(g(i, j)) && g(i, j) >= 0.0) continue;
      throw InputError("cell (" + std::to_string(i) + ", " + std::to_string(j) + "): found " +
                       std::to_string(g(i, j)) + " uS, expected a finite conductance >= 0");
    }
  }
}

Eigen::MatrixXd effective_conductance(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                      const Wires& wires) {
  constexpr double kSiemens = 1e-6;
  check_circuit(g, wires);
  if (wires.ideal()) return g;
  if (g.rows() <= g.cols()) return sweep(g * kSiemens, wires) / kSiemens;
  // By reciprocity drivers and sense sides may change places: the array is turned so that its rows
  // are the shorter side.
  const Wires turned = {.driver_ohm = wires.sense_ohm,
                        .row_ohm = wires.column_ohm,
                        .column_ohm = wires.row_ohm,
                        .sense_ohm = wires.driver_ohm};
  return sweep(g.reverse().transpose() * kSiemens, turned).transpose().reverse() / kSiemens;
}

Eigen::VectorXd nonideality_factor(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                   const Eigen::Ref<const Eigen::MatrixXd>& g_effective) {
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
