// The whole node system of a crossbar in one sparse factorisation, straight from Kirchhoff's law.
#include <Eigen/SparseCholesky>
#include <numeric>
#include <vector>

#include "host/analog/wires.hpp"

namespace crossloop::analog {
namespace {

/// Nodes joined by resistors; those joined by 0 ohm become one.
class Circuit {
 public:
  explicit Circuit(int nodes) : parent_(static_cast<std::size_t>(nodes)) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }

  void join(int a, int b, double ohm) {
    if (ohm == 0.0) {
      parent_[static_cast<std::size_t>(node(a))] = node(b);
    } else {
      conduct(a, b, 1.0 / ohm);
    }
  }

  void conduct(int a, int b, double siemens) { edges_.push_back({a, b, siemens}); }

  int node(int a) const {
    while (parent_[static_cast<std::size_t>(a)] != a) a = parent_[static_cast<std::size_t>(a)];
    return a;
  }

  struct Edge {
    int a, b;
    double siemens;
  };
  const std::vector<Edge>& edges() const { return edges_; }

 private:
  std::vector<int> parent_;
  std::vector<Edge> edges_;
};

using Triplets = std::vector<Eigen::Triplet<double>>;

/// Node ids: the drivers 0..m-1, the virtual grounds m..m+n-1, then the row and the column nodes.
Circuit build(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires) {
  const int m = static_cast<int>(g.rows());
  const int n = static_cast<int>(g.cols());
  const auto row_node = [&](int i, int j) { return m + n + 2 * (i * n + j); };
  const auto column_node = [&](int i, int j) { return row_node(i, j) + 1; };
  Circuit circuit(m + n + 2 * m * n);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      circuit.conduct(row_node(i, j), column_node(i, j), g(i, j) * 1e-6);
      if (j == 0) {
        circuit.join(row_node(i, j), i, wires.driver_ohm);
      } else {
        circuit.join(row_node(i, j), row_node(i, j - 1), wires.row_ohm);
      }
      if (i == m - 1) {
        circuit.join(column_node(i, j), m + j, wires.sense_ohm);
      } else {
        circuit.join(column_node(i, j), column_node(i + 1, j), wires.column_ohm);
      }
    }
  }
  return circuit;
}

}  // namespace

Eigen::MatrixXd effective_conductance_reference(const Eigen::Ref<const Eigen::MatrixXd>& g,
                                                const Wires& wires) {
  check_circuit(g, wires);
  const int m = static_cast<int>(g.rows());
  const int terminals = m + static_cast<int>(g.cols());
  const int nodes = terminals + 2 * static_cast<int>(g.size());
  const Circuit circuit = build(g, wires);
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
