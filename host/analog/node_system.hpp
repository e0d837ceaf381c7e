// Kirchhoff's law for a circuit whose terminals have known voltages, in one sparse factorisation.
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCholesky>
#include <vector>

#include "host/analog/circuit.hpp"

namespace crossloop::analog {

/// The node voltages of a circuit as a linear function of those of its terminals, which are the
/// nodes 0..terminals-1. Every other node must have a path of resistors to a terminal.
/// The constructor throws InputError where the system cannot be factorised.
class NodeSystem {
 public:
  NodeSystem(const Circuit& circuit, int terminals);

  /// Volt at every node (circuit.size() x cases) for the volts at the terminals (terminals x
  /// cases).
  Eigen::MatrixXd voltages(const Eigen::Ref<const Eigen::MatrixXd>& at_terminals) const;

  /// Ampere out of every terminal (terminals x cases) at these node voltages.
  Eigen::MatrixXd terminal_currents(const Eigen::Ref<const Eigen::MatrixXd>& voltages) const;

 private:
  int unknowns() const { return count_ - terminals_; }
  Eigen::MatrixXd leaving(const Eigen::MatrixXd& volts) const;

  int terminals_;
  int count_;                         // distinct nodes, terminals among them
  std::vector<int> index_;            // of a node's volt: terminals first, then the unknowns
  std::vector<Circuit::Edge> edges_;  // between indices
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> factor_;
};

}  // namespace crossloop::analog
