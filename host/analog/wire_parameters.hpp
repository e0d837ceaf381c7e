// The wires and terminals of a crossbar array.
#pragma once

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

/// Reads the table `wires` of a device file, strictly. Throws InputError naming key and line.
Wires read_wires(ConfigTable table);

}  // namespace crossloop::analog
