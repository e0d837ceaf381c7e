// One crossbar with its exact circuit solution, as `crossloop solve` shows it.
#pragma once

#include <Eigen/Core>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "host/analog/node_solution.hpp"
#include "host/analog/wire_parameters.hpp"
#include "host/report/heat_map.hpp"

namespace crossloop::cli {

/// Everything in SI units.
struct CrossbarSolution {
  Eigen::MatrixXd cells;      ///< siemens, rows x columns
  Eigen::MatrixXd effective;  ///< siemens, rows x columns: I_j = sum_i effective(i, j) V_i
  analog::Wires wires;
  Eigen::VectorXd input;                      ///< volt, one per row
  Eigen::VectorXd column_current;             ///< ampere
  Eigen::VectorXd nonideality;                ///< of each column, all rows at the same voltage
  std::optional<analog::NodeSolution> nodes;  ///< voltages and currents of all nodes
};

/// Solves the circuit; `with_nodes` for all node voltages too. Throws CheckFailed if these
/// contradict the effective conductances: resistances so far apart that digits were lost.
CrossbarSolution solve_crossbar(const Eigen::MatrixXd& cells, const analog::Wires& wires,
                                const Eigen::VectorXd& input, bool with_nodes);

/// The text for people; `name` is what the crossbar is called.
std::string solution_text(const CrossbarSolution& solution, const std::string& name);

/// The keys of docs/solve.md.
nlohmann::json solution_json(const CrossbarSolution& solution);

/// Attenuation G_eff/G of each cell, NaN for open ones.
report::HeatMap attenuation_map(const CrossbarSolution& solution);

}  // namespace crossloop::cli
