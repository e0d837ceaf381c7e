// Arithmetic of ONNX, and operators that only move elements, against the reference operators.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

using tests::build;
using tests::random_floats;
using tests::Tensor;
using tests::Tensors;

/// An image model [2, 3, 4] -> any image.
OnnxBuilder image_model(int opset = 13) {
  return OnnxBuilder({-1, 2, 3, 4}, {-1, -1, -1, -1}, opset);
}

/// Adds a further input of the graph.
void add_input(OnnxBuilder& model, const std::string& name, const std::vector<int>& dims) {
  OnnxBuilder::describe(*model.graph().add_input(), name, dims);
}

/// The reference of an operator on the first input.
Reference reference_of(const Operator& op) {
  return [op](const Tensors& inputs) { return tests::reference(op, inputs); };
}

TEST(OnnxArithmetic, BroadcastsConstantsOfEveryShape) {
  const std::vector<std::vector<int>> shapes = {{},        {1},       {4},       {3, 1},
                                                {2, 1, 1}, {1, 3, 4}, {2, 3, 4}, {1, 2, 1, 4}};
  for (const auto& dims : shapes) {
    for (const int opset : {9, 17}) {
      SCOPED_TRACE(::testing::PrintToString(dims));
      std::vector<int> aligned(3, 1);
      int size = 1;
      for (std::size_t i = 0; i < dims.size(); ++i) {
        size *= dims[i];
        if (i + 4 > dims.size()) aligned[i + 3 - dims.size()] = dims[i];
      }
      if (dims.size() == 4) aligned = {dims[1], dims[2], dims[3]};
      const Shape shape = {aligned[0], aligned[1], aligned[2]};
      const auto constant = random_floats(size, 3);
      std::vector<float> inverse = constant, negative = constant;
      for (float& value : inverse) value = 1.0F / value;
      for (float& value : negative) value = -value;
      const auto expect = [&](const std::string& type, const std::vector<std::string>& inputs,
                              const ScaleShift& op) {
        SCOPED_TRACE(type);
        OnnxBuilder model = image_model(opset);
        model.node(type, inputs, "y").floats("c", dims, constant);
        expect_operator(model, op);
      };
      expect("Add", {"x", "c"}, {shape, {}, constant});
      expect("Add", {"c", "x"}, {shape, {}, constant});
      expect("Sub", {"x", "c"}, {shape, {}, negative});
      expect("Sub", {"c", "x"}, {shape, std::vector<float>(constant.size(), -1.0F), constant});
      expect("Mul", {"c", "x"}, {shape, constant, {}});
      expect("Div", {"x", "c"}, {shape, inverse, {}});
    }
  }
}

TEST(OnnxArithmetic, JoinsAProductAndASumWithConstants) {
  OnnxBuilder model = image_model();
  model.node("Mul", {"x", "two"}, "scaled").floats("two", {}, {2});
  model.node("Add", {"scaled", "c"}, "y").floats("c", {2, 1, 1}, {1, -1});
  expect_operator(model, ScaleShift{{2, 1, 1}, {2, 2}, {1, -1}});
  EXPECT_EQ(read_onnx(model.write()).nodes.size(), 1U);
}

TEST(OnnxArithmetic, MakesABiasOfAConstantBehindAConvolution) {
  OnnxBuilder model = image_model();
  const Conv op = tests::random_conv(2, 3, {}, 1, true);
  model.node("Conv", {"x", "w"}, "c").floats("w", {3, 2, 1, 1}, op.weight);
  model.node("Add", {"c", "b"}, "y").floats("b", {1, 3, 1, 1}, op.bias);
  expect_operator(model, op);
  EXPECT_EQ(read_onnx(model.write()).nodes.size(), 1U);
}

TEST(OnnxArithmetic, KeepsApartConstantsOfDifferentShapes) {
  OnnxBuilder model = image_model();
  model.node("Mul", {"x", "f"}, "scaled").floats("f", {2, 1, 1}, {2, 3});
  model.node("Add", {"scaled", "c"}, "y").floats("c", {3, 1}, {1, -1, 5});
  expect_model(model, [](const Tensors& in) {
    const Tensor scaled = tests::reference(ScaleShift{{2, 1, 1}, {2, 3}, {}}, in);
    return tests::reference(ScaleShift{{1, 3, 1}, {}, {1, -1, 5}}, {scaled});
  });
}

