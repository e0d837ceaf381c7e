#include "host/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "host/error.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

ConfigTable parse(std::string_view text) { return ConfigTable::parse_text(text, "x.toml"); }

TEST(Config, ReadsEveryKindOfValue) {
  auto config =
      parse("a = 1.5\nb = 3\nc = -2\nd = true\ne = 'text'\nf = 'two'\ng = [1, 2.5]\n[h]\ni = 4\n");
  EXPECT_EQ(config.number("a", 0, 2), 1.5);
  EXPECT_EQ(config.number("b", 0, 3), 3.0);
  EXPECT_EQ(config.integer("c", -2, 2), -2);
  EXPECT_TRUE(config.boolean("d", false));
  EXPECT_EQ(config.text("e"), "text");
  EXPECT_EQ(config.choice("f", {"one", "two"}), 1u);
  EXPECT_THAT(config.numbers("g", 0, 3), ElementsAre(1.0, 2.5));
  auto below = config.table("h");
  EXPECT_EQ(below.integer("i", 0, 9), 4);
  below.finish();
  config.finish();
}

TEST(Config, FallsBackForAbsentKeysAndTables) {
  auto config = parse("");
  EXPECT_EQ(config.number("a", 0, 1, 0.25), 0.25);
  EXPECT_EQ(config.integer("b", 0, 1, 7), 7);
  EXPECT_TRUE(config.boolean("c", true));
  EXPECT_EQ(config.text("d", "x"), "x");
  EXPECT_EQ(config.choice("e", {"one"}, 5), 5u);
  EXPECT_FALSE(config.has("a"));
  auto below = config.table("f");
  EXPECT_EQ(below.number("g", 0, 1, 0.5), 0.5);
  EXPECT_THAT(error_of([&] { below.number("h", 0, 1); }),
              StartsWith("x.toml: key 'f.h' is missing, expected a number from 0 to 1"));
  below.finish();
  config.finish();
}

TEST(Config, NamesLineKeyFoundAndRangeOfANumberOutOfRange) {
  auto config = parse("[wires]\n\nrow_ohm = -1\n");
  auto wires = config.table("wires");
  EXPECT_EQ(error_of([&] { wires.number("row_ohm", 0, 1e6); }),
            "x.toml:3: key 'wires.row_ohm': found -1, expected a number from 0 to 1000000");
  EXPECT_EQ(error_of([&] { wires.number("row_ohm", 0, 1e6, 5.0); }),
            "x.toml:3: key 'wires.row_ohm': found -1, expected a number from 0 to 1000000");
  EXPECT_EQ(wires.where("row_ohm"), "x.toml:3");
  EXPECT_EQ(wires.where("absent"), "x.toml");
}

TEST(Config, ListsTheKeysOfATable) {
  auto config = parse("[gate.b]\nvalue = 1\n[gate.a]\nvalue = 2\n");
  EXPECT_THAT(config.table("gate").keys(), ElementsAre("a", "b"));
  EXPECT_THAT(config.keys(), ElementsAre("gate"));
  EXPECT_THAT(config.table("absent").keys(), ElementsAre());
}

TEST(Config, AcceptsBothEndsOfARange) {
  auto config = parse("a = 0.5\nb = 7\n");
  EXPECT_EQ(config.number("a", 0.5, 0.5), 0.5);
  EXPECT_EQ(config.integer("b", 7, 7), 7);
  EXPECT_THROW(config.integer("b", 8, 9), InputError);
  EXPECT_THROW(config.integer("b", 5, 6), InputError);
}

TEST(Config, RefusesNumbersThatAreNotFinite) {
  auto config = parse("a = nan\nb = inf\n");
  EXPECT_THROW(config.number("a", 0, 1), InputError);
  EXPECT_THROW(config.number("b", 0, std::numeric_limits<double>::infinity()), InputError);
}

