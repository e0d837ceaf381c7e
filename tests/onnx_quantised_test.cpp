// Models with QuantizeLinear and DequantizeLinear: weights keep their scales, activations their
// rounding.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

onnx::TensorProto code_tensor(const std::string& name, int type, const std::vector<int>& dims,
                              const std::vector<int>& codes) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const int dim : dims) tensor.add_dims(dim);
  tensor.mutable_int32_data()->Assign(codes.begin(), codes.end());
  return tensor;
}

constexpr int kInt8 = onnx::TensorProto::INT8;
constexpr int kUint8 = onnx::TensorProto::UINT8;
constexpr int kInt32 = onnx::TensorProto::INT32;

/// Adds the value `name`: the dequantised codes. One scale, or one for each index of `axis`.
void add_dequantised(OnnxBuilder& model, const std::string& name, const onnx::TensorProto& codes,
                     const std::vector<float>& scales, int axis, const std::vector<int>& zeros) {
  *model.graph().add_initializer() = codes;
  const auto count = static_cast<int>(scales.size());
  const std::vector<int> dims = count == 1 ? std::vector<int>{} : std::vector<int>{count};
  model.floats(name + ".scale", dims, scales);
  *model.graph().add_initializer() = code_tensor(name + ".zero", codes.data_type(), dims, zeros);
  model.node("DequantizeLinear", {codes.name(), name + ".scale", name + ".zero"}, name);
  if (count > 1) model.integer("axis", axis);
}

/// Relu -> convolution of [2, 2, 2], its weight [2, 2, 1, 1] quantised: not on the image itself.
OnnxBuilder conv_model(const onnx::TensorProto& codes, const std::vector<float>& scales, int axis,
                       const std::vector<int>& zeros) {
  OnnxBuilder model({-1, 2, 2, 2}, {-1, 2, 2, 2});
  model.node("Relu", {"x"}, "r");
  add_dequantised(model, "w", codes, scales, axis, zeros);
  add_dequantised(model, "b", code_tensor("b.codes", kInt32, {2}, {100, -300}), {0.01F}, 0, {0});
  model.node("Conv", {"r", "w", "b"}, "y", "conv");
  return model;
}

Reference relu_then(const Conv& op) {
  return [op](const tests::Tensors& in) {
    return tests::reference(op, {tests::reference(Relu{}, in)});
  };
}

