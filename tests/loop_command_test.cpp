// crossloop loop on a configuration of its own, RTL included, and its negative controls.
#include "tests/command_line.hpp"
#ifndef CROSSLOOP_COVERAGE
#include "tests/wave_file.hpp"
#endif

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kConfig = R"(name = "tiny"
seed = 5
[data]
source = "digits"
test_images = 40
[network]
name = "linear"
[train]
epochs = 10
batch = 20
augment = false
[prune]
method = "none"
epochs = 0
[tile]
file = "configs/tiles/16x16c2.toml"
[device]
preset = "demo"
chip_seed = 7
noise_seed = 11
run_on = "rtl"
[calibration]
images = 32
[measure]
repeats = 8
[finetune]
epochs = 2
batch = 20
augment = false
[rtl]
images = 2
)";

/// Runs of one configuration; later ones resume from the checkpoints of the first.
class LoopCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("loop");
    tests::write_digits(folder_->path());
    tests::write_content(*folder_ / "tiny.toml", kConfig);
    sound_ = folder_->run("loop -q tiny.toml");
    summary_ = folder_->json("runs/tiny/summary.json");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static bool left(const std::string& name) {
    return std::filesystem::exists(*folder_ / ("runs/tiny/" + name));
  }

  /// What `--inject` finds, which must be in `layer`.
  static void expect_found(const std::string& fault) {
    std::filesystem::remove(*folder_ / "runs/tiny/replay.json");
    const auto result = folder_->run("loop -q tiny.toml --inject " + fault);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.errors,
                AllOf(HasSubstr("RTL and engine differ in"), HasSubstr("layer 0 (fc), crossbar "),
                      HasSubstr(", column "), HasSubstr(", bit "), HasSubstr(", vector "),
                      HasSubstr("replay file: runs/tiny/replay.json")));
    ASSERT_TRUE(left("replay.json"));
    const auto replay = folder_->json("runs/tiny/replay.json");
    for (const char* key : {"layer", "crossbar", "column", "bit", "vector"}) {
      EXPECT_GE(replay.at(key).get<int>(), 0) << key;
    }
    EXPECT_GT(folder_->json("runs/tiny/summary.json").at("rtl").at("mismatches").get<int>(), 0);
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
  inline static tests::CommandResult sound_;
  inline static nlohmann::json summary_;
};

TEST_F(LoopCommand, EndsWithRtlAndEngineEqual) {
  ASSERT_EQ(sound_.code, 0) << sound_.errors;
  EXPECT_THAT(sound_.output, AllOf(HasSubstr("tiny: linear (trained here) on digits, tiles 16x16"),
                                   HasSubstr(" 0 mismatches"), HasSubstr("chip 7")));
  EXPECT_EQ(summary_.at("rtl").at("mismatches"), 0);
  EXPECT_EQ(summary_.at("rtl").at("images"), 2);
  EXPECT_GT(summary_.at("rtl").at("column_reads").get<int>(), 0);
  EXPECT_GT(summary_.at("rtl").at("cycles").get<int>(), 0);
  EXPECT_GT(summary_.at("rtl").at("seconds").get<double>(), 0.0);
}

TEST_F(LoopCommand, SummarisesWhatItFound) {
  EXPECT_EQ(summary_.at("dataset"), "digits");
  EXPECT_EQ(summary_.at("network"), "linear");
  EXPECT_EQ(summary_.at("seeds").at("chip"), 7);
  EXPECT_EQ(summary_.at("seeds").at("noise"), 11);
  EXPECT_EQ(summary_.at("seeds").at("training"), 5);
  for (const char* rung : {"float", "pruned", "quantized", "mapped", "recovered"}) {
    const double accuracy = summary_.at("accuracy").at(rung);
    const bool bare = std::string(rung) == "mapped";  // a chip with errors, not yet recovered
    EXPECT_GE(accuracy, bare ? 0.3 : 0.9) << rung;
  }
  EXPECT_EQ(summary_.at("crossbars").at("dense"), 20);  // 64 inputs, 10 outputs on 16x16
  EXPECT_EQ(summary_.at("crossbars").at("pruned"), 20);
  EXPECT_GE(summary_.at("measure").at("pages").get<int>(), 20);  // some again after fine-tuning
  EXPECT_GT(summary_.at("measure").at("vectors").get<int>(), 0);
  EXPECT_LE(summary_.at("measure").at("max_standard_error").get<double>(), 0.5);
}

TEST_F(LoopCommand, LeavesModelsDeploymentAndMeasurement) {
  for (const char* file : {"float.onnx", "pruned.onnx", "recovered.onnx", "deployment.xbar",
                           "measurement.h5", "summary.json"}) {
    EXPECT_TRUE(left(file)) << file;
  }
}

TEST_F(LoopCommand, FindsTheSameAgain) {
  const auto again = folder_->run("loop -q tiny.toml --fresh --runs other");
  ASSERT_EQ(again.code, 0) << again.errors;
  const auto summary = folder_->json("other/tiny/summary.json");
  EXPECT_EQ(summary.at("snapshot_hash"), summary_.at("snapshot_hash"));
  EXPECT_EQ(summary.at("accuracy"), summary_.at("accuracy"));
}

TEST_F(LoopCommand, FindsACellThatIsWrongInTheRtl) { expect_found("rtl-cell"); }

TEST_F(LoopCommand, FindsAnEngineThatRoundsOtherwise) { expect_found("engine-adc-rounding"); }

#ifndef CROSSLOOP_COVERAGE  // whose core writes no waves
TEST_F(LoopCommand, WritesTheWavesOfTheRtlThatVerifies) {
  const auto traced = folder_->run("loop -q tiny.toml --runs traced --trace waves.fst");
  ASSERT_EQ(traced.code, 0) << traced.errors;
  const auto rtl = folder_->json("traced/tiny/summary.json").at("rtl");
  EXPECT_EQ(rtl.at("cycles"), summary_.at("rtl").at("cycles"));
  const auto waves = tests::read_waves(*folder_ / "waves.fst");
  EXPECT_GT(waves.last_time, 2 * rtl.at("cycles").get<std::uint64_t>());  // two edges a cycle
  for (const auto& entry : std::filesystem::directory_iterator(folder_->path())) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}
#endif

TEST_F(LoopCommand, KnowsNoOtherFault) {
  const auto result = folder_->run("loop tiny.toml --inject meteor");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("meteor"), HasSubstr("rtl-cell")));
}

}  // namespace
}  // namespace crossloop
