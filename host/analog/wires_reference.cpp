// The whole node system of a crossbar in one sparse factorisation, straight from Kirchhoff's law.
#include <Eigen/SparseCholesky>
#include <vector>

#include "host/analog/circuit.hpp"
#include "host/analog/wires.hpp"

namespace crossloop::analog {
namespace {

using Triplets = std::vector<Eigen::Triplet<double>>;

}  // namespace

Eigen::MatrixXd effective_conductance_reference(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                                const Wires& wires) {
  check_circuit(g, wires);
  const int m = static_cast<int>(g.rows());
  const int terminals = m + static_cast<int>(g.cols());
  const Circuit circuit = crossbar_circuit(g, wires);
  const int nodes = circuit.size();
  // Terminals keep their id, as index; every other merged node gets one among the unknowns.
  std::vector<int> index(static_cast<std::size_t>(nodes), -1);
  const auto index_of = [&](int a) -> int& {
    return index[static_cast<std::size_t>(circuit.node(a))];
  };
  for (int a = 0; a < terminals; ++a) index_of(a) = a;
  int count = terminals;
  for (int a = terminals; a < nodes; ++a) {
    if (index_of(a) < 0) index_of(a) = count++;
  }

  Triplets inner, border;  // unknowns x unknowns, unknowns x terminals
  Eigen::MatrixXd direct = Eigen::MatrixXd::Zero(terminals, terminals);
  const auto add = [&](int a, int b, double siemens) {
    if (a < terminals && b < terminals) {
      direct(a, b) += siemens;
    } else if (a >= terminals && b >= terminals) {
      inner.emplace_back(a - terminals, b - terminals, siemens);
    } else if (a >= terminals) {
      border.emplace_back(a - terminals, b, siemens);
    }
  };
  for (const auto& edge : circuit.edges()) {
    const int a = index_of(edge.a);
    const int b = index_of(edge.b);
    add(a, a, edge.siemens);
    add(b, b, edge.siemens);
    add(a, b, -edge.siemens);
    add(b, a, -edge.siemens);
  }
  Eigen::MatrixXd admittance = direct;  // between terminals
  if (count > terminals) {
    Eigen::SparseMatrix<double> unknowns(count - terminals, count - terminals);
    Eigen::SparseMatrix<double> coupling(count - terminals, terminals);
    unknowns.setFromTriplets(inner.begin(), inner.end());
    coupling.setFromTriplets(border.begin(), border.end());
    const Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> factor(unknowns);
    const Eigen::MatrixXd driven = factor.solve(Eigen::MatrixXd(coupling.leftCols(m)));
    admittance.leftCols(m) -= coupling.transpose() * driven;
  }
  // The current out of ground j for 1 V on driver i, all else at 0 V.
  return -admittance.block(m, 0, terminals - m, m).transpose() * 1e6;
}

}  // namespace crossloop::analog
