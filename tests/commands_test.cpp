// From training to a measured chip, command by command, each on what the one before left.
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;

/// A folder with the digits, a trained and a pruned ResNet and its deployment, made once.
class Commands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("commands");
    tests::write_digits(folder_->path());
    train_ = folder_->run(
        "train -q --network resnet8 --data digits --epochs 2 --batch 20 --learning-rate 0.05 "
        "--no-augment --seed 3 --output float.onnx --json train.json");
    prune_ = folder_->run(
        "prune -q float.onnx --data digits --tile 16x16c2 --device demo --method column_magnitude "
        "--set "
        "crossbar_ratio=0.5 "
        "--epochs 1 --batch 20 --no-augment --output pruned.onnx --json prune.json");
    compile_ = folder_->run(
        "compile -q pruned.onnx --data digits --tile 16x16c2 --device demo "
        "--calibration-images 32 --output net.xbar --json compile.json");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static nlohmann::json json(const std::string& name) { return folder_->json(name); }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
  inline static tests::CommandResult train_, prune_, compile_;
};

TEST_F(Commands, TrainWritesAModelAndSaysHowGoodItIs) {
  ASSERT_EQ(train_.code, 0) << train_.errors;
  EXPECT_THAT(train_.output, AllOf(HasSubstr("resnet8 on digits: 200 training images, 2 epochs, "
                                             "seed 3"),
                                   HasSubstr("on 40 test images"), HasSubstr("float.onnx")));
  EXPECT_THAT(train_.errors, IsEmpty());
  const auto result = json("train.json");
  EXPECT_EQ(result.at("seed"), 3);
  EXPECT_EQ(result.at("train_images"), 200);
  EXPECT_GE(result.at("accuracy").get<double>(), 0.9);
}

TEST_F(Commands, TrainIsReproducible) {
  const auto again = folder_->run(
      "train -q --network resnet8 --data digits --epochs 2 --batch 20 --learning-rate 0.05 "
      "--no-augment --seed 3 --output again.onnx");
  ASSERT_EQ(again.code, 0) << again.errors;
  EXPECT_EQ(tests::content_of(*folder_ / "again.onnx"), tests::content_of(*folder_ / "float.onnx"));
}

TEST_F(Commands, EvaluateFindsTheAccuracyOfTraining) {
  const auto result = folder_->run("evaluate float.onnx --data digits --json evaluate.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("40 test images (data seed 1)"),
                                   HasSubstr("normalisation  mean 0.")));
  EXPECT_DOUBLE_EQ(json("evaluate.json").at("accuracy"), json("train.json").at("accuracy"));
  EXPECT_THAT(json("evaluate.json").at("normalisation").at("mean"), SizeIs(1));
}

TEST_F(Commands, PruneReachesTheRatioOfCrossbars) {
  ASSERT_EQ(prune_.code, 0) << prune_.errors;
  EXPECT_THAT(prune_.output, AllOf(HasSubstr("block1.conv1"), HasSubstr("% of the crossbars")));
  const auto crossbars = json("prune.json").at("crossbars");
  EXPECT_LE(crossbars.at("pruned").get<double>(), 0.5 * crossbars.at("dense").get<double>());
  EXPECT_GE(json("prune.json").at("accuracy").at("after").get<double>(), 0.9);
}

TEST_F(Commands, CompileNeedsTheCrossbarsThatPruningSaid) {
  ASSERT_EQ(compile_.code, 0) << compile_.errors;
  const auto passes = json("compile.json").at("passes");
  const auto crossbars = json("prune.json").at("crossbars");
  EXPECT_EQ(passes.at(0).at("before"), crossbars.at("dense"));
  EXPECT_LE(passes.at(0).at("after").get<double>(), 0.5 * crossbars.at("dense").get<double>());
  EXPECT_EQ(json("compile.json").at("crossbars"), crossbars);
  EXPECT_THAT(compile_.output, AllOf(HasSubstr("tiles of 16x16, 2 bits per cell"),
                                     HasSubstr("ADC ranges for ideal tiles on 32 images")));
}

