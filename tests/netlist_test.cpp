// The text of a netlist; tests/spice_test.cpp runs it.
#include "host/analog/netlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The elements of a netlist: its lines without the title, comments and the control block.
std::vector<std::string> elements(const std::string& netlist) {
  std::vector<std::string> lines;
  std::istringstream stream(netlist);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line) && line != ".control") {
    if (line[0] != '*') lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> elements(const Eigen::MatrixXd& g, const Wires& wires) {
  return elements(spice_netlist(g, wires, Eigen::VectorXd::Constant(g.rows(), 0.2)));
}

Eigen::MatrixXd cells() {
  Eigen::MatrixXd g(2, 1);
  g << 50, 20;
  return g;
}

TEST(SpiceNetlist, HasOneResistorPerCellAndWire) {
  EXPECT_THAT(
      elements(cells(), {1000, 5, 49, 300}),
      ElementsAre("Vin0 in0 0 0.2", "Vin1 in1 0 0.2", "Vsense0 out0 0 0",
                  "Rcell0_0 r0_0 c0_0 20000", "Rwire0 r0_0 in0 1000", "Rwire1 c0_0 c1_0 49",
                  "Rcell1_0 r1_0 c1_0 50000", "Rwire2 r1_0 in1 1000", "Rwire3 c1_0 out0 300"));
}

TEST(SpiceNetlist, MergesNodesInsteadOfResistorsOfZeroOhm) {
  EXPECT_THAT(elements(cells(), {0, 0, 0, 0}),
              ElementsAre("Vin0 in0 0 0.2", "Vin1 in1 0 0.2", "Vsense0 out0 0 0",
                          "Rcell0_0 in0 out0 20000", "Rcell1_0 in1 out0 50000"));
}

TEST(SpiceNetlist, LeavesOpenCellsAndShortedWiresOut) {
  EXPECT_THAT(elements(Eigen::MatrixXd::Zero(1, 2), {0, 5, 0, 300, true, false}),
              ElementsAre("Vin0 in0 0 0.2", "Vsense0 out0 0 0", "Vsense1 out1 0 0",
                          "Rwire0 c0_0 out0 300", "Rwire1 c0_1 out1 300"));
}

TEST(SpiceNetlist, DrivesAndSensesBothEnds) {
  const auto lines = elements(cells(), {1000, 5, 10, 300, true, true});
  EXPECT_THAT(lines, Contains("Rwire2 c0_0 c1_0 10"));
  EXPECT_THAT(lines, Contains("Rwire0 r0_0 in0 1000"));
  EXPECT_THAT(lines, Contains("Rwire1 r0_0 in0 1000"));
  EXPECT_THAT(lines, Contains("Rwire3 c0_0 out0 300"));
  EXPECT_THAT(lines, Contains("Rwire6 c1_0 out0 300"));
}

TEST(SpiceNetlist, SaysWhatItIs) {
  const std::string netlist =
      spice_netlist(cells(), Wires{}, Eigen::VectorXd::LinSpaced(2, 0.1, 0.25));
  EXPECT_THAT(netlist, ::testing::StartsWith("Crossbar of 2 rows and 1 columns"));
  EXPECT_THAT(netlist, HasSubstr("driver 100 ohm left of column 0, row segment 2.5 ohm"));
  EXPECT_THAT(netlist, HasSubstr("Vin1 in1 0 0.25\n"));
  EXPECT_THAT(netlist, HasSubstr("op\nprint i(vsense0)\nquit\n"));
}

TEST(SpiceNetlist, RefusesWhatNoCircuitHas) {
  EXPECT_THROW(spice_netlist(-cells(), Wires{}, Eigen::VectorXd::Ones(2)), InputError);
  EXPECT_THROW(spice_netlist(cells(), Wires{}, Eigen::VectorXd::Ones(1)), InputError);
}

}  // namespace
}  // namespace crossloop::analog
