// crossloop compile and inspect: ranges of activations, groups and resolutions of ADCs.
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A folder with an untrained resnet8 on 8 x 8 digits.
class AdcCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("adc_command");
    tests::write_digits(folder_->path());
    network::write_onnx(network::make_network("resnet8", {1, 8, 8}, 10, 1), *folder_ / "net.onnx");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static tests::CommandResult compile(const std::string& options) {
    return folder_->run(
        "compile net.onnx --data digits --calibration-images 16 --output net.xbar --tile 64x64c2 " +
        options);
  }
  static nlohmann::json compiled(const std::string& options) {
    const auto result = compile("-q --json compile.json " + options);
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_->json("compile.json");
  }
  static nlohmann::json run_json(const std::string& options) {
    const auto result = folder_->run("run -q net.xbar --data digits --json run.json " + options);
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_->json("run.json");
  }
  static std::string refusal(const tests::CommandResult& result) {
    EXPECT_EQ(result.code, 2) << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty());
    return result.errors;
  }
  /// Columns of all layers whose resolution is `proven`, or not.
  static std::int64_t columns(const nlohmann::json& compiled, bool proven) {
    std::int64_t count = 0;
    for (const auto& layer : compiled.at("layers")) {
      for (const auto& group : layer.at("adc").at("groups")) {
        if (group.at("proven") == proven) count += group.at("columns").get<std::int64_t>();
      }
    }
    return count;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

TEST_F(AdcCommand, ProvenClipsNothingAndSaysSo) {
  const auto result = compiled("--device ideal --adc-resolution proven --adc-group column");
  EXPECT_EQ(columns(result, false), 0);
  EXPECT_GT(columns(result, true), 0);
  EXPECT_LT(result.at("adc_mean_bits").get<double>(), 8.0);
  EXPECT_EQ(result.at("calibration").at("adc_resolution"), "proven");
  EXPECT_EQ(result.at("calibration").at("adc_group"), "column");
  EXPECT_FALSE(result.at("calibration").contains("adc_range"));
  const auto adc = run_json("--device-model ideal --images 20").at("adc");
  EXPECT_EQ(adc.at("clipped_low"), 0);
  EXPECT_EQ(adc.at("clipped_high"), 0);
}

TEST_F(AdcCommand, NoiseMakesEveryResolutionStatistical) {
  const auto result = compiled("--device demo --adc-resolution proven");
  EXPECT_EQ(columns(result, true), 0);
  EXPECT_EQ(result.at("layers").at(0).at("adc").at("groups").at(0).at("resolution"),
            "statistical (read noise)");
}

TEST_F(AdcCommand, CalibratedTakesFewerBitsTheSmallerTheGroup) {
  double bits = 8.5;
  for (const char* group : {"layer", "slice", "column"}) {
    const auto result = compiled(std::string("--device ideal --adc-resolution calibrated ") +
                                 "--adc-range max --adc-group " + group);
    EXPECT_LT(result.at("adc_mean_bits").get<double>(), bits) << group;
    bits = result.at("adc_mean_bits").get<double>();
  }
}

TEST_F(AdcCommand, TheDefaultIsTheTilesResolutionPerSlice) {
  const auto standard = compiled("--device ideal");
  EXPECT_EQ(standard.at("adc_mean_bits"), 8.0);
  EXPECT_EQ(standard, compiled("--device ideal --adc-resolution tile --adc-group slice "
                               "--adc-range percentile --percentile 99.99 --activation-range max"));
}

TEST_F(AdcCommand, InspectTellsProvenFromStatistical) {
  compiled("--device ideal --adc-resolution proven --adc-group slice");
  auto result = folder_->run("inspect net.xbar");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("mean bits"), HasSubstr("0: 5 proven"),
                                   Not(HasSubstr(" statistical\n"))));
  compiled("--device ideal --adc-range percentile --percentile 90");
  result = folder_->run("inspect net.xbar");
  EXPECT_THAT(result.output, AllOf(HasSubstr("statistical"), HasSubstr("may clip")));
}

