// crossloop solve: the exact circuit solution of one crossbar.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "host/analog/netlist.hpp"
#include "host/analog/wires.hpp"
#include "host/cli/command.hpp"
#include "host/cli/crossbar_solution.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "host/matrix_file.hpp"

namespace crossloop::cli {

namespace {

namespace fs = std::filesystem;
using Eigen::Index;

constexpr double kMaxOhm = 1e9;

struct SolveArguments {
  fs::path cells;
  analog::Wires wires;
  std::string technology;
  std::string input = "0.2";
  fs::path spice;
  fs::path heat_map;
  fs::path effective;
  bool allow_open_cells = false;
  bool matrix_only = false;
};

/// Not by CLI11's range check, which nan passes.
void check_wires(const analog::Wires& wires) {
  for (const auto& [option, ohm] : {std::pair{"--driver", wires.driver_ohm},
                                    {"--row", wires.row_ohm},
                                    {"--col", wires.column_ohm},
                                    {"--sense", wires.sense_ohm}}) {
    if (ohm >= 0.0 && ohm <= kMaxOhm) continue;
    throw InputError(
        fmt::format("{}: found {}, expected a resistance of 0..{:g} ohm", option, ohm, kMaxOhm));
  }
}

void check_cells(const Eigen::MatrixXd& cells, const std::string& name, bool allow_open_cells) {
  for (Index i = 0; i < cells.rows(); ++i) {
    for (Index j = 0; j < cells.cols(); ++j) {
      const double siemens = cells(i, j);
      const bool valid = std::isfinite(siemens) && siemens >= 0.0;
      if (valid && (siemens > 0.0 || allow_open_cells)) continue;
      throw InputError(fmt::format("{}: row {}, column {} (from 0): found {}, expected {}", name, i,
                                   j, siemens,
                                   valid ? "a conductance > 0 in siemens; --allow-open-cells takes "
                                           "0 for an open cell"
                                         : "a finite conductance >= 0 in siemens"));
    }
  }
}

Eigen::MatrixXd read_cells(const SolveArguments& arguments) {
  const std::string name = arguments.cells.string();
  Eigen::MatrixXd cells = read_matrix(arguments.cells);
  if (cells.rows() > analog::kMaxLines || cells.cols() > analog::kMaxLines) {
    throw InputError(fmt::format("{}: found {} rows and {} columns, expected at most {} of each",
                                 name, cells.rows(), cells.cols(), analog::kMaxLines));
  }
  check_cells(cells, name, arguments.allow_open_cells);
  if (cells.maxCoeff() > 1.0) {
    spdlog::warn("{}: a cell of {} S; conductances are read in siemens, 50 uS is 50e-6", name,
                 cells.maxCoeff());
  }
  return cells;
}

/// One voltage for all rows, or a file with one for each.
Eigen::VectorXd read_input(const std::string& text, Index rows) {
  const fs::path suffix = fs::path(text).extension();
  double volt = 0.0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), volt);
  Eigen::VectorXd input = Eigen::VectorXd::Constant(rows, volt);
  if (suffix == ".csv" || suffix == ".npy") {
    input = read_vector(text);
  } else if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(volt)) {
    throw InputError(fmt::format(
        "--input {}: expected a finite voltage, or a .csv or .npy file with one for each row",
        text));
  }
  try {
    analog::check_input(rows, input);
  } catch (const InputError& error) {
    throw InputError(fmt::format("--input {}: {}", text, error.what()));
  }
  return input;
}

/// The files to write, each different from the others and from those read.
void check_outputs(const SolveArguments& arguments, const Globals& globals) {
  std::vector<std::pair<std::string, fs::path>> seen = {{"the conductances", arguments.cells},
                                                        {"--input", arguments.input}};
  const auto resolved = [](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(path));
  };
  for (const auto& [option, path] : {std::pair<std::string, fs::path>{"--json", globals.json},
                                     {"--spice", arguments.spice},
                                     {"--heatmap", arguments.heat_map},
                                     {"--effective", arguments.effective}}) {
    if (path.empty()) continue;
    for (const auto& [other, other_path] : seen) {
      if (resolved(path) != resolved(other_path)) continue;
      throw InputError(fmt::format("{} {}: the same file as {}", option, path.string(), other));
    }
    seen.emplace_back(option, path);
    require_writable(path);
  }
}

void check_names(const SolveArguments& arguments) {
  if (!arguments.effective.empty()) check_matrix_name("--effective", arguments.effective);
  const std::string suffix = arguments.heat_map.extension().string();
  if (arguments.heat_map.empty() || suffix == ".svg" || suffix == ".png") return;
  throw InputError(fmt::format("--heatmap {}: found suffix '{}', expected .svg or .png",
                               arguments.heat_map.string(), suffix));
}

