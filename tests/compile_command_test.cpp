// crossloop compile: mappings, encodings, passes, copies and known faults from the command line.
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A folder with an untrained resnet8 on 8 x 8 digits.
class CompileCommand : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("compile_command");
    tests::write_digits(folder_->path());
    network::write_onnx(network::make_network("resnet8", {1, 8, 8}, 10, 1), *folder_ / "net.onnx");
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string line(const std::string& options) {
    return "compile net.onnx --data digits --calibration-images 16 --output net.xbar " + options;
  }
  static nlohmann::json compiled(const std::string& options) {
    const auto result = folder_->run(line("-q --json compile.json " + options));
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_->json("compile.json");
  }
  static nlohmann::json run_json(const std::string& options) {
    const auto result = folder_->run("run -q net.xbar --data digits --json run.json " + options);
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_->json("run.json");
  }
  static std::string refusal(const std::string& options) {
    const auto result = folder_->run(line(options));
    EXPECT_EQ(result.code, 2) << options << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty()) << options;
    return result.errors;
  }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
};

TEST_F(CompileCommand, SemiFoldedTakesCrossbarsForSteps) {
  const auto folded = compiled("--tile 64x64c2 --device ideal --adc-range fixed");
  const auto accuracy = run_json("--images 40").at("accuracy");
  const auto semi =
      compiled("--tile 64x64c2 --device ideal --adc-range fixed --mapping semi-folded");
  EXPECT_EQ(folded.at("pipeline_steps"), 64);
  EXPECT_EQ(semi.at("pipeline_steps"), 8);
  EXPECT_GT(semi.at("crossbars").at("pruned").get<int>(),
            folded.at("crossbars").at("pruned").get<int>());
  EXPECT_EQ(semi.at("layers").at(0).at("mapping"), "semi-folded");
  EXPECT_EQ(run_json("--images 40").at("accuracy"), accuracy);
}

TEST_F(CompileCommand, OffsetTakesFewerCrossbarsAndTheRtlAgrees) {
  const auto result = compiled("--tile 16x16c2 --device demo --encoding offset");
  EXPECT_EQ(result.at("tile").at("encoding"), "offset");
  const auto rtl = run_json("--device-model demo --images 1 --compare").at("rtl");
  EXPECT_EQ(rtl.at("mismatches"), 0);
}

TEST_F(CompileCommand, CopiesStayWithinTheBudget) {
  const auto result = compiled("--tile 64x64c2 --crossbar-budget 300");
  EXPECT_LE(result.at("crossbars").at("pruned").get<int>(), 300);
  EXPECT_LT(result.at("pipeline_steps").get<int>(), 64);
  EXPECT_EQ(result.at("passes").back().at("name"), "duplicates");
}

TEST_F(CompileCommand, EncodesAroundTheFaultsOfAMeasuredChip) {
  const std::string plain = "--tile 16x16c2 --device demo";
  compiled(plain);
  const auto measured =
      folder_->run("measure -q net.xbar --device-model demo --chip-seed 3 --output chip.h5");
  ASSERT_EQ(measured.code, 0) << measured.errors;
  const auto result = folder_->run(line("-q " + plain + " --faults chip.h5 --json compile.json"));
  ASSERT_EQ(result.code, 0) << result.errors;
  const int stuck = folder_->json("compile.json").at("stuck_cells").get<int>();
  EXPECT_GT(stuck, 0);
  EXPECT_THAT(result.output, HasSubstr("encoded around " + std::to_string(stuck)));
  EXPECT_THAT(refusal(plain + " --faults net.onnx"), HasSubstr("net.onnx"));
}

TEST_F(CompileCommand, RefusesWhatDoesNotGoTogether) {
  EXPECT_THAT(refusal("--passes compact,shrink"),
              AllOf(HasSubstr("'shrink'"), HasSubstr("rearrange")));
  EXPECT_THAT(refusal("--k-in 4"), HasSubstr("--mapping semi-folded"));
  EXPECT_THAT(refusal("--mapping semi-folded --w-s 99"), HasSubstr("conv1"));
  EXPECT_THAT(refusal("--crossbar-budget 3"), HasSubstr("a budget of 3 crossbars"));
  EXPECT_THAT(refusal("--encoding odd"), HasSubstr("--encoding"));
}

TEST_F(CompileCommand, InspectCountsAModelInThreeMappings) {
  const auto result = folder_->run("inspect net.onnx --tile 64x64c2 --json inspect.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("semi-folded"), HasSubstr("counts only")));
  const auto total = folder_->json("inspect.json").at("crossbars").at("total");
  EXPECT_EQ(total.at("folded"), 172);
  const auto refused = folder_->run("inspect net.xbar --tile 64x64c2");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("--tile is for a model"));
}

}  // namespace
}  // namespace crossloop
