// The exact circuit solution of one crossbar.
#pragma once

#include <Eigen/Core>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// The effective conductance matrix (rows x columns, microsiemens): I_j = sum_i G_eff(i,j) V_i with
/// every row driven (0 V included) and every column at virtual ground behind its sense resistance.
/// `g` is the cells' conductance in microsiemens (>= 0). Circuit: methods of nodal analysis as in
/// docs/analog.md. Each column wire is eliminated (tridiagonal), the remaining block
/// tridiagonal system is swept from the far column to the drivers; double precision, one thread.
/// Exact to rounding for any resistance >= 0; 0 merges nodes. Throws InputError for a negative or
/// non-finite conductance or resistance.
Eigen::MatrixXd effective_conductance(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                      const Wires& wires);

/// Throws InputError for a conductance or resistance that is negative or not finite.
void check_circuit(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires);

/// The same by one sparse LDL^T of the full node system: slow, for tests and benchmarks.
Eigen::MatrixXd effective_conductance_reference(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                                const Wires& wires);

/// NF_j = (I_ideal - I) / I_ideal with all rows at the same voltage; 0 for a column
/// without conductance. Throws InputError if the sizes differ.
Eigen::VectorXd nonideality_factor(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                   const Eigen::Ref<const Eigen::MatrixXd>& g_effective);

}  // namespace crossloop::analog
