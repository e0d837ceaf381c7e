#include "host/analog/node_solution.hpp"

#include <cmath>
#include <string>

#include "host/analog/circuit.hpp"
#include "host/analog/node_system.hpp"
#include "host/analog/wires.hpp"
#include "host/error.hpp"

namespace crossloop::analog {

using Eigen::Index;

NodeSolution solve_nodes(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires,
                         const Eigen::Ref<const Eigen::VectorXd>& input) {
  check_circuit(g, wires);
  check_input(g.rows(), input);
  const CrossbarNodes nodes = {static_cast<int>(g.rows()), static_cast<int>(g.cols())};
  Eigen::VectorXd terminals = Eigen::VectorXd::Zero(nodes.terminals());
  terminals.head(g.rows()) = input;
  const NodeSystem system(crossbar_circuit(g, wires), nodes.terminals());
  const Eigen::VectorXd volts = system.voltages(terminals);
  NodeSolution solution;
  solution.row_voltage.resize(g.rows(), g.cols());
  solution.column_voltage.resize(g.rows(), g.cols());
  for (int i = 0; i < nodes.rows; ++i) {
    for (int j = 0; j < nodes.columns; ++j) {
      solution.row_voltage(i, j) = volts[nodes.row_node(i, j)];
      solution.column_voltage(i, j) = volts[nodes.column_node(i, j)];
    }
  }
  constexpr double kSiemens = 1e-6;
  solution.cell_current = kSiemens * g.cwiseProduct(solution.row_voltage - solution.column_voltage);
  solution.driver_current = solution.cell_current.rowwise().sum();
  solution.column_current = solution.cell_current.colwise().sum().transpose();
  return solution;
}

void check_input(Index rows, const Eigen::Ref<const Eigen::VectorXd>& input) {
  if (input.size() != rows) {
    throw InputError("input voltages: found " + std::to_string(input.size()) + ", expected " +
                     std::to_string(rows) + ", one for each row");
  }
  for (Index i = 0; i < rows; ++i) {
    if (std::isfinite(input[i])) continue;
    throw InputError("input voltage of row " + std::to_string(i) + ": found " +
                     std::to_string(input[i]) + ", expected a finite voltage");
  }
}

}  // namespace crossloop::analog