TEST(OnnxArithmetic, LeavesAloneWhatSomethingElseReads) {
  OnnxBuilder model = image_model();
  const Conv op = tests::random_conv(2, 2, {}, 1, false);
  model.node("Conv", {"x", "w"}, "c").floats("w", {2, 2, 1, 1}, op.weight);
  model.node("Add", {"c", "one"}, "b").floats("one", {}, {1});
  model.node("Mul", {"b", "two"}, "d").floats("two", {}, {2}).node("Add", {"d", "one"}, "e");
  model.node("Sum", {"b", "c", "d", "e"}, "y");
  expect_model(model, [&](const Tensors& in) {
    const Tensor conv = tests::reference(op, in);
    return tests::each(conv, [](double c) { return c + (c + 1) + 2 * (c + 1) + 2 * (c + 1) + 1; });
  });
}

TEST(OnnxArithmetic, CombinesTwoActivations) {
  const auto expect = [](const std::string& type, const std::vector<std::string>& inputs,
                         const Reference& reference) {
    for (const auto& dims : std::vector<std::vector<int>>{{-1, 2, 3, 4}, {-1, 5}}) {
      OnnxBuilder model(dims, dims);
      add_input(model, "z", dims);
      model.node(type, inputs, "y");
      expect_model(model, reference);
    }
  };
  expect("Add", {"x", "z"}, reference_of(Add{}));
  expect("Mul", {"z", "x"}, reference_of(Multiply{}));
  expect("Sub", {"x", "z"}, [](const Tensors& in) {
    return build(in[0].shape,
                 [&](int c, int y, int x) { return in[0].at(c, y, x) - in[1].at(c, y, x); });
  });
  expect("Sum", {"x", "z", "x"}, [](const Tensors& in) {
    return build(in[0].shape,
                 [&](int c, int y, int x) { return 2 * in[0].at(c, y, x) + in[1].at(c, y, x); });
  });
}

TEST(OnnxArithmetic, GatesChannels) {
  for (const bool gate_first : {false, true}) {
    OnnxBuilder model = image_model();
    add_input(model, "gate", {-1, 2, 1, 1});
    model.node("Mul", {gate_first ? "gate" : "x", gate_first ? "x" : "gate"}, "y");
    expect_operator(model, Multiply{});
  }
}

TEST(OnnxArithmetic, JoinsValuesAlongEveryAxis) {
  for (const int axis : {1, 2, 3, -1, -2, -3}) {
    OnnxBuilder model = image_model();
    add_input(model, "z", {-1, 2, 3, 4});
    model.node("Concat", {"x", "z", "x"}, "y").integer("axis", axis);
    const Concat op{axis < 0 ? axis + 4 : axis};
    expect_model(model, [&](const Tensors& in) {
      return tests::reference(op, {in[0], in[1], in[0]});
    });
  }
  OnnxBuilder rows({-1, 5}, {-1, 8});
  add_input(rows, "z", {-1, 3});
  rows.node("Concat", {"x", "z"}, "y").integer("axis", -1);
  expect_operator(rows, Concat{});
}

TEST(OnnxArithmetic, JoinsConstantsOfOneValueAsPadding) {
  OnnxBuilder model({3, 2, 3, 4}, {3, 7, 3, 4});
  model.floats("front", {3, 1, 3, 4}, std::vector<float>(36, 0.5F));
  model.node("ConstantOfShape", {"shape"}, "back").shape("shape", {3, 2, 3, 4});
  model.tensor("value", OnnxBuilder::float_tensor("v", {1}, {0.5F}));
  model.node("Concat", {"front", "x", "x", "back"}, "y").integer("axis", 1);
  expect_model(model, [](const Tensors& in) {
    const Tensor both = tests::reference(Concat{1}, {in[0], in[0]});
    return tests::reference(Pad{.before = {1, 0, 0}, .after = {2, 0, 0}, .value = 0.5F}, {both});
  });
}

