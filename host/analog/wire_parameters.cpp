#include "host/analog/wire_parameters.hpp"

#include <algorithm>
#include <vector>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

constexpr double kMaxOhm = 1e9;

/// A wire of the tightest pitch, from the table in DNN+NeuroSim V1.3 (wireWidth, AR, Rho).
struct WireMaterial {
  const char* node;
  double width_nm;  // F
  double aspect_ratio;
  double rho_ohm_m;
  double ohm_per_um() const { return rho_ohm_m * 1e12 / (width_nm * width_nm * aspect_ratio); }
};
constexpr WireMaterial kMaterials[] = {
    {"130nm", 175, 1.6, 2.20e-8}, {"90nm", 110, 1.6, 2.52e-8}, {"65nm", 105, 1.7, 2.68e-8},
    {"45nm", 80, 1.7, 3.31e-8},   {"32nm", 56, 1.8, 3.70e-8},  {"22nm", 40, 1.9, 4.03e-8},
    {"14nm", 25, 2.0, 5.08e-8},   {"10nm", 18, 2.0, 6.35e-8},  {"7nm", 18, 2.0, 6.35e-8},
};

/// Length of a cell along a row and along a column, in wire widths.
struct CellSize {
  const char* name;
  double row_f;
  double column_f;
};
constexpr CellSize kCellSizes[] = {{"1t1r", 4.0, 12.0}, {"crosspoint", 2.0, 2.0}};

std::vector<WireTechnology> make_technologies() {
  std::vector<WireTechnology> all;
  for (const CellSize& cell : kCellSizes) {
    for (const WireMaterial& wire : kMaterials) {
      const double ohm_per_f = wire.ohm_per_um() * wire.width_nm * 1e-3;
      all.push_back({.name = std::string(wire.node) + "-" + cell.name,
                     .row_ohm = cell.row_f * ohm_per_f,
                     .column_ohm = cell.column_f * ohm_per_f,
                     .ohm_per_um = wire.ohm_per_um()});
    }
  }
  return all;
}

bool is_two_sided(ConfigTable& table, std::string_view key) {
  return table.choice(key, {"one-sided", "two-sided"}, 0) == 1;
}

/// The technology of that name. Throws InputError where segments are given as well.
const WireTechnology& read_technology(const ConfigTable& table, const std::string& name) {
  for (const char* segment : {"row_ohm", "column_ohm"}) {
    if (!table.has(segment)) continue;
    throw InputError(table.where(segment) + ": found both 'wires." + segment +
                     "' and 'wires.technology', expected one of them");
  }
  try {
    return find_wire_technology(name);
  } catch (const InputError& error) {
    throw InputError(table.where("technology") + ": key 'wires.technology': " + error.what());
  }
}

}  // namespace

std::span<const WireTechnology> wire_technologies() {
  static const std::vector<WireTechnology> all = make_technologies();
  return all;
}

const WireTechnology& find_wire_technology(std::string_view name) {
  const auto all = wire_technologies();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const WireTechnology& one) { return one.name == name; });
  if (found != all.end()) return *found;
  std::string known;
  for (const WireTechnology& one : all) known += (known.empty() ? "" : ", ") + one.name;
  throw InputError("found technology '" + std::string(name) + "', expected one of " + known);
}

Wires merge_shorts(Wires wires) {
  constexpr double kShortOhm = 1e-200;
  for (double* ohm : {&wires.driver_ohm, &wires.row_ohm, &wires.column_ohm, &wires.sense_ohm}) {
    if (*ohm < kShortOhm) *ohm = 0.0;
  }
  return wires;
}

Wires read_wires(ConfigTable table) {
  Wires wires;
  wires.driver_ohm = table.number("driver_ohm", 0.0, kMaxOhm);
  const std::string name = table.text("technology", "");
  if (table.has("technology")) {
    const WireTechnology& technology = read_technology(table, name);
    wires.row_ohm = technology.row_ohm;
    wires.column_ohm = technology.column_ohm;
  } else {
    wires.row_ohm = table.number("row_ohm", 0.0, kMaxOhm);
    wires.column_ohm = table.number("column_ohm", 0.0, kMaxOhm);
  }
  wires.sense_ohm = table.number("sense_ohm", 0.0, kMaxOhm);
  wires.two_sided_drive = is_two_sided(table, "drive");
  wires.two_sided_sense = is_two_sided(table, "sense");
  table.finish();
  return wires;
}

}  // namespace crossloop::analog
