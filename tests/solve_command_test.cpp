// crossloop solve: a crossbar in a file, its exact circuit solution out.
#include <cmath>

#include "host/npy_file.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Rows = std::vector<std::vector<double>>;

constexpr const char* kDate2022 = " --driver 1000 --row 5 --col 10 --sense 1000";
constexpr const char* kFourCsv =
    "# siemens\n50e-6,5e-6,10e-6,25e-6\n20e-6,35e-6,5e-6,50e-6\n"
    "5e-6,5e-6,45e-6,30e-6\n40e-6,15e-6,25e-6,5e-6\n";

class Solve : public ::testing::Test {
 protected:
  tests::WorkFolder folder_{"solve"};

  void write(const std::string& name, const std::string& text) const {
    tests::write_content(folder_ / name, text);
  }
  json solve(const std::string& arguments) const {
    const auto result = folder_.run("solve " + arguments + " --json out.json");
    EXPECT_EQ(result.code, 0) << arguments << "\n" << result.errors;
    return result.code == 0 ? folder_.json("out.json") : json();
  }
  std::string refusal(const std::string& arguments) const {
    const auto result = folder_.run("solve " + arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty());
    return result.errors;
  }
  /// What is in the folder, without the captured output.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      if (name != ".stdout" && name != ".stderr") names.push_back(name);
    }
    return names;
  }
};

/// The golden vectors are in microsiemens with six decimals.
void expect_microsiemens(const json& found, const Rows& expected) {
  const auto rows = found.get<Rows>();
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), expected[i].size());
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      EXPECT_NEAR(rows[i][j] * 1e6, expected[i][j], 6e-7) << i << ", " << j;
    }
  }
}

// Golden vectors confirmed with ngspice.
TEST_F(Solve, MatchesTheGolden2x2) {
  write("g.csv", "50e-6,5e-6\n20e-6,35e-6\n");
  const Rows expected = {{44.390644, 4.600515}, {17.790206, 31.945965}};
  expect_microsiemens(solve(std::string("g.csv") + kDate2022).at("effective_conductance"),
                      expected);
  const std::vector<std::int64_t> shape = {2, 2};
  write_npy(folder_ / "g.npy", shape, std::vector<double>{50e-6, 5e-6, 20e-6, 35e-6});
  expect_microsiemens(solve(std::string("g.npy") + kDate2022).at("effective_conductance"),
                      expected);
}

TEST_F(Solve, MatchesTheGolden4x4) {
  write("g.csv", kFourCsv);
  const json heavy = solve(std::string("g.csv") + kDate2022);
  expect_microsiemens(heavy.at("effective_conductance"),
                      {{41.286238, 4.429756, 8.569407, 20.797110},
                       {16.333961, 29.849997, 4.272151, 40.711376},
                       {4.263743, 4.428726, 38.320823, 25.031355},
                       {33.249891, 13.124869, 21.347986, 4.293451}});
  EXPECT_NEAR(heavy.at("nf")[0], 1.0 - (41.286238 + 16.333961 + 4.263743 + 33.249891) / 115, 1e-8);
  const json tiny = solve("g.csv --driver 1e-6 --row 2.5 --col 2.5 --sense 1e-6");
  expect_microsiemens(tiny.at("effective_conductance"),
                      {{49.975636, 4.998376, 9.996002, 24.980952},
                       {19.992753, 34.984695, 4.997253, 49.953164},
                       {4.999063, 4.998439, 44.975825, 29.978266},
                       {40.000000, 14.998313, 24.995313, 4.999000}});
  const json merged = solve("g.csv --driver 0 --row 0 --col 0 --sense 0");
  expect_microsiemens(merged.at("effective_conductance"),
                      {{50, 5, 10, 25}, {20, 35, 5, 50}, {5, 5, 45, 30}, {40, 15, 25, 5}});
}

