#include "host/analog/wire_parameters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kTerminals = "driver_ohm = 1\nsense_ohm = 4\n";
constexpr const char* kSegments = "row_ohm = 2\ncolumn_ohm = 3\n";

Wires read(const std::string& lines) {
  ConfigTable file = ConfigTable::parse_text("[wires]\n" + lines, "mine.toml");
  return read_wires(file.table("wires"));
}

std::string error_of(const std::string& lines) {
  try {
    read(lines);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(WireTable, HasOneSidedTerminalsUnlessItSaysSo) {
  const Wires expected = {.driver_ohm = 1.0, .row_ohm = 2.0, .column_ohm = 3.0, .sense_ohm = 4.0};
  EXPECT_EQ(read(std::string(kTerminals) + kSegments), expected);
  EXPECT_EQ(
      read(std::string(kTerminals) + kSegments + "drive = 'one-sided'\nsense = 'one-sided'\n"),
      expected);
}

TEST(WireTable, HasTwoSidedTerminalsWhereItSaysSo) {
  const std::string base = std::string(kTerminals) + kSegments;
  const Wires driven = read(base + "drive = 'two-sided'\n");
  EXPECT_TRUE(driven.two_sided_drive);
  EXPECT_FALSE(driven.two_sided_sense);
  const Wires sensed = read(base + "sense = 'two-sided'\n");
  EXPECT_FALSE(sensed.two_sided_drive);
  EXPECT_TRUE(sensed.two_sided_sense);
}

TEST(WireTable, IsRefusedForASideNoArrayHas) {
  EXPECT_THAT(error_of(std::string(kTerminals) + kSegments + "drive = 'both'\n"),
              AllOf(HasSubstr("mine.toml:6: key 'wires.drive'"), HasSubstr("found \"both\""),
                    HasSubstr("one-sided"), HasSubstr("two-sided")));
}

TEST(WireTable, TakesTheSegmentsOfItsTechnology) {
  const Wires wires = read(std::string(kTerminals) + "technology = '32nm-1t1r'\n");
  const WireTechnology& technology = find_wire_technology("32nm-1t1r");
  EXPECT_EQ(wires.row_ohm, technology.row_ohm);
  EXPECT_EQ(wires.column_ohm, technology.column_ohm);
  EXPECT_EQ(wires.driver_ohm, 1.0);
  EXPECT_EQ(wires.sense_ohm, 4.0);
}

TEST(WireTable, NeedsTerminalsBesideATechnology) {
  EXPECT_THAT(error_of("technology = '32nm-1t1r'\nsense_ohm = 1\n"),
              HasSubstr("key 'wires.driver_ohm' is missing"));
  EXPECT_THAT(error_of("technology = '32nm-1t1r'\ndriver_ohm = 1\n"),
              HasSubstr("key 'wires.sense_ohm' is missing"));
}

TEST(WireTable, IsRefusedForATechnologyBesideSegments) {
  const std::string base = std::string(kTerminals) + "technology = '32nm-1t1r'\n";
  EXPECT_THAT(error_of(base + "row_ohm = 2\n"),
              HasSubstr("mine.toml:5: found both 'wires.row_ohm' and 'wires.technology'"));
  EXPECT_THAT(error_of(base + "column_ohm = 2\n"),
              HasSubstr("mine.toml:5: found both 'wires.column_ohm' and 'wires.technology'"));
}

TEST(WireTable, IsRefusedForAnUnknownTechnologyWithAListOfThem) {
  for (const char* name : {"28nm", ""}) {
    EXPECT_THAT(error_of(std::string(kTerminals) + "technology = '" + name + "'\n"),
                AllOf(HasSubstr("mine.toml:4: key 'wires.technology': found technology '" +
                                std::string(name) + "'"),
                      HasSubstr("expected one of 130nm-1t1r, 90nm-1t1r"),
                      HasSubstr("10nm-crosspoint, 7nm-crosspoint")));
  }
}

// Wires in ohm a micrometre, then ohm a segment as printed to two or three digits.
TEST(WireTechnologies, HaveTheSegmentsOfThePublishedTable) {
  const struct {
    const char* node;
    double ohm_per_um, row_1t1r, column_1t1r, crosspoint;
  } table[] = {{"130nm", 0.45, 0.31, 0.94, 0.16}, {"90nm", 1.30, 0.57, 1.72, 0.29},
               {"65nm", 1.43, 0.60, 1.80, 0.30},  {"45nm", 3.04, 0.97, 2.92, 0.49},
               {"32nm", 6.56, 1.47, 4.41, 0.73},  {"22nm", 13.3, 2.12, 6.36, 1.06},
               {"14nm", 40.6, 4.06, 12.2, 2.03},  {"10nm", 98.0, 7.06, 21.2, 3.53},
               {"7nm", 98.0, 7.06, 21.2, 3.53}};
  for (const auto& row : table) {
    const std::string node = row.node;
    // Half of the last printed digit, and what the table lost by rounding on the way.
    const auto near = [](double found, double printed) {
      EXPECT_NEAR(found, printed, (printed < 10.0 ? 0.005 : 0.05) + 1e-3 * printed);
    };
    SCOPED_TRACE(node);
    const WireTechnology& transistor = find_wire_technology(node + "-1t1r");
    near(transistor.ohm_per_um, row.ohm_per_um);
    near(transistor.row_ohm, row.row_1t1r);
    near(transistor.column_ohm, row.column_1t1r);
    const WireTechnology& crosspoint = find_wire_technology(node + "-crosspoint");
    near(crosspoint.ohm_per_um, row.ohm_per_um);
    near(crosspoint.row_ohm, row.crosspoint);
    near(crosspoint.column_ohm, row.crosspoint);
  }
  EXPECT_EQ(wire_technologies().size(), 2 * std::size(table));
}

}  // namespace
}  // namespace crossloop::analog
