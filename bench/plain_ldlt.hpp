// What the wire solver is measured against: the node system as one would write it with Eigen.
#pragma once

#include <Eigen/Core>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::bench {

/// The effective conductances (rows x columns, microsiemens) by assembling the full node system,
/// one Eigen::SimplicialLDLT and one solution per row at 1 V; no wire of 0 ohm.
Eigen::MatrixXd plain_ldlt(const Eigen::MatrixXd& g, const analog::Wires& wires);

}  // namespace crossloop::bench