TEST_F(Commands, CompileFitsTheAdcRangesToTheImages) {
  const auto result = folder_->run(
      "compile -q pruned.onnx --data digits --tile 64x64c2 --calibration-images 32 "
      "--output large.xbar --json large.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  const int full_scale = 13;  // holds 64 rows of 3 levels of 2^5 codes at a gain of 2^8
  const auto layers = json("large.json").at("layers");
  EXPECT_THAT(layers, SizeIs(10));
  for (const auto& layer : layers) {
    EXPECT_LT(layer.at("adc_shifts").at(0).at(1).get<int>(), full_scale) << layer.at("name");
  }
}

TEST_F(Commands, InspectShowsTheLayersOfAModel) {
  const auto result = folder_->run("inspect pruned.onnx --json inspect.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("resnet8: input [1, 8, 8]"), HasSubstr("conv1")));
  EXPECT_GT(json("inspect.json").at("sparsity").get<double>(), 0.4);
}

TEST_F(Commands, InspectShowsTheCrossbarsOfADeployment) {
  const auto result = folder_->run("inspect net.xbar --json inspect.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("bands"), HasSubstr("ADC shift by slice")));
  const auto shown = json("inspect.json");
  EXPECT_EQ(shown.at("crossbars"), json("prune.json").at("crossbars"));
  EXPECT_EQ(shown.at("layers"), json("compile.json").at("layers"));
  for (const auto& layer : shown.at("layers")) {
    EXPECT_THAT(layer.at("adc_shifts"), SizeIs(4)) << layer.at("name");
  }
}

TEST_F(Commands, RunIsReproducibleAndDependsOnTheChip) {
  const auto accuracy_and_counters = [](const std::string& options) {
    const auto result =
        folder_->run("run -q net.xbar --data digits --images 10 --json run.json " + options);
    EXPECT_EQ(result.code, 0) << result.errors;
    EXPECT_THAT(result.output, HasSubstr("column reads"));
    return json("run.json").at("adc");
  };
  const auto first = accuracy_and_counters("--chip-seed 7 --noise-seed 2");
  EXPECT_EQ(first, accuracy_and_counters("--chip-seed 7 --noise-seed 2"));
  EXPECT_NE(first, accuracy_and_counters("--chip-seed 8 --noise-seed 2"));
  EXPECT_NE(first, accuracy_and_counters("--chip-seed 7 --noise-seed 3"));
  EXPECT_NE(first, accuracy_and_counters("--chip-seed 7 --noise-seed 2 --device-model ideal"));
}

TEST_F(Commands, RunOnIdealCellsKeepsTheAccuracy) {
  const auto result =
      folder_->run("run -q net.xbar --data digits --device-model ideal --json run.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_EQ(json("run.json").at("images"), 40);
  EXPECT_GE(json("run.json").at("accuracy").get<double>(), 0.9);
}

TEST_F(Commands, RunComparesTheRtlWithTheEngine) {
  const auto result =
      folder_->run("run -q net.xbar --data digits --images 1 --on rtl --compare --json run.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("0 mismatches"));
  const auto rtl = json("run.json").at("rtl");
  EXPECT_EQ(rtl.at("mismatches"), 0);
  EXPECT_EQ(rtl.at("images"), 1);
  EXPECT_GT(rtl.at("integers").get<int>(), 1000);
  EXPECT_GT(rtl.at("column_reads").get<int>(), 100'000);
}

TEST_F(Commands, RunFindsAPlantedFault) {
  const auto result = folder_->run(
      "run -q net.xbar --data digits --images 1 --compare --inject engine-adc-rounding "
      "--replay fault.json");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.errors, AllOf(HasSubstr("RTL and engine differ in"), HasSubstr("layer 0"),
                                   HasSubstr("crossbar "), HasSubstr("column "), HasSubstr("bit "),
                                   HasSubstr("vector "), HasSubstr("fault.json")));
  EXPECT_EQ(json("fault.json").at("layer"), 0);
}

TEST_F(Commands, RunPlantsNoFaultThatNothingCouldFind) {
  const auto result = folder_->run("run net.xbar --data digits --inject engine-adc-rounding");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.errors, HasSubstr("--inject"));
}

TEST_F(Commands, MeasureReadsEveryCrossbarAlikeOnEngineAndRtl) {
  const std::string options = "--chip-seed 7 --output chip.h5 --json measure.json --on ";
  const auto on_engine = folder_->run("measure -q net.xbar " + options + "engine");
  ASSERT_EQ(on_engine.code, 0) << on_engine.errors;
  const std::string measured = tests::content_of(*folder_ / "chip.h5");
  const auto result = json("measure.json");
  EXPECT_EQ(result.at("pages"), json("compile.json").at("crossbars").at("pruned"));
  EXPECT_LE(result.at("max_standard_error").get<double>(), 0.5);
  EXPECT_GT(result.at("weight_error").get<double>(), 0.01);

  const auto shown = folder_->run("inspect chip.h5 --deployment net.xbar --json inspect.json");
  ASSERT_EQ(shown.code, 0) << shown.errors;
  EXPECT_EQ(json("inspect.json").at("vectors"), result.at("vectors"));
  EXPECT_DOUBLE_EQ(json("inspect.json").at("weight_error"), result.at("weight_error"));

  const auto on_rtl = folder_->run("measure -q net.xbar " + options + "rtl");
  ASSERT_EQ(on_rtl.code, 0) << on_rtl.errors;
  EXPECT_EQ(tests::content_of(*folder_ / "chip.h5"), measured);
}

TEST_F(Commands, MeasureRefusesToCallAPageMeasuredThatIsNot) {
  const auto result = folder_->run(
      "measure -q net.xbar --max-standard-error 0.001 --max-repeats 8 --output none.h5");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.errors, HasSubstr("crossbar 0"));
  EXPECT_FALSE(std::filesystem::exists(*folder_ / "none.h5"));
}

TEST_F(Commands, DataInfoCountsImagesPerClass) {
  const auto result = folder_->run("data info digits --json info.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("digits: 8x8 pixels, 1 channels, 10 classes"));
  const auto info = json("info.json");
  EXPECT_EQ(info.at("test").at("images"), 40);
  EXPECT_THAT(info.at("train").at("images_per_class"), AllOf(SizeIs(10), Each(20)));
  EXPECT_THAT(info.at("train").at("mean"), AllOf(SizeIs(1), Each(Le(1.0))));
}

TEST_F(Commands, DataInfoDrawsOtherShapesForAnotherSeed) {
  const std::string options = "data info shapes --train-images 20 --images 10 --seed ";
  const auto one = folder_->run(options + "1");
  EXPECT_EQ(one.code, 0) << one.errors;
  EXPECT_EQ(folder_->run(options + "1").output, one.output);
  EXPECT_NE(folder_->run(options + "2").output, one.output);
}

}  // namespace
}  // namespace crossloop