TEST_F(Solve, TellsAllNodesAsJson) {
  write("g.csv", "1e-5,2e-5,3e-5\n4e-5,5e-5,6e-5\n");
  write("v.csv", "0.1,-0.3\n");
  const json result = solve("g.csv --row 7 --input v.csv");
  EXPECT_EQ(result.at("rows"), 2);
  EXPECT_EQ(result.at("columns"), 3);
  EXPECT_EQ(result.at("wires"), json::parse(R"({"driver_ohm": 100.0, "row_ohm": 7.0,
      "column_ohm": 2.5, "sense_ohm": 100.0, "two_sided_drive": false,
      "two_sided_sense": false})"));
  EXPECT_EQ(result.at("input_voltage"), (std::vector<double>{0.1, -0.3}));
  for (const char* const key :
       {"effective_conductance", "row_voltage", "column_voltage", "cell_current"}) {
    ASSERT_EQ(result.at(key).size(), 2U) << key;
    EXPECT_EQ(result.at(key)[1].size(), 3U) << key;
  }
  const auto effective = result.at("effective_conductance").get<Rows>();
  const auto current = result.at("cell_current").get<Rows>();
  const auto row_voltage = result.at("row_voltage").get<Rows>();
  const auto column_voltage = result.at("column_voltage").get<Rows>();
  for (std::size_t j = 0; j < 3; ++j) {
    const double expected = 0.1 * effective[0][j] - 0.3 * effective[1][j];
    EXPECT_NEAR(result.at("column_current")[j], expected, 1e-18);
    EXPECT_NEAR(current[0][j] + current[1][j], expected, 1e-9 * std::abs(expected));
  }
  EXPECT_NEAR(current[1][2], 6e-5 * (row_voltage[1][2] - column_voltage[1][2]), 1e-18);
  EXPECT_NEAR(result.at("driver_current")[0], (0.1 - row_voltage[0][0]) / 100, 1e-15);
  const auto nf = result.at("nf").get<std::vector<double>>();
  EXPECT_NEAR(nf[2], 1 - (effective[0][2] + effective[1][2]) / 9e-5, 1e-15);
  EXPECT_NEAR(result.at("nf_mean"), (nf[0] + nf[1] + nf[2]) / 3, 1e-15);
  EXPECT_EQ(result.at("nf_max"), nf[2]);
  EXPECT_EQ(result.at("nf_max_column"), 2);

  const json matrix = solve("g.csv --row 7 --input v.csv --matrix-only");
  EXPECT_FALSE(matrix.contains("row_voltage") || matrix.contains("cell_current"));
  EXPECT_EQ(matrix.at("effective_conductance"), result.at("effective_conductance"));
}

TEST_F(Solve, TakesVoltagesAsNumberOrFile) {
  write("g.csv", "1e-5,2e-5\n3e-5,4e-5\n");
  EXPECT_EQ(solve("g.csv").at("input_voltage"), (std::vector<double>{0.2, 0.2}));
  EXPECT_EQ(solve("g.csv --input -0.5").at("input_voltage"), (std::vector<double>{-0.5, -0.5}));
  write("v.csv", "0.1\n0.4\n");
  EXPECT_EQ(solve("g.csv --input v.csv").at("input_voltage"), (std::vector<double>{0.1, 0.4}));
  write_npy(folder_ / "v.npy", std::vector<std::int64_t>{2}, std::vector<double>{0.1, 0.25});
  EXPECT_EQ(solve("g.csv --input v.npy").at("input_voltage"), (std::vector<double>{0.1, 0.25}));
}

TEST_F(Solve, ShowsSmallArraysWhole) {
  write("g.csv", kFourCsv);
  EXPECT_THAT(folder_.run(std::string("solve g.csv") + kDate2022).output,
              AllOf(HasSubstr("g.csv: 4 rows, 4 columns, cells of 5 to 50 uS"),
                    HasSubstr("driver 1000 ohm, row segment 5 ohm, column segment 10 ohm"),
                    HasSubstr("0.2 V on every row"), HasSubstr("largest 0.174243 in column 3"),
                    HasSubstr("0.814228 in cell (1, 3) to 0.885951 in cell (0, 1)"),
                    HasSubstr("\n       41.286238     4.429756     8.569407    20.797110\n")));
}

TEST_F(Solve, WritesTheMatrixANetlistAndAPicture) {
  write("g.csv", kFourCsv);
  const auto result = folder_.run(std::string("solve g.csv --effective out/e.npy --spice g.cir ") +
                                  "--heatmap g.svg --json g.json" + kDate2022);
  ASSERT_EQ(result.code, 0) << result.errors;
  const auto effective = read_npy_double(folder_ / "out/e.npy");
  EXPECT_EQ(effective.shape, (std::vector<std::int64_t>{4, 4}));
  EXPECT_EQ(effective.values[7], folder_.json("g.json").at("effective_conductance")[1][3]);
  EXPECT_THAT(tests::content_of(folder_ / "g.cir"),
              AllOf(HasSubstr("Rcell1_3 r1_3 c1_3 20000\n"), HasSubstr("print i(vsense3)\n")));
  EXPECT_THAT(tests::content_of(folder_ / "g.svg"),
              AllOf(HasSubstr("Attenuation of 4 x 4 cells"), HasSubstr("drivers on the left"),
                    HasSubstr("sensed at the bottom"), HasSubstr("data:image/png;base64,")));
  ASSERT_EQ(folder_.run("solve g.csv --heatmap g.png --effective e.csv").code, 0);
  EXPECT_EQ(tests::content_of(folder_ / "g.png").substr(1, 3), "PNG");
  ASSERT_EQ(folder_.run("solve e.csv").code, 0) << "its own output is input";
}

TEST_F(Solve, TakesOpenCellsOnlyWhenTold) {
  write("g.csv", "1e-5,0\n2e-5,0\n");
  EXPECT_THAT(refusal("g.csv"), AllOf(HasSubstr("g.csv: row 0, column 1 (from 0): found 0"),
                                      HasSubstr("--allow-open-cells")));
  const json result = solve("g.csv --allow-open-cells --heatmap g.svg");
  EXPECT_EQ(result.at("effective_conductance")[1][1], 0.0);
  EXPECT_EQ(result.at("column_current")[1], 0.0);
  EXPECT_EQ(result.at("nf")[1], 0.0);
  write("g.csv", "0\n");
  EXPECT_THAT(folder_.run("solve g.csv --allow-open-cells --heatmap g.svg").output,
              HasSubstr("every cell is open"));
}

