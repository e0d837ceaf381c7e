// What every node of one crossbar does at given row voltages.
#pragma once

#include <Eigen/Core>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// Voltages and currents of a crossbar whose columns are at virtual ground.
struct NodeSolution {
  Eigen::MatrixXd row_voltage;     ///< volt on the row side of each cell, rows x columns
  Eigen::MatrixXd column_voltage;  ///< volt on the column side of each cell, rows x columns
  Eigen::MatrixXd cell_current;    ///< ampere from row to column, rows x columns
  Eigen::VectorXd driver_current;  ///< ampere out of each row's drivers: the sum of its cells
  Eigen::VectorXd column_current;  ///< ampere into each column's sense sides: the sum of its cells
};

/// Solves the circuit of docs/analog.md by one sparse LDL^T of all its nodes, refined. `g` is in
/// microsiemens (>= 0), `input` in volt, one per row, 0 V included. Memory and time grow somewhat
/// faster than the number of cells; docs/solve.md has figures. Throws InputError for a negative or
/// non-finite conductance or resistance, a voltage that is not finite, or another number of them.
NodeSolution solve_nodes(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires,
                         const Eigen::Ref<const Eigen::VectorXd>& input);

/// Throws InputError unless `input` has one finite voltage for each of `rows` rows.
void check_input(Eigen::Index rows, const Eigen::Ref<const Eigen::VectorXd>& input);

}  // namespace crossloop::analog
