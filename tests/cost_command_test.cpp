// crossloop inspect DEPLOYMENT.xbar: what the cost table says, and what it refuses.
#include <sstream>

#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// A folder with an untrained linear.onnx and its deployments for ADCs of 8 and of 3 bits.
class CostCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("cost_command");
    tests::write_digits(folder_->path());
    network::write_onnx(network::make_network("linear", {1, 8, 8}, 10, 1),
                        *folder_ / "linear.onnx");
    std::string tile =
        tests::content_of(std::string(CROSSLOOP_SOURCE_DIR) + "/configs/tiles/16x16c2.toml");
    const std::string bits = "adc_bits = ";
    const auto at = tile.find(bits);
    ASSERT_NE(at, std::string::npos);
    tile[at + bits.size()] = '3';
    tests::write_content(*folder_ / "coarse.toml", tile);
    compile("16x16c2", "linear.xbar");
    compile("coarse.toml", "coarse.xbar");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static void compile(const std::string& tile, const std::string& output) {
    const auto result = folder_->run(
        "compile -q linear.onnx --data digits --calibration-images 16 "
        "--tile " +
        tile + " --output " + output);
    ASSERT_EQ(result.code, 0) << result.errors;
  }

  static nlohmann::json cost_of(const std::string& arguments) {
    const auto result = folder_->run("inspect linear.xbar --json inspect.json " + arguments);
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_->json("inspect.json").at("cost");
  }

  static std::string refusal(const std::string& arguments) {
    const auto result = folder_->run(arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << arguments;
    return result.errors;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

TEST_F(CostCommand, EveryLineOfFiguresNamesItsModels) {
  const auto result = folder_->run("inspect linear.xbar --components puma --adc-model exp2");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("ADC shift by slice"), HasSubstr("not from RTL"),
                                   HasSubstr("component table puma: Ankit et al., ASPLOS 2019"),
                                   HasSubstr("ADC model exp2: "), HasSubstr("not modelled: "),
                                   HasSubstr("scaled to this tile by its cells")));
  std::istringstream lines(result.output.substr(result.output.find("layer  positions")));
  std::string line;
  std::getline(lines, line);
  int named = 0;
  while (std::getline(lines, line) && line.find("not modelled") == std::string::npos) {
    EXPECT_THAT(line, EndsWith("puma/exp2"));
    ++named;
  }
  EXPECT_EQ(named, 6);  // the layer, the chip, energy, area, parts, latency
}

TEST_F(CostCommand, JsonNamesTheModelsInEveryGroup) {
  const auto cost = cost_of("--adc-model saberi");
  EXPECT_THAT(cost.at("estimate").get<std::string>(), HasSubstr("not from RTL"));
  EXPECT_EQ(cost.at("components").at("name"), "isaac");
  EXPECT_EQ(cost.at("adc_model").at("name"), "saberi");
  EXPECT_THAT(cost.at("not_modelled"), Not(IsEmpty()));
  ASSERT_THAT(cost.at("layers"), SizeIs(1));
  for (const auto& group : {cost.at("layers").at(0), cost.at("chip")}) {
    EXPECT_EQ(group.at("components"), "isaac");
    EXPECT_EQ(group.at("adc_model"), "saberi");
    // 10 outputs of 4 slices and 2 signs, 64 inputs in bands of 16, one position, 8 phases.
    EXPECT_EQ(group.at("activity").at("conversions"), 4 * 80 * 8);
    EXPECT_NEAR(group.at("energy_pj").at("adc"), 4 * 80 * 8 * 1.67, 1e-6);
  }
  EXPECT_EQ(cost.at("layers").at(0).at("latency_ns"), 800.0);
  EXPECT_EQ(cost.at("chip").at("pipelined_ns"), 800.0);
}

TEST_F(CostCommand, DefaultsAreIsaacAndLinear) {
  const auto standard = cost_of("");
  EXPECT_EQ(standard, cost_of("--components isaac --adc-model linear"));
  EXPECT_NE(standard.at("chip").at("energy_pj"),
            cost_of("--components puma").at("chip").at("energy_pj"));
}

TEST_F(CostCommand, UnknownNamesAreRefusedWithTheKnownOnes) {
  EXPECT_THAT(refusal("inspect linear.xbar --components tpu"),
              AllOf(HasSubstr("'tpu'"), HasSubstr("isaac, puma")));
  EXPECT_THAT(refusal("inspect linear.xbar --adc-model walden"),
              AllOf(HasSubstr("'walden'"), HasSubstr("linear, saberi, survey, exp2")));
}

TEST_F(CostCommand, OnlyADeploymentHasACost) {
  EXPECT_THAT(refusal("inspect linear.onnx --components isaac"),
              AllOf(HasSubstr("linear.onnx"), HasSubstr("--components"), HasSubstr(".xbar")));
  EXPECT_THAT(refusal("inspect chip.h5 --deployment linear.xbar --adc-model linear"),
              AllOf(HasSubstr("chip.h5"), HasSubstr("--adc-model"), HasSubstr(".xbar")));
}

TEST_F(CostCommand, ResolutionOutsideATableIsRefused) {
  EXPECT_THAT(refusal("inspect coarse.xbar --adc-model survey"),
              AllOf(HasSubstr("layer "), HasSubstr("survey"), HasSubstr("found 3 bits"),
                    HasSubstr("4 to 10")));
  EXPECT_EQ(folder_->run("inspect coarse.xbar").code, 0);
}

TEST_F(CostCommand, ComponentsOfTheUserAreRead) {
  std::string table =
      tests::content_of(std::string(CROSSLOOP_SOURCE_DIR) + "/configs/components/isaac.toml");
  const std::string name = "name = \"isaac\"";
  ASSERT_NE(table.find(name), std::string::npos);
  tests::write_content(*folder_ / "mine.toml",
                       table.replace(table.find(name), name.size(), "name = \"mine\""));
  EXPECT_EQ(cost_of("--components mine.toml").at("components").at("name"), "mine");
  tests::write_content(*folder_ / "bad.toml", "name = 3\n");
  EXPECT_THAT(refusal("inspect linear.xbar --components bad.toml"), HasSubstr("bad.toml:1"));
}

}  // namespace
}  // namespace crossloop
