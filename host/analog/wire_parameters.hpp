// The wires and terminals of a crossbar array.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host/config.hpp"

namespace crossloop::analog {

/// Resistances of the array in ohm. The driver sits left of column 0, the sense side below the last
/// row; a row (column) segment lies between neighbouring cells. 0 merges the nodes.
struct Wires {
  double driver_ohm = 100.0;
  double row_ohm = 2.5;
  double column_ohm = 2.5;
  double sense_ohm = 100.0;
  bool two_sided_drive = false;  ///< a second driver, of driver_ohm, right of the last column
  bool two_sided_sense = false;  ///< a second virtual ground, behind sense_ohm, above row 0
  bool ideal() const {
    return driver_ohm == 0.0 && row_ohm == 0.0 && column_ohm == 0.0 && sense_ohm == 0.0;
  }
  bool operator==(const Wires&) const = default;
};

/// What the wires of a cell measure in one technology: copper of the tightest pitch at 300 K.
struct WireTechnology {
  std::string name;   ///< node and cell: "130nm-1t1r" .. "7nm-1t1r", "130nm-crosspoint" ..
  double row_ohm;     ///< one segment
  double column_ohm;  ///< one segment
  double ohm_per_um;  ///< of wire
};

/// All technologies, large nodes first. R = rho / (width^2 * aspect ratio) * length with the widths
/// F, aspect ratios and resistivities of DNN+NeuroSim V1.3; a 1T1R cell is 4 F long in a row and
/// 12 F in a column, a crosspoint cell 2 F both ways.
std::span<const WireTechnology> wire_technologies();

/// Throws InputError listing the technologies if there is none of this name.
const WireTechnology& find_wire_technology(std::string_view name);

/// Resistances below any conductor's (1e-200 ohm), whose reciprocal might overflow, as 0.
Wires merge_shorts(Wires wires);

/// Reads the table `wires` of a device file, strictly: driver_ohm, sense_ohm and either row_ohm and
/// column_ohm or `technology`; optionally `drive` and `sense`, "one-sided" (default) or
/// "two-sided". Throws InputError naming key and line.
Wires read_wires(ConfigTable table);

}  // namespace crossloop::analog
