#include "host/analog/circuit.hpp"

#include <numeric>
#include <utility>

namespace crossloop::analog {

Circuit::Circuit(int nodes) : parent_(static_cast<std::size_t>(nodes)) {
  std::iota(parent_.begin(), parent_.end(), 0);
}

void Circuit::join(int a, int b, double ohm) {
  if (ohm == 0.0) {
    parent_[static_cast<std::size_t>(node(a))] = node(b);
  } else {
    conduct(a, b, 1.0 / ohm);
  }
}

int Circuit::node(int a) const {
  while (parent_[static_cast<std::size_t>(a)] != a) a = parent_[static_cast<std::size_t>(a)];
  return a;
}

std::vector<int> Circuit::merged_nodes() const {
  std::vector<int> merged = parent_;
  for (int a = 0; a < size(); ++a) {
    int root = a;
    while (merged[static_cast<std::size_t>(root)] != root) {
      root = merged[static_cast<std::size_t>(root)];
    }
    for (int at = a; at != root;) at = std::exchange(merged[static_cast<std::size_t>(at)], root);
  }
  return merged;
}

Circuit crossbar_circuit(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& given) {
  const Wires wires = merge_shorts(given);
  const CrossbarNodes nodes = {static_cast<int>(g.rows()), static_cast<int>(g.cols())};
  Circuit circuit(nodes.count());
  for (int i = 0; i < nodes.rows; ++i) {
    for (int j = 0; j < nodes.columns; ++j) {
      const int row = nodes.row_node(i, j);
      const int column = nodes.column_node(i, j);
      circuit.conduct(row, column, g(i, j) * 1e-6);
      if (j == 0) {
        circuit.join(row, nodes.source(i), wires.driver_ohm);
      } else {
        circuit.join(row, nodes.row_node(i, j - 1), wires.row_ohm);
      }
      if (j == nodes.columns - 1 && wires.two_sided_drive) {
        circuit.join(row, nodes.source(i), wires.driver_ohm);
      }
      if (i == nodes.rows - 1) {
        circuit.join(column, nodes.ground(j), wires.sense_ohm);
      } else {
        circuit.join(column, nodes.column_node(i + 1, j), wires.column_ohm);
      }
      if (i == 0 && wires.two_sided_sense) {
        circuit.join(column, nodes.ground(j), wires.sense_ohm);
      }
    }
  }
  return circuit;
}

}  // namespace crossloop::analog