std::string refusal(const OnnxBuilder& model) {
  try {
    read_onnx(model.write());
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(OnnxQuantised, KeepsTheScalesOfWeights) {
  const auto codes = code_tensor("w.codes", kInt8, {2, 2, 1, 1}, {127, -127, 5, 0});
  const OnnxBuilder per_channel = conv_model(codes, {0.5F, 0.25F}, 0, {0, 0});
  expect_model(per_channel, relu_then({2, 2, {}, {63.5F, -63.5F, 1.25F, 0}, {1, -3}}));
  EXPECT_THAT(read_onnx(per_channel.write()).node("conv").weight_scale, ElementsAre(0.5F, 0.25F));
  const OnnxBuilder per_tensor = conv_model(codes, {0.5F}, 0, {0});
  EXPECT_THAT(read_onnx(per_tensor.write()).node("conv").weight_scale, ElementsAre(0.5F, 0.5F));
  EXPECT_THAT(written_and_read(read_onnx(per_tensor.write())).node("conv").weight_scale,
              ElementsAre(0.5F, 0.5F));
}

TEST(OnnxQuantised, FollowsTheScalesOfALinearLayerThroughItsTranspose) {
  OnnxBuilder model({-1, 2}, {-1, 3});
  model.node("Relu", {"x"}, "r");
  add_dequantised(model, "w", code_tensor("w.codes", kInt8, {3, 2}, {1, 2, 3, 4, 5, 6}), {1, 2, 3},
                  0, {0, 0, 0});
  model.node("Transpose", {"w"}, "wt").integers("perm", {1, 0});
  model.node("MatMul", {"r", "wt"}, "y", "fc");
  expect_model(model, [](const tests::Tensors& in) {
    const Linear op{2, 3, {1, 2, 6, 8, 15, 18}, {}};
    return tests::reference(op, {tests::reference(Relu{}, in)});
  });
  EXPECT_THAT(read_onnx(model.write()).node("fc").weight_scale, ElementsAre(1, 2, 3));
}

TEST(OnnxQuantised, TakesTheScalesOfAGemmAlongItsOutputs) {
  for (const int transposed : {0, 1}) {
    OnnxBuilder model({-1, 2}, {-1, 2});
    model.node("Relu", {"x"}, "r");
    add_dequantised(model, "w", code_tensor("w.codes", kInt8, {2, 2}, {1, 2, 3, 4}), {1, 2},
                    1 - transposed, {0, 0});
    model.node("Gemm", {"r", "w"}, "y", "fc").integer("transB", transposed).real("alpha", 0.5F);
    EXPECT_THAT(read_onnx(model.write()).node("fc").weight_scale, ElementsAre(0.5F, 1));
  }
}

TEST(OnnxQuantised, ReadsWeightsThatAreQuantisedInTheGraph) {
  OnnxBuilder model({-1, 2, 2, 2}, {-1, 1, 2, 2});
  model.node("Relu", {"x"}, "r").floats("w", {1, 2, 1, 1}, {0.9F, -100});
  model.floats("scale", {}, {0.5F});
  *model.graph().add_initializer() = code_tensor("zero", kInt8, {}, {0});
  model.node("QuantizeLinear", {"w", "scale", "zero"}, "codes");
  model.node("DequantizeLinear", {"codes", "scale", "zero"}, "rounded");
  model.node("Conv", {"r", "rounded"}, "y", "conv");
  EXPECT_THAT(std::get<Conv>(read_onnx(model.write()).node("conv").op).weight, ElementsAre(1, -64));
}

TEST(OnnxQuantised, LeavesTheScaleOpenOnTheImageAndBesideMinus128) {
  OnnxBuilder image({-1, 2, 2, 2}, {-1, 2, 2, 2});
  add_dequantised(image, "w", code_tensor("w.codes", kInt8, {2, 2, 1, 1}, {1, 2, 3, 4}), {0.5F}, 0,
                  {0});
  image.node("Conv", {"x", "w"}, "y", "conv");
  EXPECT_THAT(read_onnx(image.write()).node("conv").weight_scale, IsEmpty());
  const auto lowest = code_tensor("w.codes", kInt8, {2, 2, 1, 1}, {1, 2, -128, 4});
  EXPECT_THAT(read_onnx(conv_model(lowest, {0.5F}, 0, {0}).write()).node("conv").weight_scale,
              IsEmpty());
}

TEST(OnnxQuantised, ReadsOtherWeightsAsFloatsWithoutAScale) {
  const auto int8 = code_tensor("w.codes", kInt8, {2, 2, 1, 1}, {1, 2, 3, 4});
  const auto uint8 = code_tensor("w.codes", kUint8, {2, 2, 1, 1}, {1, 200, 3, 4});
  const auto expect_weight = [](const OnnxBuilder& model, const std::vector<float>& weight) {
    expect_model(model, relu_then({2, 2, {}, weight, {1, -3}}));
    EXPECT_THAT(read_onnx(model.write()).node("conv").weight_scale, IsEmpty());
  };
  expect_weight(conv_model(int8, {0.5F}, 0, {1}), {0, 0.5F, 1, 1.5F});
  expect_weight(conv_model(uint8, {0.5F}, 0, {128}), {-63.5F, 36, -62.5F, -62});
  expect_weight(conv_model(int8, {1, 2}, 1, {0, 0}), {1, 4, 3, 8});
}

/// x -> QuantizeLinear -> DequantizeLinear -> y.
OnnxBuilder activation_model(int type, int zero, float scale_after) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.floats("scale", {}, {0.02F}).floats("after", {}, {scale_after});
  *model.graph().add_initializer() = code_tensor("zero", type, {}, {zero});
  model.node("QuantizeLinear", {"x", "scale", "zero"}, "codes", "q");
  model.node("DequantizeLinear", {"codes", "after", "zero"}, "y", "dq");
  return model;
}

TEST(OnnxQuantised, RoundsActivations) {
  expect_operator(activation_model(kUint8, 100, 0.02F), Quantise{0.02F, 100, 0, 255});
  expect_operator(activation_model(kInt8, -3, 0.02F), Quantise{0.02F, -3, -128, 127});
  const Network network = read_onnx(activation_model(kInt8, 0, 0.02F).write());
  EXPECT_EQ(network.nodes.at(0).name, "q");
  EXPECT_EQ(written_and_read(network).nodes.at(0).name, "q");
}

TEST(OnnxQuantised, RefusesPairsThatDoNotMatchAndCodesReadByOthers) {
  EXPECT_THAT(refusal(activation_model(kUint8, 0, 0.03F)),
              HasSubstr("node dq (DequantizeLinear, opset 13): its scale, zero point or type"));
  OnnxBuilder codes = activation_model(kUint8, 0, 0.02F);
  codes.graph().mutable_node(1)->set_op_type("Relu");
  codes.graph().mutable_node(1)->mutable_input()->DeleteSubrange(1, 2);
  EXPECT_THAT(refusal(codes), HasSubstr("holds quantised codes"));
}

TEST(OnnxQuantised, NamesWhatComesNearestToAnIntegerOperator) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("QLinearConv", {"x"}, "y", "q");
  EXPECT_THAT(refusal(model), HasSubstr("operator QLinearConv (opset 13) is not supported; "
                                        "nearest: Conv between QuantizeLinear"));
}

}  // namespace
}  // namespace crossloop::network
