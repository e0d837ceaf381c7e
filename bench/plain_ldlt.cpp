#include "bench/plain_ldlt.hpp"

#include <Eigen/SparseCholesky>
#include <vector>

#include "host/analog/circuit.hpp"

namespace crossloop::bench {

Eigen::MatrixXd plain_ldlt(const Eigen::MatrixXd& g, const analog::Wires& wires) {
  using Sparse = Eigen::SparseMatrix<double>;
  const analog::CrossbarNodes nodes = {static_cast<int>(g.rows()), static_cast<int>(g.cols())};
  const analog::Circuit circuit = analog::crossbar_circuit(g, wires);
  const int terminals = nodes.terminals();
  std::vector<Eigen::Triplet<double>> inner, border;
  for (const auto& edge : circuit.edges()) {
    for (const auto& [a, b] : {std::pair{edge.a, edge.b}, {edge.b, edge.a}}) {
      if (a < terminals) continue;
      inner.emplace_back(a - terminals, a - terminals, edge.siemens);
      if (b < terminals) {
        border.emplace_back(a - terminals, b, edge.siemens);
      } else {
        inner.emplace_back(a - terminals, b - terminals, -edge.siemens);
      }
    }
  }
  Sparse admittance(nodes.count() - terminals, nodes.count() - terminals);
  Sparse coupling(nodes.count() - terminals, terminals);
  admittance.setFromTriplets(inner.begin(), inner.end());
  coupling.setFromTriplets(border.begin(), border.end());
  const Eigen::SimplicialLDLT<Sparse> factor(admittance);
  const Eigen::MatrixXd driven = factor.solve(Eigen::MatrixXd(coupling.leftCols(nodes.rows)));
  return 1e6 * (coupling.rightCols(nodes.columns).transpose() * driven).transpose();
}

}  // namespace crossloop::bench
