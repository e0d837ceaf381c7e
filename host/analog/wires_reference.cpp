// The whole node system of a crossbar in one sparse factorisation, straight from Kirchhoff's law.
#include "host/analog/circuit.hpp"
#include "host/analog/node_system.hpp"
#include "host/analog/wires.hpp"

namespace crossloop::analog {

Eigen::MatrixXd effective_conductance_reference(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                                const Wires& wires) {
  check_circuit(g, wires);
  const Eigen::Index rows = g.rows();
  const Eigen::Index terminals = rows + g.cols();
  const NodeSystem system(crossbar_circuit(g, wires), static_cast<int>(terminals));
  // 1 V on one driver at a time, all else at 0 V: what then flows into the grounds.
  const Eigen::MatrixXd driven = Eigen::MatrixXd::Identity(terminals, rows);
  const Eigen::MatrixXd leaving = system.terminal_currents(system.voltages(driven));
  return -leaving.bottomRows(g.cols()).transpose() * 1e6;
}

}  // namespace crossloop::analog
