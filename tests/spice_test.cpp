// Another tool's word: ngspice runs the netlist that `crossloop solve --spice` writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>

#include "host/analog/netlist.hpp"
#include "host/analog/wires.hpp"
#include "host/files.hpp"
#include "tests/random_arrays.hpp"

namespace crossloop::analog {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using testing_support::uniform;

constexpr unsigned kSeed = 20260;

double log_uniform(std::mt19937& rng, double low, double high) {
  return std::exp(uniform(rng, std::log(low), std::log(high)));
}

/// One resistance in five merges its nodes, one is 1 ohm, one 100 ohm; the others are 0.1 to 10 k.
double random_ohm(std::mt19937& rng) {
  const double fixed[] = {0.0, 1.0, 100.0};
  const auto choice = rng() % 5;
  return choice < 3 ? fixed[choice] : log_uniform(rng, 0.1, 1e4);
}

struct Crossbar {
  MatrixXd g;  // microsiemens
  Wires wires;
  VectorXd input;  // volt, all positive, so that no current is a small difference of large ones
};

/// Crossbar `number`: every seventh has 64 lines on a side, the others fewer.
Crossbar random_crossbar(int number, bool two_sided, std::mt19937& rng) {
  const auto lines = [&] { return static_cast<Index>(log_uniform(rng, 1.0, 40.0)); };
  const Index rows = number % 14 == 7 || number % 14 == 13 ? 64 : lines();
  const Index columns = number % 14 == 0 || number % 14 == 13 ? 64 : lines();
  Crossbar crossbar;
  crossbar.g =
      MatrixXd::NullaryExpr(rows, columns, [&](Index, Index) { return log_uniform(rng, 1, 1e3); });
  crossbar.wires = {.driver_ohm = random_ohm(rng),
                    .row_ohm = random_ohm(rng),
                    .column_ohm = random_ohm(rng),
                    .sense_ohm = random_ohm(rng),
                    .two_sided_drive = two_sided && rng() % 3 != 0,
                    .two_sided_sense = two_sided && rng() % 3 != 0};
  crossbar.input = VectorXd::NullaryExpr(rows, [&](Index) { return uniform(rng, 0.05, 0.5); });
  return crossbar;
}

/// A netlist in a file of its own, which goes when the object does.
class NetlistFile {
 public:
  explicit NetlistFile(const std::string& netlist)
      : path_(std::filesystem::path(::testing::TempDir()) /
              ("crossloop_" + std::to_string(::getpid()) + ".cir")) {
    write_file(path_, netlist);
  }
  ~NetlistFile() { std::filesystem::remove(path_); }
  NetlistFile(const NetlistFile&) = delete;
  NetlistFile& operator=(const NetlistFile&) = delete;

  /// What `ngspice -b` prints, errors included.
  std::string run() const {
    const std::string line =
        std::string("timeout 60 " CROSSLOOP_NGSPICE) + " -b '" + path_.string() + "' 2>&1";
    std::FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + line);
    std::string output;
    for (char part[4096]; std::fgets(part, sizeof(part), pipe) != nullptr;) output += part;
    EXPECT_EQ(::pclose(pipe), 0) << output;
    return output;
  }

 private:
  std::filesystem::path path_;
};

/// Ampere of each column; NaN where ngspice printed none.
VectorXd currents_of(const std::string& output, Index columns) {
  VectorXd currents = VectorXd::Constant(columns, std::nan(""));
  const std::regex line(R"(i\(vsense(\d+)\) = (\S+))");
  for (std::sregex_iterator match(output.begin(), output.end(), line), end; match != end; ++match) {
    currents[std::stol((*match)[1])] = std::stod((*match)[2]);
  }
  return currents;
}

void expect_agreement(const Crossbar& crossbar, const std::string& what) {
  const auto& [g, wires, input] = crossbar;
  const std::string output = NetlistFile(spice_netlist(g, wires, input)).run();
  const VectorXd found = currents_of(output, g.cols());
  ASSERT_TRUE(found.allFinite()) << what << ": " << output.substr(0, 2000);
  const VectorXd expected = 1e-6 * effective_conductance(g, wires).transpose() * input;
  const double worst = ((found - expected).array() / expected.array()).abs().maxCoeff();
  EXPECT_LT(worst, 1e-9) << what << ": " << g.rows() << "x" << g.cols() << ", ohm: driver "
                         << wires.driver_ohm << ", row " << wires.row_ohm << ", column "
                         << wires.column_ohm << ", sense " << wires.sense_ohm;
  std::printf("%s %ldx%ld: %.1e\n", what.c_str(), static_cast<long>(g.rows()),
              static_cast<long>(g.cols()), worst);
}

TEST(Ngspice, AgreesOnFiftyRandomCrossbars) {
  std::mt19937 rng(kSeed);
  std::printf("seed %u, largest difference of a column current relative to itself:\n", kSeed);
  for (int number = 0; number < 50; ++number) {
    expect_agreement(random_crossbar(number, false, rng), "crossbar " + std::to_string(number));
  }
}

TEST(Ngspice, AgreesWhereRowsAndColumnsHaveTwoEnds) {
  std::mt19937 rng(kSeed + 2);
  for (int number = 0; number < 7; ++number) {
    expect_agreement(random_crossbar(number, true, rng), "two-sided " + std::to_string(number));
  }
}

/// Rows and columns, drivers and sense sides of quite different resistance, on oblong arrays.
TEST(Ngspice, TellsRowsFromColumns) {
  std::mt19937 rng(kSeed + 1);
  for (const auto& [rows, columns] : {std::pair<Index, Index>{5, 12}, {12, 5}}) {
    for (const bool heavy_rows : {false, true}) {
      Crossbar crossbar;
      crossbar.g = MatrixXd::NullaryExpr(rows, columns,
                                         [&](Index, Index) { return log_uniform(rng, 1, 1e3); });
      crossbar.wires = heavy_rows ? Wires{1000, 100, 1, 10} : Wires{10, 1, 100, 1000};
      crossbar.input = VectorXd::NullaryExpr(rows, [&](Index) { return uniform(rng, 0.05, 0.5); });
      expect_agreement(crossbar, heavy_rows ? "heavy rows" : "heavy columns");
    }
  }
}

}  // namespace
}  // namespace crossloop::analog