TEST(Config, RefusesAWrongTypeAndShowsWhatItFound) {
  auto config = parse("a = '3'\nb = 3.0\nc = 1\nd = 4\ne = [1]\nf = {}\ng = [1, 'x']\n");
  EXPECT_THAT(error_of([&] { config.number("a", 0, 9); }), HasSubstr("found \"3\""));
  EXPECT_THAT(error_of([&] { config.integer("b", 0, 9); }), HasSubstr("expected an integer"));
  EXPECT_THAT(error_of([&] { config.boolean("c", true); }),
              HasSubstr("found 1, expected true or false"));
  EXPECT_THAT(error_of([&] { config.text("d"); }), HasSubstr("found 4, expected a string"));
  EXPECT_THAT(error_of([&] { config.number("e", 0, 9); }), HasSubstr("found an array"));
  EXPECT_THAT(error_of([&] { config.number("f", 0, 9); }), HasSubstr("found a table"));
  EXPECT_THAT(error_of([&] { config.table("a"); }), HasSubstr("expected a table"));
  EXPECT_THAT(error_of([&] { config.numbers("d", 0, 9); }), HasSubstr("expected an array"));
  EXPECT_THAT(error_of([&] { config.numbers("g", 0, 9); }), HasSubstr("'g[1]': found \"x\""));
}

TEST(Config, ListsTheChoicesForABadOne) {
  auto config = parse("mode = 'fast'\n");
  EXPECT_EQ(error_of([&] {
              config.choice("mode", {"fit", "pulses"});
            }),
            "x.toml:1: key 'mode': found \"fast\", expected one of fit, pulses");
}

TEST(Config, RefusesAnUnknownKeyAndSuggestsTheNearest) {
  auto config = parse("[wires]\nrow_ohm = 1\ncolum_ohm = 2\n");
  auto wires = config.table("wires");
  wires.number("row_ohm", 0, 1);
  wires.number("column_ohm", 0, 1, 0.0);
  EXPECT_EQ(error_of([&] { wires.finish(); }),
            "x.toml:3: unknown key 'wires.colum_ohm', did you mean 'wires.column_ohm'? Known keys "
            "here: row_ohm, column_ohm");
}

TEST(Config, NamesTheFirstUnknownKeyAndSuggestsNothingFarAway) {
  auto config = parse("zebra = 1\napple = 2\n");
  config.number("row_ohm", 0, 1, 0.0);
  EXPECT_THAT(error_of([&] { config.finish(); }),
              AllOf(StartsWith("x.toml:1: unknown key 'zebra'"), Not(HasSubstr("did you mean"))));
}

TEST(Config, RefusesAnUnknownTable) {
  auto config = parse("a = 1\n[other]\nb = 1\n");
  config.number("a", 0, 1);
  EXPECT_THAT(error_of([&] { config.finish(); }), StartsWith("x.toml:2: unknown key 'other'"));
}

TEST(Config, NamesTheMissingKey) {
  auto config = parse("a = 1\n");
  EXPECT_EQ(error_of([&] { config.integer("b", 1, 4); }),
            "x.toml: key 'b' is missing, expected an integer from 1 to 4");
}

TEST(Config, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(error_of([] { parse("a = 1\nb = = 2\n"); }),
              StartsWith("x.toml:2: not valid TOML: "));
}

TEST(Config, RefusesADuplicateKey) {
  EXPECT_THAT(error_of([] { parse("a = 1\nb = 2\na = 3\n"); }),
              AllOf(StartsWith("x.toml:3: not valid TOML: "), HasSubstr("'a'")));
}

TEST(Config, NamesAMissingFile) {
  EXPECT_THAT(error_of([] { ConfigTable::parse_file("/nowhere/at_all.toml"); }),
              HasSubstr("/nowhere/at_all.toml"));
}

TEST(Config, ReadsAFileAndNamesIt) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "config_test_reads.toml";
  std::ofstream(path) << "a = 5\n";
  auto config = ConfigTable::parse_file(path);
  EXPECT_EQ(config.file(), path);
  EXPECT_THAT(error_of([&] { config.number("a", 0, 1); }), HasSubstr(path.string() + ":1: "));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace crossloop
