#include "host/analog/netlist.hpp"

#include <spdlog/fmt/fmt.h>

#include <iterator>
#include <vector>

#include "host/analog/circuit.hpp"
#include "host/analog/node_solution.hpp"
#include "host/analog/wires.hpp"

namespace crossloop::analog {
namespace {

/// Names after CrossbarNodes.
std::string node_name(const CrossbarNodes& nodes, int node) {
  if (node < nodes.rows) return fmt::format("in{}", node);
  if (node < nodes.terminals()) return fmt::format("out{}", node - nodes.rows);
  const int cell = (node - nodes.terminals()) / 2;
  const int i = cell / nodes.columns, j = cell % nodes.columns;
  return fmt::format("{}{}_{}", node == nodes.row_node(i, j) ? 'r' : 'c', i, j);
}

std::string head(const CrossbarNodes& nodes, const Wires& wires) {
  return fmt::format(
      "Crossbar of {} rows and {} columns with its wires, by crossloop solve\n"
      "* ngspice -b FILE prints the current of each column, i(vsense0) and so on, in ampere.\n"
      "* Units: ohm and volt. Nodes: in<i> is the voltage of row i, out<j> the virtual ground of\n"
      "* column j, r<i>_<j> and c<i>_<j> are the row and the column side of the cell in row i,\n"
      "* column j. Nodes joined by 0 ohm are one node, which has one of their names.\n"
      "* Wires: driver {} ohm{}, row segment {} ohm, column segment {} ohm, sense {} ohm{}.\n",
      nodes.rows, nodes.columns, wires.driver_ohm,
      wires.two_sided_drive ? " at both ends of each row" : " left of column 0", wires.row_ohm,
      wires.column_ohm, wires.sense_ohm,
      wires.two_sided_sense ? " at both ends of each column" : " below the last row");
}

void add_resistors(std::string& text, const CrossbarNodes& nodes, const Circuit& circuit) {
  const std::vector<int> merged = circuit.merged_nodes();
  int wire = 0;
  for (const Circuit::Edge& edge : circuit.edges()) {
    const int a = merged[static_cast<std::size_t>(edge.a)];
    const int b = merged[static_cast<std::size_t>(edge.b)];
    if (a == b || edge.siemens == 0.0) continue;
    const int cell = (edge.a - nodes.terminals()) / 2;
    const bool is_cell = edge.a >= nodes.terminals() && edge.b == edge.a + 1 &&
                         edge.a == nodes.terminals() + 2 * cell;
    const std::string name =
        is_cell ? fmt::format("cell{}_{}", cell / nodes.columns, cell % nodes.columns)
                : fmt::format("wire{}", wire++);
    fmt::format_to(std::back_inserter(text), "R{} {} {} {:.15g}\n", name, node_name(nodes, a),
                   node_name(nodes, b), 1.0 / edge.siemens);
  }
}

}  // namespace

std::string spice_netlist(const Eigen::Ref<const Eigen::MatrixXd>& g, const Wires& wires,
                          const Eigen::Ref<const Eigen::VectorXd>& input) {
  check_circuit(g, wires);
  check_input(g.rows(), input);
  const CrossbarNodes nodes = {static_cast<int>(g.rows()), static_cast<int>(g.cols())};
  std::string text = head(nodes, wires);
  const auto out = std::back_inserter(text);
  for (int i = 0; i < nodes.rows; ++i) fmt::format_to(out, "Vin{0} in{0} 0 {1}\n", i, input[i]);
  for (int j = 0; j < nodes.columns; ++j) fmt::format_to(out, "Vsense{0} out{0} 0 0\n", j);
  add_resistors(text, nodes, crossbar_circuit(g, wires));
  text += ".control\nset numdgt=16\nop\n";
  for (int j = 0; j < nodes.columns; ++j) fmt::format_to(out, "print i(vsense{})\n", j);
  text += "quit\n.endc\n.end\n";
  return text;
}

}  // namespace crossloop::analog
