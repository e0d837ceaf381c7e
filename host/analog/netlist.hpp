// A crossbar as an ngspice netlist, so that another tool can solve the same circuit.
#pragma once

#include <Eigen/Core>
#include <string>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// The circuit that effective_conductance() solves, in ngspice's syntax: `ngspice -b FILE` prints
/// `i(vsenseJ) = ...`, the current of each column in ampere with 16 decimals. `g` is in
/// microsiemens (>= 0; a cell of 0 is left out), `input` in volt, one per row. Nodes joined by 0
/// ohm are one node, for ngspice takes a resistor of 0 ohm for one of 1 mOhm. Resistances have 15
/// significant digits. Throws InputError for a negative or non-finite conductance or resistance, a
/// voltage that is not finite, or another number of them.
std::string spice_netlist(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires,
                          const Eigen::Ref<const Eigen::VectorXd>& input);

}  // namespace crossloop::analog
