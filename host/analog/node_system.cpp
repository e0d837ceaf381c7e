#include "host/analog/node_system.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

/// Terminals keep their id; every other merged node gets the next number. Returns the count.
int number_nodes(const std::vector<int>& merged, int terminals, std::vector<int>& index) {
  index.assign(merged.size(), -1);
  int count = terminals;
  for (std::size_t a = 0; a < merged.size(); ++a) {
    int& root = index[static_cast<std::size_t>(merged[a])];
    if (root < 0) root = a < static_cast<std::size_t>(terminals) ? static_cast<int>(a) : count++;
    index[a] = root;
  }
  return count;
}

}  // namespace

NodeSystem::NodeSystem(const Circuit& circuit, int terminals) : terminals_(terminals) {
  count_ = number_nodes(circuit.merged_nodes(), terminals, index_);
  edges_.reserve(circuit.edges().size());
  std::vector<Eigen::Triplet<double>> lower;
  for (const Circuit::Edge& edge : circuit.edges()) {
    const int a = index_[static_cast<std::size_t>(edge.a)];
    const int b = index_[static_cast<std::size_t>(edge.b)];
    if (a == b) continue;
    edges_.push_back({a, b, edge.siemens});
    for (const int node : {a, b}) {
      if (node >= terminals) lower.emplace_back(node - terminals, node - terminals, edge.siemens);
    }
    if (std::min(a, b) < terminals) continue;
    lower.emplace_back(std::max(a, b) - terminals, std::min(a, b) - terminals, -edge.siemens);
  }
  Eigen::SparseMatrix<double> admittance(unknowns(), unknowns());
  admittance.setFromTriplets(lower.begin(), lower.end());
  if (unknowns() == 0) return;
  factor_.compute(admittance);
  if (factor_.info() != Eigen::Success) {
    throw InputError("node voltages: the resistances lie too far apart for double precision");
  }
}

/// Ampere leaving each distinct node through its resistors. Summed over the edges' voltages, which
/// keeps the digits that a product with the admittance matrix loses next to a small resistance.
MatrixXd NodeSystem::leaving(const MatrixXd& volts) const {
  MatrixXd result = MatrixXd::Zero(volts.rows(), volts.cols());
  for (Index k = 0; k < volts.cols(); ++k) {
    for (const Circuit::Edge& edge : edges_) {
      const double current = edge.siemens * (volts(edge.a, k) - volts(edge.b, k));
      result(edge.a, k) += current;
      result(edge.b, k) -= current;
    }
  }
  return result;
}

MatrixXd NodeSystem::voltages(const Eigen::Ref<const MatrixXd>& at_terminals) const {
  constexpr int kRounds = 3;  // the solution, then refined by what Kirchhoff's law still lacks
  MatrixXd volts = MatrixXd::Zero(count_, at_terminals.cols());
  volts.topRows(terminals_) = at_terminals;
  for (int round = 0; round < kRounds && unknowns() > 0; ++round) {
    volts.bottomRows(unknowns()) -= factor_.solve(MatrixXd(leaving(volts).bottomRows(unknowns())));
  }
  MatrixXd result(static_cast<Index>(index_.size()), volts.cols());
  for (Index a = 0; a < result.rows(); ++a) {
    result.row(a) = volts.row(index_[static_cast<std::size_t>(a)]);
  }
  return result;
}

MatrixXd NodeSystem::terminal_currents(const Eigen::Ref<const MatrixXd>& voltages) const {
  MatrixXd volts(count_, voltages.cols());
  for (Index a = 0; a < voltages.rows(); ++a) {
    volts.row(index_[static_cast<std::size_t>(a)]) = voltages.row(a);
  }
  return leaving(volts).topRows(terminals_);
}

}  // namespace crossloop::analog
