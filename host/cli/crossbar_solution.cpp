#include "host/cli/crossbar_solution.hpp"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "host/analog/wires.hpp"
#include "host/error.hpp"

namespace crossloop::cli {
namespace {

using Eigen::Index;
using nlohmann::json;

constexpr double kMicro = 1e6;     // units of a millionth in one
constexpr Index kMostPrinted = 8;  // rows and columns of a matrix that is printed whole

Eigen::MatrixXd attenuation(const CrossbarSolution& solution) {
  return (solution.cells.array() > 0.0)
      .select(solution.effective.array() / solution.cells.array(),
              std::numeric_limits<double>::quiet_NaN());
}

/// The cell with the smallest and the one with the largest attenuation; none where all are open.
struct Extremes {
  Index low_row = -1, low_column = -1, high_row = -1, high_column = -1;
};

Extremes extremes_of(const Eigen::MatrixXd& ratio) {
  Extremes found;
  for (Index i = 0; i < ratio.rows(); ++i) {
    for (Index j = 0; j < ratio.cols(); ++j) {
      if (std::isnan(ratio(i, j))) continue;
      if (found.low_row < 0 || ratio(i, j) < ratio(found.low_row, found.low_column)) {
        found.low_row = i;
        found.low_column = j;
      }
      if (found.high_row < 0 || ratio(i, j) > ratio(found.high_row, found.high_column)) {
        found.high_row = i;
        found.high_column = j;
      }
    }
  }
  return found;
}

/// Both ways to the column currents, relative to what would flow if no two terms cancelled.
void check_currents(const CrossbarSolution& solution) {
  constexpr double kTolerance = 1e-6;
  const Eigen::VectorXd& found = solution.nodes->column_current;
  const Eigen::VectorXd scale = solution.effective.transpose() * solution.input.cwiseAbs();
  for (Index j = 0; j < found.size(); ++j) {
    const double difference = std::abs(found[j] - solution.column_current[j]);
    if (difference <= kTolerance * scale[j]) continue;
    throw CheckFailed(fmt::format(
        "column {}: the node voltages give {} A, the effective conductances {} A; resistances "
        "this far apart cost the node voltages their digits (--matrix-only leaves them out)",
        j, found[j], solution.column_current[j]));
  }
}

json numbers(const Eigen::Ref<const Eigen::VectorXd>& vector) {
  return std::vector<double>(vector.begin(), vector.end());
}

json rows_of(const Eigen::MatrixXd& matrix) {
  json rows = json::array();
  for (Index i = 0; i < matrix.rows(); ++i) rows.push_back(numbers(matrix.row(i).transpose()));
  return rows;
}

std::string wires_text(const analog::Wires& wires) {
  return fmt::format("driver {} ohm, row segment {} ohm, column segment {} ohm, sense {} ohm",
                     wires.driver_ohm, wires.row_ohm, wires.column_ohm, wires.sense_ohm);
}

std::string input_text(const Eigen::VectorXd& input) {
  if (input.minCoeff() == input.maxCoeff()) return fmt::format("{} V on every row", input[0]);
  return fmt::format("{} to {} V on {} rows", input.minCoeff(), input.maxCoeff(), input.size());
}

void append_matrix(std::string& text, const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  for (Index i = 0; i < matrix.rows(); ++i) {
    text += "   ";
    for (Index j = 0; j < matrix.cols(); ++j) {
      fmt::format_to(std::back_inserter(text), " {:>12.6f}", matrix(i, j));
    }
    text += '\n';
  }
}

std::string attenuation_text(const CrossbarSolution& solution) {
  const Eigen::MatrixXd ratio = attenuation(solution);
  const Extremes at = extremes_of(ratio);
  if (at.low_row < 0) return "every cell is open";
  return fmt::format("{:.6g} in cell ({}, {}) to {:.6g} in cell ({}, {})",
                     ratio(at.low_row, at.low_column), at.low_row, at.low_column,
                     ratio(at.high_row, at.high_column), at.high_row, at.high_column);
}

}  // namespace

CrossbarSolution solve_crossbar(const Eigen::MatrixXd& cells, const analog::Wires& wires,
                                const Eigen::VectorXd& input, bool with_nodes) {
  CrossbarSolution solution;
  solution.cells = cells;
  solution.wires = wires;
  solution.input = input;
  const Eigen::MatrixXd micro = cells * kMicro;
  solution.effective = analog::effective_conductance(micro, wires) / kMicro;
  solution.column_current = solution.effective.transpose() * input;
  solution.nonideality = analog::nonideality_factor(cells, solution.effective);
  if (with_nodes) {
    solution.nodes = analog::solve_nodes(micro, wires, input);
    check_currents(solution);
  }
  return solution;
}

std::string solution_text(const CrossbarSolution& solution, const std::string& name) {
  const Eigen::MatrixXd& cells = solution.cells;
  const analog::Wires& wires = solution.wires;
  Index worst = 0;
  const double largest = solution.nonideality.maxCoeff(&worst);
  std::string text = fmt::format(
      "{}: {} rows, {} columns, cells of {:.6g} to {:.6g} uS\n"
      "  wires    {}\n"
      "           rows driven {}, columns sensed {}\n"
      "  input    {}\n"
      "  NF       mean {:.6f}, largest {:.6f} in column {} (all rows at the same voltage)\n"
      "  G_eff/G  {}\n",
      name, cells.rows(), cells.cols(), cells.minCoeff() * kMicro, cells.maxCoeff() * kMicro,
      wires_text(wires), wires.two_sided_drive ? "from both ends" : "from the left",
      wires.two_sided_sense ? "at both ends" : "at the bottom", input_text(solution.input),
      solution.nonideality.mean(), largest, worst, attenuation_text(solution));
  const Eigen::VectorXd current = solution.column_current * kMicro;
  if (current.size() > kMostPrinted) {
    return text + fmt::format("  currents {:.6g} to {:.6g} uA, {:.6g} uA together\n",
                              current.minCoeff(), current.maxCoeff(), current.sum());
  }
  text += "  column currents (uA)\n";
  append_matrix(text, current.transpose());
  if (cells.rows() > kMostPrinted) return text;
  text += "  effective conductance (uS)\n";
  append_matrix(text, solution.effective * kMicro);
  return text;
}

json solution_json(const CrossbarSolution& solution) {
  const analog::Wires& wires = solution.wires;
  Index worst = 0;
  const double largest = solution.nonideality.maxCoeff(&worst);
  json result = {{"rows", solution.cells.rows()},
                 {"columns", solution.cells.cols()},
                 {"wires",
                  {{"driver_ohm", wires.driver_ohm},
                   {"row_ohm", wires.row_ohm},
                   {"column_ohm", wires.column_ohm},
                   {"sense_ohm", wires.sense_ohm},
                   {"two_sided_drive", wires.two_sided_drive},
                   {"two_sided_sense", wires.two_sided_sense}}},
                 {"input_voltage", numbers(solution.input)},
                 {"effective_conductance", rows_of(solution.effective)},
                 {"column_current", numbers(solution.column_current)},
                 {"nf", numbers(solution.nonideality)},
                 {"nf_mean", solution.nonideality.mean()},
                 {"nf_max", largest},
                 {"nf_max_column", worst}};
  if (solution.nodes) {
    result["row_voltage"] = rows_of(solution.nodes->row_voltage);
    result["column_voltage"] = rows_of(solution.nodes->column_voltage);
    result["cell_current"] = rows_of(solution.nodes->cell_current);
    result["driver_current"] = numbers(solution.nodes->driver_current);
  }
  return result;
}

report::HeatMap attenuation_map(const CrossbarSolution& solution) {
  const analog::Wires& wires = solution.wires;
  return {.values = attenuation(solution),
          .title = fmt::format("Attenuation of {} x {} cells", solution.cells.rows(),
                               solution.cells.cols()),
          .subtitle = wires_text(wires),
          .row_label =
              wires.two_sided_drive ? "row (drivers left and right)" : "row (drivers on the left)",
          .column_label = wires.two_sided_sense ? "column (sensed at the top and the bottom)"
                                                : "column (sensed at the bottom)",
          .value_label = "G_eff / G"};
}

}  // namespace crossloop::cli