TEST(OnnxArithmetic, PadsByAttributesBeforeOpset11AndByInputsSince) {
  const std::vector<Pad> pads = {
      {.before = {1, 0, 2}, .after = {0, 3, 1}, .value = -0.5F},
      {.before = {0, 2, 1}, .after = {1, 0, 3}, .mode = Pad::Mode::kReflect},
      {.before = {2, 5, 0}, .after = {1, 0, 6}, .mode = Pad::Mode::kEdge}};
  const std::vector<std::string> modes = {"constant", "reflect", "edge"};
  for (std::size_t i = 0; i < pads.size(); ++i) {
    const Pad& op = pads[i];
    const std::vector<int> values = {0, op.before[0], op.before[1], op.before[2],
                                     0, op.after[0],  op.after[1],  op.after[2]};
    for (const int opset : {9, 11, 13}) {
      OnnxBuilder model = image_model(opset);
      if (opset < 11) {
        model.node("Pad", {"x"}, "y").integers("pads", values).real("value", op.value);
      } else {
        model.node("Pad", {"x", "pads", "value"}, "y").shape("pads", values);
        model.floats("value", {}, {op.value});
      }
      model.text("mode", modes[i]);
      expect_operator(model, op);
    }
  }
}

TEST(OnnxArithmetic, SlicesByAttributesBeforeOpset10AndByInputsSince) {
  for (const int opset : {9, 10, 13}) {
    OnnxBuilder model = image_model(opset);
    if (opset < 10) {
      model.node("Slice", {"x"}, "y").integers("starts", {1, -3}).integers("ends", {99, -1});
      model.integers("axes", {2, 3});
    } else {
      model.node("Slice", {"x", "starts", "ends", "axes"}, "y").shape("axes", {2, -1});
      model.shape("starts", {1, -3}).shape("ends", {99, -1});
    }
    expect_operator(model, Slice{.start = {0, 1, 1}, .count = {2, 2, 2}});
  }
}

TEST(OnnxArithmetic, SlicesInStepsAndBackwards) {
  OnnxBuilder model = image_model();
  model.node("Slice", {"x", "starts", "ends", "axes", "steps"}, "y");
  model.shape("starts", {-1, 0, 3}).shape("ends", {-9, 3, 0}).shape("axes", {1, 2, 3});
  model.shape("steps", {-1, 2, -2});
  expect_operator(model, Slice{{1, 0, 3}, {-1, 2, -2}, {2, 2, 2}});
}

TEST(OnnxArithmetic, JoinsSlicesOfSlices) {
  OnnxBuilder model = image_model();
  model.node("Slice", {"x", "one", "end", "three", "two"}, "a").shape("one", {1}).shape("end", {9});
  model.shape("three", {3}).shape("two", {2});
  model.node("Slice", {"a", "one", "end", "three"}, "b");
  model.node("Slice", {"b", "one", "end", "one"}, "y");
  expect_operator(model, Slice{{1, 0, 3}, {1, 1, 1}, {1, 3, 1}});
  EXPECT_EQ(read_onnx(model.write()).nodes.size(), 1U);
}

TEST(OnnxArithmetic, PermutesTheAxesOfAnImage) {
  for (const auto& axes :
       std::vector<std::array<int, 3>>{{1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}}) {
    OnnxBuilder model = image_model();
    model.node("Transpose", {"x"}, "y").integers("perm", {0, axes[0], axes[1], axes[2]});
    if (axes == std::array<int, 3>{3, 1, 2}) continue;  // that one is the layout of the input
    expect_operator(model, Permute{axes});
  }
}

TEST(OnnxArithmetic, CancelsInverseTransposes) {
  OnnxBuilder model = image_model();
  model.node("Transpose", {"x"}, "a").integers("perm", {0, 2, 3, 1});
  model.node("Transpose", {"a"}, "b").integers("perm", {0, 3, 1, 2});
  model.node("Relu", {"b"}, "y");
  expect_operator(model, Relu{});
  EXPECT_EQ(read_onnx(model.write()).nodes.size(), 1U);
}

