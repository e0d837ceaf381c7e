// crossloop run --on lanes: whole networks on the Verilated lanes.
#include "host/compiler/deployment_file.hpp"
#include "host/lanes/patterns.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"
#include "tests/wave_file.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The HDF5 library keeps what it allocated once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

/// A folder with an untrained resnet8 on 8 x 8 digits, whole and with 4 of every 16 weights of its
/// convolutions kept.
class LanesCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("lanes_command");
    tests::write_digits(folder_->path());
    network::Network network = network::make_network("resnet8", {1, 8, 8}, 10, 1);
    network::write_onnx(network, *folder_ / "whole.onnx");
    for (network::Node& node : network.nodes) {
      auto* conv = std::get_if<network::Conv>(&node.op);
      if (conv == nullptr) continue;
      const lanes::LayerGeometry geometry{node.name, conv->out_channels, conv->in_channels,
                                          conv->window.kernel_h, conv->window.kernel_w};
      lanes::prune_groups(conv->weight, geometry, 16, 4);
    }
    network::write_onnx(network, *folder_ / "pruned.onnx");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static nlohmann::json run_json(const std::string& file, const std::string& lane) {
    const auto result = folder_->run("run -q " + file + " --data digits --images 2 --on lanes " +
                                     "--json run.json --lane " + lane);
    EXPECT_EQ(result.code, 0) << result.errors;
    auto json = folder_->json("run.json");
    EXPECT_EQ(json.at("mismatches"), 0);
    json.erase("seconds");
    return json;
  }
  static void compile(const std::string& options, const std::string& output) {
    const auto result = folder_->run("compile -q pruned.onnx --data digits --tile 64x64c2 " +
                                     options + " --output " + output);
    ASSERT_EQ(result.code, 0) << result.errors;
  }
  static nlohmann::json layer(const nlohmann::json& run, const std::string& name) {
    for (const auto& one : run.at("layers")) {
      if (one.at("name") == name) return one;
    }
    ADD_FAILURE() << "no layer " << name;
    return {};
  }
  static std::string refusal(const std::string& arguments) {
    const auto result = folder_->run("run -q --data digits " + arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << arguments;
    return result.errors;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

/// 2 images of 64 windows of 9 groups, 16 outputs: one tile; docs/lanes.md, W G g / m + 3.
TEST_F(LanesCommand, CountsTheCyclesOfEveryLayer) {
  const auto dense = run_json("pruned.onnx", "dense");
  const auto balanced = run_json("pruned.onnx", "balanced");
  const auto sparse = run_json("pruned.onnx", "sparse");
  const auto cycles = [](const nlohmann::json& run) {
    return layer(run, "block1.conv1").at("cycles").get<int>();
  };
  EXPECT_EQ(cycles(dense), 2 * (64 * 9 * 4 + 3));
  EXPECT_EQ(cycles(balanced), 2 * (64 * 9 + 3));
  EXPECT_GE(cycles(sparse), cycles(balanced));
  EXPECT_LT(cycles(sparse), cycles(dense));
  for (const auto& run : {dense, balanced, sparse}) {
    EXPECT_EQ(layer(run, "block1.conv1").at("dense_cycles"), cycles(dense));
    EXPECT_EQ(run.at("accuracy"), dense.at("accuracy"));
    EXPECT_EQ(run.at("dense_cycles"), dense.at("cycles"));
  }
}

TEST_F(LanesCommand, SaysWhyALayerRunsDense) {
  const auto run = run_json("pruned.onnx", "balanced");
  const auto fc = layer(run, "fc");
  EXPECT_EQ(fc.at("lane"), "dense");
  EXPECT_EQ(fc.at("cycles"), fc.at("dense_cycles"));
  EXPECT_THAT(fc.at("reason").get<std::string>(),
              AllOf(HasSubstr("layer fc: output channel 0, kernel position (0, 0), group 0"),
                    HasSubstr("expected at most 4")));
  EXPECT_EQ(layer(run, "block1.conv1").at("lane"), "balanced");
  EXPECT_EQ(layer(run, "block1.conv1").at("reason"), "");
  const auto shown =
      folder_->run("run -q pruned.onnx --data digits --images 1 --on lanes --lane balanced");
  EXPECT_THAT(shown.output, AllOf(HasSubstr("over dense"),
                                  HasSubstr("not balanced: layer fc: output channel 0")));
}

TEST_F(LanesCommand, RunsADeploymentAsTheModelItWasCompiledFrom) {
  compile("--calibration-images 256", "net.xbar");
  EXPECT_EQ(run_json("net.xbar", "balanced"), run_json("pruned.onnx", "balanced"));
}

/// One level away from its weight in one cell: the lane computes with another weight than w_q.
TEST_F(LanesCommand, WritesWavesAndRunsTheSame) {
  for (const std::string lane : {"dense", "sparse", "balanced"}) {
    const std::string options = "--images 1 --on lanes --lane " + lane;
    const auto plain =
        folder_->run("run pruned.onnx --data digits -q --json plain.json " + options);
    const auto traced = folder_->run("run pruned.onnx --data digits -q --json traced.json " +
                                     options + " --trace waves.fst");
    ASSERT_EQ(plain.code, 0) << plain.errors;
    ASSERT_EQ(traced.code, 0) << traced.errors;
    EXPECT_EQ(folder_->json("traced.json").at("layers"), folder_->json("plain.json").at("layers"));
    const auto waves = tests::read_waves(*folder_ / "waves.fst");
    EXPECT_TRUE(waves.signals.contains("TOP.lane_" + lane + ".sum_valid_o")) << lane;
    std::uint64_t cycles = 0;
    const auto run = folder_->json("traced.json");
    for (const auto& layer : run.at("layers")) {
      if (layer.at("lane") == lane) cycles += layer.at("cycles").get<std::uint64_t>();
    }
    EXPECT_GT(cycles, 0U);
    EXPECT_GE(waves.last_time, 2 * cycles);  // two edges a cycle
    std::filesystem::remove(*folder_ / "waves.fst");
  }
}

TEST_F(LanesCommand, FindsAPlantedFault) {
  compile("--calibration-images 16", "fault.xbar");
  compiler::Deployment deployment = compiler::read_deployment(*folder_ / "fault.xbar");
  compiler::Crossbar& crossbar = deployment.crossbars.at(
      static_cast<std::size_t>(deployment.layers.front().crossbars.front()));
  const auto driven = std::ranges::find_if(crossbar.levels, [](int level) { return level > 0; });
  ASSERT_NE(driven, crossbar.levels.end());
  --*driven;  // still within its group
  compiler::write_deployment(deployment, *folder_ / "fault.xbar");
  const auto result = folder_->run(
      "run -q fault.xbar --data digits --images 1 --on lanes --lane sparse --json fault.json");
  EXPECT_EQ(result.code, 1) << result.output;
  const auto run = folder_->json("fault.json");
  const int mismatches = run.at("mismatches");
  EXPECT_GT(mismatches, 0);
  EXPECT_LE(mismatches, 64);  // one output of each window of the first layer
  EXPECT_EQ(run.at("layers").front().at("mismatches"), mismatches);
  EXPECT_THAT(result.errors, HasSubstr("layer " + deployment.layers.front().name + ": " +
                                       std::to_string(mismatches) +
                                       " sums of the sparse lane are not those of w_q and input"));
}

/// Nothing of it is pruned; with 3 channels at its input even the first layer has too many.
TEST_F(LanesCommand, RefusesANetworkOfWhichNoLayerFits) {
  const std::string model = CROSSLOOP_SOURCE_DIR "/models/resnet8_shapes.onnx";
  const auto result =
      folder_->run("run -q " + model + " --data shapes --images 1 --on lanes --lane balanced");
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, IsEmpty());
  EXPECT_THAT(result.errors,
              AllOf(HasSubstr("network resnet8: no layer keeps at most 4 of every 16 weights"),
                    HasSubstr("first: layer conv1: output channel 0, kernel position (0, 0), "
                              "group 0 (input channels 0..2): 3 weights, expected at most 1")));
}

TEST_F(LanesCommand, RefusesWhatDoesNotFit) {
  compile("--calibration-images 16 --encoding offset", "offset.xbar");
  EXPECT_THAT(refusal("offset.xbar --on lanes"), HasSubstr("offset encoding"));
  compile("--calibration-images 16 --mapping semi-folded", "semi.xbar");
  EXPECT_THAT(refusal("semi.xbar --on lanes"), HasSubstr("semi-folded"));
}

TEST_F(LanesCommand, RefusesOptionsOfTheOtherKind) {
  EXPECT_THAT(refusal("pruned.onnx --lane sparse"), HasSubstr("--lane: needs --on lanes"));
  for (const char* option :
       {"--device-model demo", "--chip-seed 2", "--compare", "--layer-errors whole.onnx"}) {
    const std::string text = option;
    EXPECT_THAT(refusal("pruned.onnx --on lanes " + text),
                HasSubstr(text.substr(0, text.find(' ')) + ": for a chip of crossbars"));
  }
  EXPECT_THAT(refusal("pruned.onnx --on lanes --lane fast"), HasSubstr("balanced"));
}

}  // namespace
}  // namespace crossloop