void run(SolveArguments arguments, const Globals& globals) {
  if (!arguments.technology.empty()) {
    const auto& technology = analog::find_wire_technology(arguments.technology);
    arguments.wires.row_ohm = technology.row_ohm;
    arguments.wires.column_ohm = technology.column_ohm;
  }
  check_wires(arguments.wires);
  check_names(arguments);
  const Eigen::MatrixXd cells = read_cells(arguments);
  const Eigen::VectorXd input = read_input(arguments.input, cells.rows());
  check_outputs(arguments, globals);
  const bool with_nodes = !globals.json.empty() && !arguments.matrix_only;
  const CrossbarSolution solution = solve_crossbar(cells, arguments.wires, input, with_nodes);
  if (!arguments.spice.empty()) {
    write_file(arguments.spice, analog::spice_netlist(cells * 1e6, arguments.wires, input));
  }
  if (!arguments.heat_map.empty()) {
    const report::HeatMap map = attenuation_map(solution);
    write_file(arguments.heat_map, arguments.heat_map.extension() == ".svg"
                                       ? report::heat_map_svg(map)
                                       : report::heat_map_png(map));
  }
  if (!arguments.effective.empty()) write_matrix(arguments.effective, solution.effective);
  show_result(globals, solution_text(solution, arguments.cells.string()),
              globals.json.empty() ? nlohmann::json() : solution_json(solution));
}

/// Options of the circuit; --technology stands for --row and --col.
void add_wire_options(CLI::App& command, SolveArguments& arguments) {
  analog::Wires& wires = arguments.wires;
  const auto add = [&](const std::string& name, double& ohm, const std::string& text) {
    return command.add_option(name, ohm, text + ", ohm; 0 merges the nodes")
        ->type_name("OHM")
        ->capture_default_str();
  };
  add("--driver", wires.driver_ohm, "from a row's voltage to column 0");
  CLI::Option* row = add("--row", wires.row_ohm, "between neighbouring cells of a row");
  CLI::Option* column = add("--col", wires.column_ohm, "between neighbouring cells of a column");
  add("--sense", wires.sense_ohm, "from the last row to a column's virtual ground");
  command
      .add_option("--technology", arguments.technology,
                  "in place of --row and --col: the segments of a technology, 32nm-1t1r or such")
      ->type_name("NAME")
      ->excludes(row)
      ->excludes(column);
  command.add_flag("--two-sided-drive", wires.two_sided_drive,
                   "a second driver, of --driver, right of the last column");
  command.add_flag("--two-sided-sense", wires.two_sided_sense,
                   "a second virtual ground, behind --sense, above row 0");
}

}  // namespace

void add_solve(CLI::App& app, Globals& globals) {
  auto arguments = std::make_shared<SolveArguments>();
  CLI::App* command = add_command(
      app, globals, "solve",
      "Solve the circuit of one crossbar exactly. The default wires are those of the device\n"
      "`default`. With --json all node voltages are solved too, which takes more memory and time\n"
      "than the matrix: docs/solve.md has figures; --matrix-only leaves them out.",
      "crossloop solve g.csv --driver 1000 --row 5 --col 10 --sense 1000 --heatmap g.svg");
  command
      ->add_option("conductances", arguments->cells,
                   "siemens, rows x columns up to 1024x1024: .csv (a line per row, commas, # "
                   "comments) or .npy (float32, float64)")
      ->required()
      ->type_name("FILE");
  add_wire_options(*command, *arguments);
  command
      ->add_option(
          "--input", arguments->input,
          "the row voltages in volt: one for all, or a .csv or .npy file with one for each")
      ->type_name("VOLT|FILE")
      ->capture_default_str();
  command->add_flag("--allow-open-cells", arguments->allow_open_cells,
                    "take a conductance of 0 for an open cell, not for a mistake");
  command->add_flag("--matrix-only", arguments->matrix_only,
                    "no node voltages, cell and driver currents in --json");
  command
      ->add_option("--effective", arguments->effective,
                   "write the effective conductances in siemens: .csv or .npy (float64)")
      ->type_name("FILE");
  command->add_option("--spice", arguments->spice, "write the circuit as an ngspice netlist")
      ->type_name("FILE");
  command
      ->add_option("--heatmap", arguments->heat_map,
                   "write a picture of the attenuation G_eff/G of each cell: .svg or .png")
      ->type_name("FILE");
  command->callback([arguments, &globals] { run(*arguments, globals); });
}

}  // namespace crossloop::cli
