// A crossbar as a network of resistors: nodes and edges straight from Kirchhoff's law.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {

/// Nodes joined by resistors; those joined by 0 ohm become one.
class Circuit {
 public:
  explicit Circuit(int nodes);

  void join(int a, int b, double ohm);  ///< 0 ohm merges the nodes
  void conduct(int a, int b, double siemens) { edges_.push_back({a, b, siemens}); }

  int node(int a) const;                  ///< the node that `a` is merged into
  std::vector<int> merged_nodes() const;  ///< node() of every node, in time linear in size()
  int size() const { return static_cast<int>(parent_.size()); }

  struct Edge {
    int a, b;
    double siemens;
  };
  const std::vector<Edge>& edges() const { return edges_; }

 private:
  std::vector<int> parent_;
  std::vector<Edge> edges_;
};

/// Node ids of a crossbar: the sources 0..rows-1, the virtual grounds rows..rows+columns-1, then a
/// row and a column node for each cell.
struct CrossbarNodes {
  int rows = 0;
  int columns = 0;
  int source(int i) const { return i; }
  int ground(int j) const { return rows + j; }
  int terminals() const { return rows + columns; }
  int row_node(int i, int j) const { return rows + columns + 2 * (i * columns + j); }
  int column_node(int i, int j) const { return row_node(i, j) + 1; }
  int count() const { return terminals() + 2 * rows * columns; }
};

/// The circuit of docs/analog.md for cells `g` in microsiemens. Where drive or sense is two-sided,
/// the second driver (sense resistance) leads to the same source (ground) node.
Circuit crossbar_circuit(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires);

}  // namespace crossloop::analog
