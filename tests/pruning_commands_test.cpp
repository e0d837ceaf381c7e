// Pruning by any method, sensitivity and fine-tuning for the chip, through the command line.
#include <algorithm>
#include <cmath>

#include "host/network/onnx_file.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;

constexpr const char* kTraining = " --data digits --batch 20 --no-augment";

/// A folder with the digits and a trained ResNet, made once.
class PruningCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("pruning_commands");
    tests::write_digits(folder_->path());
    const auto trained = folder_->run(
        "train -q --network resnet8 --epochs 2 --learning-rate 0.05 --seed 3 --output float.onnx" +
        std::string(kTraining));
    ASSERT_EQ(trained.code, 0) << trained.errors;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static tests::CommandResult run(const std::string& arguments) {
    return folder_->run(arguments + kTraining);
  }
  static nlohmann::json json(const std::string& name) { return folder_->json(name); }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

TEST_F(PruningCommands, MethodsListsEveryMethodWithItsOptions) {
  const auto result = folder_->run("methods --json methods.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  std::vector<std::string> names;
  const auto listed = json("methods.json");
  for (const auto& method : listed.at("methods")) {
    names.push_back(method.at("name"));
    EXPECT_NE(method.at("source"), "") << names.back();
    EXPECT_THAT(result.output, HasSubstr(names.back()));
  }
  for (const char* name : {"adc_budget", "balanced", "channel_filter", "column_grain",
                           "column_magnitude", "crossbar_grain", "dub_quantize", "dub_regularize",
                           "group_lasso", "s_dub", "unstructured", "xcs", "xrs"}) {
    EXPECT_THAT(names, Contains(name));
  }
}

TEST_F(PruningCommands, PruneReportsWhatAMethodFrees) {
  const auto result =
      run("prune -q float.onnx --output channels.onnx --tile 16x16c2 --method channel_filter --set "
          "sparsity=0.4 --prune-first --epochs 1 --json channels.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  const auto report = json("channels.json");
  EXPECT_EQ(report.at("method"), "channel_filter");
  EXPECT_EQ(report.at("options").at("sparsity"), "0.4");
  EXPECT_GT(report.at("weights").at("share").get<double>(), 0.3);
  const auto &before = report.at("chip").at("before"), &after = report.at("chip").at("after");
  EXPECT_LT(after.at("crossbars").at("compute"), before.at("crossbars").at("compute"));
  const auto partial_sums = [](const nlohmann::json& chip) {
    const auto& crossbars = chip.at("crossbars");
    return crossbars.at("total").get<int>() - crossbars.at("compute").get<int>();
  };
  EXPECT_GT(partial_sums(before), 0);
  EXPECT_EQ(partial_sums(after), partial_sums(before)) << "no pruning saves them";
  EXPECT_LT(after.at("adc").at("energy_nj").at("linear"),
            before.at("adc").at("energy_nj").at("linear"));
  EXPECT_THAT(result.output, AllOf(HasSubstr("survivors per group of 16"),
                                   HasSubstr("ADC energy saved, weights, paper counting")));
}

TEST_F(PruningCommands, BalancedSurvivorsAreEqual) {
  const auto result = run(
      "prune -q float.onnx --output balanced.onnx --tile 16x16c2 --method balanced --set group=8 "
      "--set pruned=4 --set schedule=once --group 8 --epochs 1 --json balanced.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  const auto report = json("balanced.json");
  int equal = 0;
  for (const auto& layer : report.at("survivors").at("layers")) {
    if (layer.at("most") == 4) equal += layer.at("equal").get<bool>() ? 1 : 0;
  }
  EXPECT_GE(equal, 7);
}

TEST_F(PruningCommands, ASecondPruningJoinsTheFirst) {
  ASSERT_EQ(run("prune -q float.onnx --output once.onnx --tile 16x16c2 --method unstructured --set "
                "sparsity=0.3 --epochs 1 --json once.json")
                .code,
            0);
  ASSERT_EQ(run("prune -q once.onnx --output twice.onnx --tile 16x16c2 --method column_magnitude "
                "--set crossbar_ratio=0.7 --epochs 1 --json twice.json")
                .code,
            0);
  EXPECT_GT(json("twice.json").at("weights").at("share").get<double>(),
            json("once.json").at("weights").at("share").get<double>());
}

TEST_F(PruningCommands, PruneRefusesWhatAMethodDoesNotTake) {
  const auto refused = [](const std::string& options, const std::string& text) {
    const auto result = run("prune -q float.onnx --output no.onnx " + options);
    EXPECT_EQ(result.code, 2) << options;
    EXPECT_THAT(result.errors, HasSubstr(text));
    EXPECT_FALSE(std::filesystem::exists(*folder_ / "no.onnx"));
  };
  refused("--method magic", "magic");
  refused("--method unstructured --set sparsity=2", "sparsity");
  refused("--method unstructured --set speed=2", "speed");
  refused("--method unstructured --set sparsity", "OPTION=VALUE");
  refused("--method unstructured --set sparsity=0.1 --set sparsity=0.2", "twice");
  refused("--method unstructured --keep nobody", "nobody");
}

TEST_F(PruningCommands, SensitivityChoosesRatiosForATarget) {
  const auto result = folder_->run(
      "sensitivity -q float.onnx --data digits --tile 16x16c2 --ratios 0.25,0.5,0.75 --images 50 "
      "--target crossbars --share 0.6 --plot scan.csv --json scan.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  const auto scan = json("scan.json");
  EXPECT_THAT(scan.at("layers"), SizeIs(8));
  for (const auto& layer : scan.at("layers")) EXPECT_THAT(layer.at("points"), SizeIs(4));
  const auto& chosen = scan.at("allocation");
  EXPECT_LE(chosen.at("cost").get<double>(), 0.6 * chosen.at("dense").get<double>());
  EXPECT_THAT(chosen.at("ratios"), SizeIs(8));
  EXPECT_THAT(tests::content_of(*folder_ / "scan.csv"), HasSubstr("layer,ratio,loss"));
  std::string option = result.output.substr(result.output.find("--set ratios="));
  option.resize(option.find('\n'));
  const auto pruned = run(
      "prune -q float.onnx --output ratios.onnx --tile 16x16c2 --epochs 0 --method unstructured " +
      option);
  EXPECT_EQ(pruned.code, 0) << pruned.errors;
}

TEST_F(PruningCommands, FinetuneRecoversTwoBitWeights) {
  const auto result =
      run("finetune -q float.onnx --output w2.onnx --tile 64x64c2 --weight-bits 2 --scales dynamic "
          "--quantise-activations --adc-rounding --epochs 3 --learning-rate 0.01 --json w2.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  const auto report = json("w2.json");
  EXPECT_EQ(report.at("weight_bits"), 2);
  EXPECT_THAT(report.at("before").at("quantised").get<double>(), Lt(0.6));
  EXPECT_THAT(report.at("after").at("quantised").get<double>(), Gt(0.85));
  const auto compiled = folder_->run(
      "compile -q w2.onnx --data digits --tile 64x64c2 --weight-bits 2 --calibration-images 32 "
      "--output w2.xbar --json compiled.json");
  ASSERT_EQ(compiled.code, 0) << compiled.errors;
  EXPECT_EQ(json("compiled.json").at("tile").at("weight_bits"), 2);
}

/// |w| of a layer in ascending order.
std::vector<float> magnitudes(const network::Network& network, const std::string& node) {
  std::vector<float> all;
  for (const float w : network::weight_values(network.node(node))) all.push_back(std::abs(w));
  std::sort(all.begin(), all.end());
  return all;
}

TEST_F(PruningCommands, FinetuneClipsWeightsForAModelledChip) {
  const auto result = run(
      "finetune -q float.onnx --output chip.onnx --tile 16x16c2 --device demo --clip-percentile 80 "
      "--chip-errors --epochs 1 --json chip.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_GE(json("chip.json").at("after").at("chip").get<double>(), 0.8);
  EXPECT_THAT(result.output, HasSubstr("chip of the device, calibrated"));
  const auto before = network::read_onnx(*folder_ / "float.onnx");
  const auto after = network::read_onnx(*folder_ / "chip.onnx");
  for (const char* node : {"conv1", "block2.conv1", "fc"}) {
    const auto then = magnitudes(before, node), now = magnitudes(after, node);
    EXPECT_LE(now.back(), then[(then.size() * 8 + 9) / 10 - 1] * 1.0001F) << node;
    EXPECT_NE(now, then) << node;
  }
}

}  // namespace
}  // namespace crossloop