TEST(OnnxArithmetic, ShufflesChannelsThroughFiveDimensions) {
  OnnxBuilder model({-1, 6, 2, 3}, {-1, 6, 2, 3});
  model.node("Reshape", {"x", "split"}, "a").shape("split", {0, 2, 3, 2, 3});
  model.node("Transpose", {"a"}, "b").integers("perm", {0, 2, 1, 3, 4});
  model.node("Reshape", {"b", "joined"}, "y").shape("joined", {0, -1, 2, 3});
  expect_model(model, [](const Tensors& in) {
    return build(in[0].shape,
                 [&](int c, int y, int x) { return in[0].at(c % 2 * 3 + c / 2, y, x); });
  });
}

TEST(OnnxArithmetic, ChangesShapes) {
  const auto reshaped = [](const Shape& shape) { return reference_of(Reshape{shape}); };
  for (const auto& target : std::vector<std::vector<int>>{{0, 4, -1, 3}, {-1, 4, 2, 3}}) {
    OnnxBuilder model = image_model();
    model.node("Reshape", {"x", "s"}, "y").shape("s", target);
    expect_model(model, reshaped({4, 2, 3}));
  }
  for (const int opset : {9, 13}) {
    OnnxBuilder model({-1, 5}, {-1, 5, 1, 1}, opset);
    opset < 13 ? model.node("Unsqueeze", {"x"}, "y").integers("axes", {2, 3})
               : model.node("Unsqueeze", {"x", "a"}, "y").shape("a", {2, -1});
    expect_model(model, reshaped({5, 1, 1}));
    OnnxBuilder back({-1, 5, 1, 1}, {-1, 5}, opset);
    opset < 13 ? back.node("Squeeze", {"x"}, "y").integers("axes", {2, 3})
               : back.node("Squeeze", {"x", "a"}, "y").shape("a", {-2, 3});
    expect_model(back, reshaped({5, 1, 1}));
  }
}

/// x / (2 + 0.5 * mean of x^2 over `size` channels)^0.75, `before` of them zeros in front.
OnnxBuilder spelled_out_lrn(int size, int before) {
  OnnxBuilder model({-1, 4, 2, 3}, {-1, 4, 2, 3});
  model.node("Mul", {"x", "x"}, "square");
  model.node("Unsqueeze", {"square", "one"}, "volume").shape("one", {1});
  model.node("Pad", {"volume", "pads"}, "padded");
  model.shape("pads", {0, 0, before, 0, 0, 0, 0, size - 1 - before, 0, 0});
  model.node("AveragePool", {"padded"}, "mean").integers("kernel_shape", {size, 1, 1});
  model.node("Squeeze", {"mean", "one"}, "flat");
  model.node("Mul", {"flat", "alpha"}, "scaled").floats("alpha", {}, {0.5F});
  model.node("Add", {"scaled", "k"}, "sum").floats("k", {}, {2});
  model.node("Pow", {"sum", "beta"}, "power").floats("beta", {}, {0.75F});
  model.node("Div", {"x", "power"}, "y", "lrn");
  return model;
}

TEST(OnnxArithmetic, NormalisesAcrossChannelsAsPyTorchSpellsItOut) {
  expect_operator(spelled_out_lrn(3, 1), Lrn{3, 0.5F, 0.75F, 2});
  expect_operator(spelled_out_lrn(2, 0), Lrn{2, 0.5F, 0.75F, 2});
}

TEST(OnnxArithmetic, RefusesToNormaliseAcrossOtherChannels) {
  for (const auto& [size, before] : {std::pair{3, 0}, std::pair{2, 1}}) {
    try {
      read_onnx(spelled_out_lrn(size, before).write());
      ADD_FAILURE() << size << " channels, " << before << " in front";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("node lrn (Div, opset 13): by a power"));
    }
  }
}

}  // namespace
}  // namespace crossloop::network
