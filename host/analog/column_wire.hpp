// One column wire of a crossbar, eliminated: what its row nodes see of it (docs/analog.md).
#pragma once

#include <vector>

#include "host/analog/ladder_sweep.hpp"
#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// A column wire between its cells and the virtual ground. Its load on the row nodes is
/// diag(g) - diag(g) T diag(g), where T, the transfer resistances of the wire, is semiseparable:
/// T(i, k) = T(k, k) * ratio(k+1) * ... * ratio(i). Nothing here is a difference of like terms, so
/// any resistance is as good as another, 0 included.
class ColumnWire {
 public:
  /// Of `wires` only column_ohm, sense_ohm (0 or at least 1e-200) and two_sided_sense count.
  ColumnWire(const Wires& wires, int rows)
      : column_ohm_(wires.column_ohm),
        sense_ohm_(wires.sense_ohm),
        two_sided_(wires.two_sided_sense),
        nodes_(static_cast<std::size_t>(rows)),
        injected_(nodes_.size()) {}

  /// Adds scale_ohm * load to the state; the current into the sense side, both ends together, per
  /// volt on each row becomes functional `output`. `g` are the cells of the column in siemens.
  void add_to(LadderState& state, const double* g, double scale_ohm, int output) {
    look_down(g);
    Upwards above = upper_end();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      const double own = g[i];
      const double passing = above.current + own * above.voltage;
      const double share = 1.0 / (above.voltage + passing * node.down_ohm);
      const double down_share = above.voltage * share;
      const double up_share = above.current * node.down_ohm * share;
      double* const load = state.load(static_cast<int>(i));
      for (std::size_t k = 0; k < i; ++k) {
        injected_[k] *= node.ratio;
        load[k] -= scale_ohm * own * injected_[k];
      }
      injected_[i] = own * node.down_ohm * down_share;
      load[i] += scale_ohm * own * (down_share + up_share);
      state.column(static_cast<int>(i))[output] =
          own * (down_share * node.reaching + up_share * above.reaching);
      above.step(passing, column_ohm_);
    }
  }

 private:
  struct Node {
    double down_ohm;  // resistance from here downwards to ground, without the own cell
    double ratio;     // voltage here over that of the node above, seen from above
    double reaching;  // share of the current leaving downwards that arrives at the lower end
  };

  /// The wire above a node, without the node's own cell: a conductance current / voltage, as a
  /// fraction, since it is infinite next to a sense side of 0 ohm.
  struct Upwards {
    double current;
    double voltage;
    double reaching;  // share of the current leaving upwards that arrives at the upper end

    /// Goes down one node. `passing` is the current with the node's own cell. The new voltage is
    /// above 0, since sense_ohm and column_ohm are not both 0 where the upper end is sensed.
    void step(double passing, double column_ohm) {
      if (reaching > 0.0) reaching *= current / passing;
      current = passing / (voltage + column_ohm * passing);
      voltage = 1.0;
    }
  };

  Upwards upper_end() const {
    // Node 0 at ground without help from above: the whole wire is, and the lower end takes it all.
    const bool sensed = two_sided_ && nodes_.front().down_ohm > 0.0;
    return sensed ? Upwards{1.0, sense_ohm_, 1.0} : Upwards{0.0, 1.0, 0.0};
  }

  void look_down(const double* g) {
    double down_ohm = sense_ohm_;
    double reaching = 1.0;
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      const double passing = 1.0 / (1.0 + g[i] * down_ohm);
      const double node_ohm = down_ohm * passing;
      const double above_ohm = column_ohm_ + node_ohm;
      nodes_[i] = {down_ohm, above_ohm > 0.0 ? node_ohm / above_ohm : 0.0, reaching};
      down_ohm = above_ohm;
      reaching *= passing;
    }
  }

  double column_ohm_, sense_ohm_;
  bool two_sided_;
  std::vector<Node> nodes_;
  std::vector<double> injected_;  // T(i, k) * g(k) for the i at hand
};

}  // namespace crossloop::analog
