// crossloop evaluate: tensors in and out, and the normalisation of models of other tools.
#include "host/network/executor.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "host/npy_file.hpp"
#include "tests/command_line.hpp"
#include "tests/onnx_builder.hpp"

namespace crossloop {
namespace {

using network::OnnxBuilder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Evaluate : public ::testing::Test {
 protected:
  tests::WorkFolder folder_{"evaluate"};

  std::string refusal(const std::string& arguments) const {
    const auto result = folder_.run(arguments);
    EXPECT_EQ(result.code, 2) << arguments << "\n" << result.output << result.errors;
    EXPECT_THAT(result.output, IsEmpty());
    return result.errors;
  }
  void write(const std::string& name, OnnxBuilder& model) const {
    tests::write_content(folder_ / name, model.model().SerializeAsString());
  }
  void write(const std::string& name, const std::vector<std::int64_t>& shape,
             const std::vector<float>& values) const {
    write_npy(folder_ / name, shape, values);
  }
  /// y = a - 2 b, of two images of 1x2x2.
  void write_two_inputs() const {
    OnnxBuilder model({-1, 1, 2, 2}, {-1, 1, 2, 2});
    OnnxBuilder::describe(*model.graph().add_input(), "b", {-1, 1, 2, 2});
    model.floats("factor", {}, {-2.0F});
    model.node("Mul", {"b", "factor"}, "scaled", "scale");
    model.node("Add", {"x", "scaled"}, "y", "sum");
    write("two.onnx", model);
  }
};

TEST_F(Evaluate, RunsATensorThroughAModel) {
  const network::Network net = network::make_network("resnet8", {3, 32, 32}, 10, 1);
  network::write_onnx(net, folder_ / "net.onnx");
  std::mt19937 rng(1);
  std::vector<float> input(70 * 3 * 32 * 32);  // more than are run at a time
  for (float& value : input) value = static_cast<float>(rng()) * 0x1p-31F - 1.0F;
  write("x.npy", {70, 3, 32, 32}, input);

  const auto result =
      folder_.run("evaluate net.onnx --input x.npy --output out/y.npy --json y.json");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(result.output, AllOf(HasSubstr("batch of 70"), HasSubstr("[70, 10]")));
  const NpyArray output = read_npy(folder_ / "out/y.npy");
  EXPECT_THAT(output.shape, ElementsAre(70, 10));
  EXPECT_EQ(output.values, network::run(net, input, 70));
  EXPECT_EQ(folder_.json("y.json").at("shape"), (std::vector<int>{70, 10}));
}

TEST_F(Evaluate, AssignsTensorsToInputsByNameThenByOrder) {
  write_two_inputs();
  write("ones.npy", {1, 1, 2, 2}, {1, 1, 1, 1});
  write("count.npy", {1, 1, 2, 2}, {1, 2, 3, 4});
  for (const std::string inputs :
       {"--input ones.npy --input b=count.npy", "--input b=count.npy --input x=ones.npy",
        "--input ones.npy --input count.npy"}) {
    const auto result = folder_.run("evaluate two.onnx " + inputs + " --output y.npy");
    ASSERT_EQ(result.code, 0) << result.errors;
    const NpyArray output = read_npy(folder_ / "y.npy");
    EXPECT_THAT(output.shape, ElementsAre(1, 1, 2, 2));
    EXPECT_THAT(output.values, ElementsAre(-1, -3, -5, -7)) << inputs;
  }
}

TEST_F(Evaluate, KeepsTheRankOfTheOutput) {
  write("x.npy", {1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  OnnxBuilder pooled({-1, 2, 2, 2}, {-1, 2, 1, 1});
  pooled.node("GlobalAveragePool", {"x"}, "y", "pool");
  write("pooled.onnx", pooled);
  ASSERT_EQ(folder_.run("evaluate pooled.onnx --input x.npy --output y.npy").code, 0);
  EXPECT_THAT(read_npy(folder_ / "y.npy").shape, ElementsAre(1, 2, 1, 1));

  OnnxBuilder flat({-1, 2, 2, 2}, {-1, 2});
  flat.node("GlobalAveragePool", {"x"}, "p", "pool").node("Flatten", {"p"}, "y", "flatten");
  write("flat.onnx", flat);
  ASSERT_EQ(folder_.run("evaluate flat.onnx --input x.npy --output y.npy").code, 0);
  EXPECT_THAT(read_npy(folder_ / "y.npy").shape, ElementsAre(1, 2));
}

TEST_F(Evaluate, TakesTheLayoutTheModelWants) {
  OnnxBuilder model({-1, 2, 2, 3}, {-1, 3, 2, 2});
  model.node("Transpose", {"x"}, "y", "to_nchw").integers("perm", {0, 3, 1, 2});
  write("nhwc.onnx", model);
  std::vector<float> nhwc(12);
  for (std::size_t i = 0; i < nhwc.size(); ++i) nhwc[i] = static_cast<float>(i);
  write("x.npy", {1, 2, 2, 3}, nhwc);
  const auto result = folder_.run("evaluate nhwc.onnx --input x.npy --output y.npy");
  ASSERT_EQ(result.code, 0) << result.errors;
  EXPECT_THAT(read_npy(folder_ / "y.npy").values,
              ElementsAreArray({0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
}

TEST_F(Evaluate, RefusesTensorsThatDoNotFit) {
  write_two_inputs();
  write("x.npy", {1, 1, 2, 2}, {1, 1, 1, 1});
  write("pair.npy", {2, 1, 2, 2}, {1, 1, 1, 1, 1, 1, 1, 1});
  write("wide.npy", {1, 1, 1, 4}, {1, 1, 1, 1});
  const std::string run = "evaluate two.onnx --output y.npy ";
  EXPECT_THAT(refusal(run + "--input x.npy"), AllOf(HasSubstr("input b"), HasSubstr("b=FILE.npy")));
  EXPECT_THAT(refusal(run + "--input x.npy --input x.npy --input x.npy"), HasSubstr("2 inputs"));
  EXPECT_THAT(refusal(run + "--input c=x.npy"), AllOf(HasSubstr("called c"), HasSubstr("x, b")));
  EXPECT_THAT(refusal(run + "--input b=x.npy --input b=x.npy"), HasSubstr("given twice"));
  EXPECT_THAT(refusal(run + "--input x.npy --input pair.npy"), HasSubstr("batch of 2"));
  EXPECT_THAT(refusal(run + "--input x.npy --input wide.npy"),
              AllOf(HasSubstr("[1, 1, 1, 4]"), HasSubstr("[N, 1, 2, 2]")));
  EXPECT_THAT(refusal(run + "--input x.npy --input none.npy"), HasSubstr("none.npy"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "y.npy"));
  EXPECT_THAT(refusal("evaluate two.onnx --input x.npy"), HasSubstr("--output"));
  EXPECT_THAT(refusal("evaluate two.onnx --input x.npy --data shapes --output y.npy"),
              HasSubstr("--data"));
}

/// A linear model of another tool: its metadata say nothing about the input.
TEST_F(Evaluate, NormalisesTheImagesOfAForeignModelAsTold) {
  tests::write_digits(folder_.path());
  OnnxBuilder model({-1, 1, 8, 8}, {-1, 10});
  std::vector<float> weight(640);
  std::mt19937 rng(2);
  for (float& value : weight) value = static_cast<float>(rng()) * 0x1p-31F - 1.0F;
  model.floats("w", {10, 64}, weight).floats("b", {10}, std::vector<float>(10, 0.5F));
  model.node("Flatten", {"x"}, "f", "flatten");
  model.node("Gemm", {"f", "w", "b"}, "y", "fc").integer("transB", 1);
  write("foreign.onnx", model);

  const auto silent = folder_.run("evaluate foreign.onnx --data digits");
  ASSERT_EQ(silent.code, 0) << silent.errors;
  EXPECT_THAT(silent.errors, HasSubstr("no input normalisation"));
  EXPECT_THAT(silent.output, AllOf(HasSubstr("none (pixels as 0..1), NCHW"), HasSubstr("40 test")));

  const auto told =
      folder_.run("evaluate foreign.onnx --data digits --mean 0.25 --std 0.5 --json told.json");
  ASSERT_EQ(told.code, 0) << told.errors;
  EXPECT_THAT(told.errors, Not(HasSubstr("no input normalisation")));
  network::Network net = network::read_onnx(folder_ / "foreign.onnx");
  net.normalisation = {{0.25F}, {0.5F}};
  network::write_onnx(net, folder_ / "ours.onnx");
  ASSERT_EQ(folder_.run("evaluate ours.onnx --data digits --json ours.json").code, 0);
  EXPECT_EQ(folder_.json("told.json"), folder_.json("ours.json"));

  ASSERT_EQ(folder_.run("evaluate --data digits --mean 0.25 --std 0.5 foreign.onnx").code, 0)
      << "the model may come last";
  EXPECT_THAT(refusal("evaluate foreign.onnx --data digits --mean 1,2,3"), HasSubstr("3 values"));
  EXPECT_THAT(refusal("evaluate foreign.onnx --data digits --mean nan"), HasSubstr("finite"));
  EXPECT_THAT(refusal("evaluate foreign.onnx --data digits --std inf"), HasSubstr("finite"));
  EXPECT_THAT(refusal("evaluate foreign.onnx --data digits --std 0"), HasSubstr("positive"));
}

}  // namespace
}  // namespace crossloop
