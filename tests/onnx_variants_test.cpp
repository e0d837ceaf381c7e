// The same operators as other exporters write them: crops as negative pads, means of NHWC values,
// constants in a Sum, inputs nobody reads, constants that follow from the batch.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using tests::Tensor;
using tests::Tensors;

TEST(OnnxVariants, NegativePadsCrop) {
  OnnxBuilder crop({-1, 3, 6, 7}, {-1, 2, 4, 4});
  crop.node("Pad", {"x", "pads"}, "y", "crop").shape("pads", {0, -1, -2, 0, 0, 0, 0, -3});
  expect_operator(crop, Slice{{1, 2, 0}, {1, 1, 1}, {2, 4, 4}});

  OnnxBuilder both({-1, 3, 6, 7}, {-1, 3, 7, 5}, 9);
  both.node("Pad", {"x"}, "y", "move")
      .integers("pads", {0, 0, -1, 1, 0, 0, 2, -3})
      .real("value", 0.5F);
  expect_model(both, [](const Tensors& in) {
    const Tensor cut = tests::reference(Slice{{0, 1, 0}, {1, 1, 1}, {3, 5, 4}}, in);
    return tests::reference(Pad{{0, 0, 1}, {0, 2, 0}, Pad::Mode::kConstant, 0.5F}, {cut});
  });

  OnnxBuilder nothing({-1, 3, 6, 7}, {-1, 3, 6, 7});
  nothing.node("Pad", {"x", "pads"}, "y", "crop").shape("pads", {0, 0, -3, 0, 0, 0, -3, 0});
  EXPECT_THROW(read_onnx(nothing.write()), InputError);
  OnnxBuilder mirrored({-1, 3, 6, 7}, {-1, 3, 5, 7});
  mirrored.node("Pad", {"x", "pads"}, "y", "crop").text("mode", "reflect");
  mirrored.shape("pads", {0, 0, -1, 0, 0, 0, 0, 0});
  EXPECT_THAT([&] { read_onnx(mirrored.write()); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("node crop (Pad, opset 13)"), HasSubstr("mode reflect"))));
}

TEST(OnnxVariants, AMeanOverTheAxes1And2IsThatOfAnImageInNhwc) {
  for (const int keep : {0, 1}) {
    OnnxBuilder model({-1, 3, 4, 5}, keep != 0 ? std::vector{-1, 1, 1, 3} : std::vector{-1, 3});
    model.node("Relu", {"x"}, "r");
    model.node("Transpose", {"r"}, "nhwc").integers("perm", {0, 2, 3, 1});
    model.node("ReduceMean", {"nhwc"}, "y", "mean").integers("axes", {1, 2});
    model.integer("keepdims", keep);
    expect_model(model, [&](const Tensors& in) {
      Tensor mean = tests::reference(GlobalAveragePool{}, {tests::reference(Relu{}, in)});
      if (keep != 0) mean = tests::reference(Permute{{2, 3, 1}}, {mean});
      return mean;
    });
    const Network network = read_onnx(model.write());
    for (const Node& node : network.nodes) {
      EXPECT_FALSE(std::holds_alternative<Permute>(node.op)) << "the two Transposes cancel";
    }
  }
}

TEST(OnnxVariants, ASumMayHaveAConstant) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.floats("c", {1, 2, 1, 1}, {1.5F, -2.0F});
  model.node("Sum", {"c", "x"}, "y");
  expect_operator(model, ScaleShift{{2, 1, 1}, {}, {1.5F, -2.0F}});
}

TEST(OnnxVariants, AnInputThatNobodyReadsIsNone) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  OnnxBuilder::describe(*model.graph().add_input(), "spare", {-1, 7});
  model.node("Relu", {"x"}, "y");
  EXPECT_TRUE(read_onnx(model.write()).extra_inputs.empty());
  expect_operator(model, Relu{});
}

/// Shape -> Gather(0) -> Cast to float: the size of the batch.
OnnxBuilder batch_size_model() {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("Shape", {"x"}, "shape").shape("first", {0});
  model.node("Gather", {"shape", "first"}, "size");
  model.node("Cast", {"size"}, "batch").integer("to", onnx::TensorProto::FLOAT);
  return model;
}

TEST(OnnxVariants, AConstantThatFollowsFromADynamicBatchIsRefused) {
  OnnxBuilder divided = batch_size_model();
  divided.node("Div", {"x", "batch"}, "y", "scaled");
  OnnxBuilder clipped = batch_size_model();
  clipped.node("Squeeze", {"batch"}, "largest").node("Clip", {"x", "", "largest"}, "y", "scaled");
  for (const OnnxBuilder& model : {divided, clipped}) {
    EXPECT_THAT(
        [&] { read_onnx(model.write()); },
        ThrowsMessage<InputError>(AllOf(HasSubstr("node scaled"), HasSubstr("dynamic batch N"))));
  }
}

}  // namespace
}  // namespace crossloop::network