TEST_F(Solve, WarnsOfMicrosiemens) {
  write("g.csv", "50,5\n");
  const auto result = folder_.run("solve g.csv");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.errors, HasSubstr("read in siemens"));
}

TEST_F(Solve, RefusesConductancesNoCellHas) {
  for (const std::string value : {"-1e-6", "nan", "inf", "abc", ""}) {
    write("g.csv", "1e-5,2e-5\n3e-5," + value + "\n");
    const bool is_number = !value.empty() && value != "abc";
    EXPECT_THAT(refusal("g.csv --allow-open-cells --json o.json --spice o.cir --heatmap o.svg"),
                AllOf(HasSubstr("g.csv: "),
                      HasSubstr(is_number ? "row 1, column 1 (from 0): found " + value.substr(0, 2)
                                          : "line 2, number 2: ")));
    EXPECT_THAT(files(), UnorderedElementsAre("g.csv")) << value;
  }
}

TEST_F(Solve, RefusesFilesThatAreNoCrossbar) {
  const auto refused = [&](const std::string& text) {
    write("g.csv", text);
    return refusal("g.csv --json o.json --effective e.csv");
  };
  EXPECT_THAT(refused(""), HasSubstr("g.csv: found no numbers"));
  EXPECT_THAT(refused("# nothing\n\n"), HasSubstr("g.csv: found no numbers"));
  EXPECT_THAT(refused("1e-5,1e-5\n1e-5\n"),
              HasSubstr("g.csv: line 2: found 1 numbers, expected 2 as in line 1"));
  std::string wide = "1e-5";
  for (int j = 1; j < 1025; ++j) wide += ",1e-5";
  EXPECT_THAT(refused(wide), HasSubstr("found 1 rows and 1025 columns, expected at most 1024"));
  EXPECT_THAT(refusal("none.csv"), HasSubstr("none.csv: cannot be read"));
  EXPECT_THAT(refusal("."), HasSubstr("expected .csv or .npy"));
  EXPECT_THAT(refusal("g.csv.gz"), HasSubstr("suffix '.gz', expected .csv or .npy"));
  EXPECT_THAT(refusal(""), HasSubstr("conductances is required"));
  EXPECT_THAT(files(), UnorderedElementsAre("g.csv"));

  write_npy(folder_ / "g.npy", std::vector<std::int64_t>{4}, std::vector<double>(4, 1e-5));
  EXPECT_THAT(refusal("g.npy"), HasSubstr("shape (4), expected two axes"));
  std::string integers = tests::content_of(folder_ / "g.npy");
  integers.replace(integers.find("<f8"), 3, "<i8");
  write("g.npy", integers);
  EXPECT_THAT(refusal("g.npy"), HasSubstr("type <i8, expected <f4 or <f8"));
}

TEST_F(Solve, RefusesOptionsThatDoNotFit) {
  write("g.csv", "1e-5,2e-5\n3e-5,4e-5\n");
  const auto refused = [&](const std::string& options) { return refusal("g.csv " + options); };
  EXPECT_THAT(refused("--driver -1"), HasSubstr("--driver: found -1, expected a resistance of 0"));
  EXPECT_THAT(refused("--row nan"), HasSubstr("--row: found nan"));
  EXPECT_THAT(refused("--sense 2e9"), HasSubstr("--sense: found 2000000000"));
  EXPECT_THAT(refused("--sense 1k"), HasSubstr("--sense = 1k"));
  EXPECT_THAT(refused("--input nan"), HasSubstr("--input nan: expected a finite voltage"));
  EXPECT_THAT(refused("--input 0.2V"), HasSubstr("--input 0.2V"));
  write("v.csv", "1,2,3\n");
  EXPECT_THAT(refused("--input v.csv"), HasSubstr("v.csv: input voltages: found 3, expected 2"));
  write("v.csv", "1,inf\n");
  EXPECT_THAT(refused("--input v.csv"), HasSubstr("input voltage of row 1: found inf"));
  EXPECT_THAT(refused("--input w.csv"), HasSubstr("w.csv: cannot be read"));
  EXPECT_THAT(refused("--heatmap g.jpg --spice o"), HasSubstr("'.jpg', expected .svg or .png"));
  EXPECT_THAT(refused("--effective e.txt"), HasSubstr("'.txt', expected .csv or .npy"));
  EXPECT_THAT(refused("--spice g.csv"), HasSubstr("the same file as the conductances"));
  EXPECT_THAT(refused("--spice o --json ./o"), HasSubstr("the same file as --json"));
  EXPECT_THAT(refused("--json o.json --spice g.csv/x"), HasSubstr("g.csv/x: cannot be written"));
  EXPECT_THAT(refused("--json o.json --heatmap /proc/x.svg"), HasSubstr("/proc/x.svg"));
  EXPECT_THAT(files(), UnorderedElementsAre("g.csv", "v.csv"));
}

}  // namespace
}  // namespace crossloop
