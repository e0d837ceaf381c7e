// crossloop inspect DEPLOYMENT.xbar: maps of its cells, and boards that it fits.
#include <sstream>

#include "host/compiler/deployment_file.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A folder with an untrained linear.onnx, 64 inputs to 10 outputs, and its deployment.
class Inspect : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("inspect_command");
    tests::write_digits(folder_->path());
    network::write_onnx(network::make_network("linear", {1, 8, 8}, 10, 1),
                        *folder_ / "linear.onnx");
    compiled_ = folder_->run(
        "compile -q linear.onnx --data digits --calibration-images 16 --tile 16x16c2 "
        "--output linear.xbar");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override { ASSERT_EQ(compiled_.code, 0) << compiled_.errors; }

  static std::string refusal(const std::string& arguments) {
    const auto result = folder_->run(arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << arguments;
    return result.errors;
  }
  /// The numbers of a map's lines, without its header.
  static std::vector<std::vector<int>> numbers_of(const std::string& name) {
    std::istringstream lines(tests::content_of(*folder_ / name));
    std::vector<std::vector<int>> numbers;
    std::string line, field;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      numbers.emplace_back();
      for (std::istringstream fields(line); std::getline(fields, field, ',');) {
        numbers.back().push_back(std::stoi(field));
      }
    }
    return numbers;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
  inline static tests::CommandResult compiled_;
};

/// Slices and signs of the cells of a weight make the weight again.
TEST_F(Inspect, MapsEveryCellToItsWeight) {
  const auto result = folder_->run(
      "inspect linear.xbar --map maps/columns.csv --map-rows rows.csv --map-cells cells.csv");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("map of bit lines in maps/columns.csv"),
                                   HasSubstr("map of word lines in rows.csv"),
                                   HasSubstr("map of cells in cells.csv")));
  const auto deployment = compiler::read_deployment(*folder_ / "linear.xbar");
  const auto& layer = deployment.layers.at(0);
  std::vector<int> found(layer.weights.size(), 0);
  const auto cells = numbers_of("cells.csv");
  EXPECT_EQ(static_cast<std::int64_t>(cells.size()), deployment.cell_count());
  for (const auto& cell : cells) {
    const int input = (cell.at(4) * 8 + cell.at(5)) * 8 + cell.at(6);
    const auto weight = static_cast<std::size_t>(cell.at(7) * 64 + input);
    EXPECT_EQ(cell.at(11), layer.weights.at(weight));
    found.at(weight) += cell.at(9) * (cell.at(12) << (2 * cell.at(10)));
  }
  EXPECT_EQ(found, std::vector<int>(layer.weights.begin(), layer.weights.end()));
}

TEST_F(Inspect, RefusesMapsItCannotWrite) {
  EXPECT_THAT(refusal("inspect linear.xbar --map linear.xbar"),
              AllOf(HasSubstr("--map linear.xbar"), HasSubstr(".csv")));
  EXPECT_THAT(refusal("inspect linear.xbar --map a.csv --map-rows ./a.csv"),
              AllOf(HasSubstr("--map-rows"), HasSubstr("another map")));
  EXPECT_FALSE(std::filesystem::exists(*folder_ / "a.csv"));
  EXPECT_THAT(refusal("inspect linear.onnx --map-cells a.csv"),
              AllOf(HasSubstr("linear.onnx"), HasSubstr("--map-cells"), HasSubstr(".xbar")));
  std::filesystem::create_directories(*folder_ / "folder.csv");
  EXPECT_THAT(refusal("inspect linear.xbar --map folder.csv"),
              AllOf(HasSubstr("folder.csv"), HasSubstr("is a folder")));
}

/// 20 crossbars of 16 x 16 codes of 8 bits.
TEST_F(Inspect, SaysWhetherABoardSuffices) {
  const auto fits = folder_->run("inspect linear.xbar --board pynq-z2 --json b.json");
  ASSERT_EQ(fits.code, 0) << fits.errors;
  EXPECT_THAT(fits.output,
              AllOf(HasSubstr("board pynq-z2"), HasSubstr("20 pages in all"),
                    HasSubstr("0 LOAD_PAGE a batch"), HasSubstr("verdict       fits\n")));
  EXPECT_EQ(folder_->json("b.json").at("board").at("dsp").at("needed"), 3);

  const std::string board = "name = 'mine'\ndsp_width = 25\nexternal_mib = 1\n";
  tests::write_content(*folder_ / "small.toml", board + "block_ram_36k = 73\ndsp = 3\n");
  const auto swaps = folder_->run("inspect linear.xbar --board small.toml");
  ASSERT_EQ(swaps.code, 0) << swaps.errors;
  EXPECT_THAT(swaps.output,
              AllOf(HasSubstr("16 on each engine"), HasSubstr("verdict       fits with swapping")));

  tests::write_content(*folder_ / "tiny.toml", board + "block_ram_36k = 64\ndsp = 2\n");
  const auto tiny = folder_->run("inspect linear.xbar --board tiny.toml --json b.json");
  EXPECT_EQ(tiny.code, 1);
  EXPECT_THAT(tiny.output, HasSubstr("verdict       does not fit"));
  EXPECT_THAT(tiny.errors, AllOf(HasSubstr("block RAM"), HasSubstr("DSPs: 3 needed, 2 available")));
  EXPECT_EQ(folder_->json("b.json").at("board").at("short_of").size(), 2u);
}

TEST_F(Inspect, RefusesBoardsItCannotRead) {
  EXPECT_THAT(refusal("inspect linear.xbar --board none"),
              AllOf(HasSubstr("'none'"), HasSubstr("kv260, pynq-z2, ultra96-v2, zcu104")));
  tests::write_content(*folder_ / "bad.toml", "name = 3\n");
  EXPECT_THAT(refusal("inspect linear.xbar --board bad.toml"), HasSubstr("bad.toml:1"));
  EXPECT_THAT(refusal("inspect linear.onnx --board pynq-z2"), HasSubstr("--board"));
}

}  // namespace
}  // namespace crossloop
