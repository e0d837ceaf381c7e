#include "host/analog/wire_parameters.hpp"

namespace crossloop::analog {
namespace {

constexpr double kMaxOhm = 1e9;

}  // namespace

Wires read_wires(ConfigTable table) {
  Wires wires;
  wires.driver_ohm = table.number("driver_ohm", 0.0, kMaxOhm);
  wires.row_ohm = table.number("row_ohm", 0.0, kMaxOhm);
  wires.column_ohm = table.number("column_ohm", 0.0, kMaxOhm);
  wires.sense_ohm = table.number("sense_ohm", 0.0, kMaxOhm);
  table.finish();
  return wires;
}

}  // namespace crossloop::analog