TEST_F(AdcCommand, ActivationRangesAreChosenByPolicy) {
  const auto scale_of = [](const std::string& options) {
    const auto result = compiled("--device ideal " + options);
    return std::pair(result.at("calibration").at("activation_range").get<std::string>(),
                     tests::content_of(*folder_ / "net.xbar"));
  };
  const auto standard = scale_of("");
  EXPECT_EQ(standard.first, "max");
  EXPECT_EQ(standard.second, scale_of("--activation-range max").second);
  const auto percentile = scale_of("--activation-range percentile --activation-percentile 99");
  EXPECT_EQ(percentile.first, "percentile 99");
  const auto least = scale_of("--activation-range least-error");
  EXPECT_EQ(least.first, "least-error");
  EXPECT_NE(standard.second, percentile.second);
  EXPECT_NE(standard.second, least.second);
  EXPECT_NE(percentile.second, least.second);
}

TEST_F(AdcCommand, AccountingIsAReportOfItsOwn) {
  compiled("--device ideal");
  const auto result = folder_->run("inspect net.xbar --adc-accounting --json accounting.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("ADC-aware pruning"),
                                   HasSubstr("not to be set beside figures of RTL"),
                                   HasSubstr("paper"), HasSubstr("physical")));
  EXPECT_THAT(result.output, Not(AnyOf(HasSubstr("cost of one image"), HasSubstr("mean bits"))));
  const auto json = folder_->json("accounting.json");
  EXPECT_EQ(json.size(), 1U);
  const auto& accounting = json.at("adc_accounting");
  const auto tiles = accounting.at("tiles_by_sparsity").get<std::vector<double>>();
  ASSERT_EQ(tiles.size(), 8U);  // 64 word lines
  double all = 0.0, paper = 0.0, physical = 0.0;
  for (std::size_t level = 0; level < 8; ++level) {
    all += tiles[level];
    if (level == 7) continue;
    paper += tiles[level] * (6.0 - static_cast<double>(level));
    physical += tiles[level] * (7.0 - static_cast<double>(level));
  }
  EXPECT_NEAR(accounting.at("improvement").at("paper"), all * 6.0 / paper, 1e-9);
  EXPECT_NEAR(accounting.at("improvement").at("physical"), all * 7.0 / physical, 1e-9);
}

TEST_F(AdcCommand, RefusesWhatDoesNotGoTogether) {
  EXPECT_THAT(refusal(compile("--adc-group tile")),
              AllOf(HasSubstr("--adc-group"), HasSubstr("column")));
  EXPECT_THAT(refusal(compile("--adc-resolution exact")),
              AllOf(HasSubstr("--adc-resolution"), HasSubstr("proven")));
  EXPECT_THAT(refusal(compile("--adc-resolution proven --adc-range max")),
              AllOf(HasSubstr("--adc-range"), HasSubstr("beside --adc-resolution proven")));
  EXPECT_THAT(refusal(compile("--adc-resolution proven --percentile 99")),
              AllOf(HasSubstr("--percentile"), HasSubstr("beside --adc-resolution proven")));
  EXPECT_THAT(refusal(compile("--activation-range most")),
              AllOf(HasSubstr("--activation-range"), HasSubstr("least-error")));
  EXPECT_THAT(refusal(compile("--activation-percentile 99")),
              AllOf(HasSubstr("--activation-percentile"), HasSubstr("--activation-range max")));
  EXPECT_THAT(refusal(compile("--activation-range percentile --activation-percentile 50")),
              HasSubstr("--activation-percentile"));
  compiled("--device ideal");
  EXPECT_THAT(refusal(folder_->run("inspect net.onnx --adc-accounting")),
              AllOf(HasSubstr("net.onnx"), HasSubstr("--adc-accounting is for a deployment")));
  EXPECT_THAT(refusal(folder_->run("inspect net.xbar --adc-accounting --adc-model linear")),
              AllOf(HasSubstr("--adc-model"), HasSubstr("stands alone")));
}

}  // namespace
}  // namespace crossloop
