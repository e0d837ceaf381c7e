// Layers, pools and activation functions of ONNX against the reference operators.
#include <gtest/gtest.h>

#include <limits>

#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

using tests::random_conv;
using tests::random_floats;
using tests::square;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A model of one operator between images of `channels` x 6 x 7 and images of any size.
OnnxBuilder image_model(int channels, int opset) {
  OnnxBuilder model({-1, channels, 6, 7}, {-1, -1, -1, -1}, opset);
  return model;
}

/// Attributes of `window`, and its kernel where `with_kernel`.
OnnxBuilder& add_window(OnnxBuilder& model, const Window& w) {
  model.integers("kernel_shape", {w.kernel_h, w.kernel_w});
  model.integers("strides", {w.stride_h, w.stride_w});
  return model.integers("pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
}

OnnxBuilder conv_model(const Conv& op, int opset) {
  OnnxBuilder model = image_model(op.in_channels, opset);
  const Window& w = op.window;
  std::vector<std::string> inputs = {"x", "w"};
  if (!op.bias.empty()) inputs.push_back("b");
  add_window(model.node("Conv", inputs, "y"), w);
  model.integers("dilations", {w.dilation_h, w.dilation_w}).integer("group", op.groups);
  model.floats("w", {op.out_channels, op.in_channels / op.groups, w.kernel_h, w.kernel_w},
               op.weight);
  if (!op.bias.empty()) model.floats("b", {op.out_channels}, op.bias);
  return model;
}

TEST(OnnxOperator, ConvolvesInGroupsWithStrideDilationAndAsymmetricPadding) {
  for (const int groups : {1, 2, 4}) {
    for (const int opset : {9, 11, 13, 17}) {
      SCOPED_TRACE(std::to_string(groups) + " groups, opset " + std::to_string(opset));
      const Window window = {.kernel_h = 3,
                             .kernel_w = 2,
                             .stride_h = 2,
                             .pad_top = 2,
                             .pad_left = 0,
                             .pad_bottom = 1,
                             .pad_right = 3,
                             .dilation_h = 1,
                             .dilation_w = 2};
      const Conv op = random_conv(4, 8, window, groups, opset != 11);
      expect_operator(conv_model(op, opset), op);
    }
  }
}

TEST(OnnxOperator, PadsAConvolutionAutomatically) {
  const auto with_padding = [](const std::string& mode, Conv op) {
    OnnxBuilder model = image_model(2, 13);
    model.node("Conv", {"x", "w"}, "y").text("auto_pad", mode).integers("strides", {2, 3});
    model.integers("dilations", {2, 1}).floats("w", {2, 2, 3, 3}, op.weight);
    expect_operator(model, op);
  };
  // 6 rows, extent 5, stride 2: 3 rows padded; 7 columns, extent 3, stride 3: 2 columns padded.
  Conv op = random_conv(2, 2, square(3), 1, false);
  op.window.stride_h = 2;
  op.window.stride_w = 3;
  op.window.dilation_h = 2;
  with_padding("VALID", op);
  op.window.pad_left = op.window.pad_right = 1;
  op.window.pad_top = 1;
  op.window.pad_bottom = 2;
  with_padding("SAME_UPPER", op);
  std::swap(op.window.pad_top, op.window.pad_bottom);
  with_padding("SAME_LOWER", op);
}

TEST(OnnxOperator, ScalesAGemm) {
  for (const int opset : {9, 11, 13}) {
    for (const int transposed : {0, 1}) {
      OnnxBuilder model({-1, 3}, {-1, 2}, opset);
      model.node("Gemm", {"x", "w", "b"}, "y").real("alpha", 0.5F).real("beta", -2.0F);
      model.integer("transB", transposed).floats("b", {1, 2}, {1, 2});
      transposed ? model.floats("w", {2, 3}, {2, 4, 6, 8, 10, 12})
                 : model.floats("w", {3, 2}, {2, 8, 4, 10, 6, 12});
      expect_operator(model, Linear{3, 2, {1, 2, 3, 4, 5, 6}, {-2, -4}});
    }
  }
}

TEST(OnnxOperator, NormalisesABatchOfImagesOrRows) {
  const BatchNorm op{0.25F, {1, -2}, {0.5F, 0}, {1, 2}, {0, 3}};
  for (const int opset : {9, 13, 14, 15}) {
    for (const auto& dims : std::vector<std::vector<int>>{{-1, 2, 3, 4}, {-1, 2}}) {
      OnnxBuilder model(dims, dims, opset);
      model.node("BatchNormalization", {"x", "g", "b", "m", "v"}, "y").real("epsilon", 0.25F);
      model.floats("g", {2}, op.gamma).floats("b", {2}, op.beta);
      model.floats("m", {2}, op.mean).floats("v", {2}, op.variance);
      expect_operator(model, op);
    }
  }
}

/// `op` on images and on rows, at the given opset; `add` adds attributes and inputs.
void expect_activation(
    const std::string& type, int opset, const Operator& op,
    const std::function<void(OnnxBuilder&)>& add = [](OnnxBuilder&) {}) {
  SCOPED_TRACE(type + ", opset " + std::to_string(opset));
  for (const auto& dims : std::vector<std::vector<int>>{{-1, 3, 4, 5}, {-1, 6}}) {
    OnnxBuilder model(dims, dims, opset);
    model.node(type, {"x"}, "y");
    add(model);
    expect_operator(model, op);
  }
}

TEST(OnnxOperator, AppliesActivationFunctions) {
  for (const int opset : {9, 11, 13, 17}) {
    expect_activation("Relu", opset, Relu{});
    expect_activation("Sigmoid", opset, Sigmoid{});
    expect_activation("LeakyRelu", opset, LeakyRelu{0.01F});
    expect_activation("LeakyRelu", opset, LeakyRelu{-0.5F},
                      [](OnnxBuilder& model) { model.real("alpha", -0.5F); });
    expect_activation("HardSigmoid", opset, HardSigmoid{0.2F, 0.5F});
    expect_activation("HardSigmoid", opset, HardSigmoid{0.3F, 0.25F},
                      [](OnnxBuilder& model) { model.real("alpha", 0.3F).real("beta", 0.25F); });
  }
  expect_activation("HardSwish", 14, HardSwish{});
  expect_activation("HardSwish", 17, HardSwish{});
}

TEST(OnnxOperator, ClipsByAttributesBeforeOpset11AndByInputsSince) {
  for (const int opset : {9, 10}) {
    expect_activation("Clip", opset, Clip{});
    expect_activation("Clip", opset, Clip{-1, 2},
                      [](OnnxBuilder& model) { model.real("min", -1).real("max", 2); });
    expect_activation("Clip", opset, Clip{.high = 2},
                      [](OnnxBuilder& model) { model.real("max", 2); });
  }
  const auto with_inputs = [](const std::string& low, const std::string& high) {
    return [=](OnnxBuilder& model) {
      onnx::NodeProto& node = *model.graph().mutable_node(0);
      node.add_input(low);
      if (!high.empty()) node.add_input(high);
      if (!low.empty()) model.floats(low, {}, {-1});
      if (!high.empty()) model.floats(high, {}, {2});
    };
  };
  for (const int opset : {11, 12, 13, 17}) {
    expect_activation("Clip", opset, Clip{-1, 2}, with_inputs("low", "high"));
    expect_activation("Clip", opset, Clip{-1, kInfinity}, with_inputs("low", ""));
    expect_activation("Clip", opset, Clip{-kInfinity, 2}, with_inputs("", "high"));
  }
}

TEST(OnnxOperator, TakesTheAxesOfASoftmaxTogetherBeforeOpset13) {
  for (const int axis : {1, 2, 3}) {
    for (const int opset : {9, 12, 13, 17}) {
      OnnxBuilder model({-1, 3, 4, 2}, {-1, 3, 4, 2}, opset);
      model.node("Softmax", {"x"}, "y").integer("axis", opset < 11 ? axis : axis - 4);
      expect_operator(model, Softmax{axis, opset < 13 ? 3 : axis});
    }
  }
  for (const int opset : {9, 13}) {
    OnnxBuilder model({-1, 5}, {-1, 5}, opset);
    model.node("Softmax", {"x"}, "y");
    expect_operator(model, Softmax{});
  }
}

const std::vector<Window> kPoolWindows = {
    {.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 2},
    {.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 3, .pad_top = 1, .pad_right = 2},
    {.kernel_h = 2, .kernel_w = 4, .stride_h = 3, .stride_w = 2, .pad_left = 1, .pad_bottom = 1},
};

TEST(OnnxOperator, PoolsTheLargest) {
  for (Window window : kPoolWindows) {
    for (const int opset : {9, 10, 12, 17}) {
      OnnxBuilder plain = image_model(2, opset);
      add_window(plain.node("MaxPool", {"x"}, "y"), window);
      expect_operator(plain, MaxPool{window});
      if (opset < 10) continue;  // ceil_mode and dilations came with 10
      Window wide = window;
      wide.ceil_mode = true;
      wide.dilation_h = 2;
      OnnxBuilder model = image_model(2, opset);
      add_window(model.node("MaxPool", {"x"}, "y"), wide);
      model.integer("ceil_mode", 1).integers("dilations", {2, 1});
      expect_operator(model, MaxPool{wide});
    }
  }
}

TEST(OnnxOperator, PoolsTheMean) {
  for (Window window : kPoolWindows) {
    for (const int include : {0, 1}) {
      for (const int opset : {9, 10, 11, 17}) {
        window.ceil_mode = opset > 10;
        OnnxBuilder model = image_model(2, opset);
        add_window(model.node("AveragePool", {"x"}, "y"), window);
        model.integer("count_include_pad", include);
        if (window.ceil_mode) model.integer("ceil_mode", 1);
        expect_operator(model, AveragePool{window, include == 1});
      }
    }
  }
}

TEST(OnnxOperator, PadsAPoolAutomatically) {
  OnnxBuilder model = image_model(2, 11);
  model.node("MaxPool", {"x"}, "y").integers("kernel_shape", {3, 3}).text("auto_pad", "SAME_LOWER");
  model.integers("strides", {2, 2});
  Window window = square(3, 2);
  window.pad_top = window.pad_left = window.pad_right = 1;
  expect_operator(model, MaxPool{window});
}

TEST(OnnxOperator, PoolsWholeImages) {
  for (const int opset : {9, 17}) {
    OnnxBuilder mean = image_model(3, opset);
    mean.node("GlobalAveragePool", {"x"}, "y");
    expect_operator(mean, GlobalAveragePool{});
    OnnxBuilder largest = image_model(3, opset);
    largest.node("GlobalMaxPool", {"x"}, "y");
    expect_operator(largest, GlobalMaxPool{});
  }
}

TEST(OnnxOperator, NormalisesAcrossChannels) {
  for (const int size : {1, 4, 5}) {
    OnnxBuilder model = image_model(7, 13);
    model.node("LRN", {"x"}, "y").integer("size", size).real("alpha", 0.5F);
    model.real("beta", 0.6F).real("bias", 2.0F);
    expect_operator(model, Lrn{size, 0.5F, 0.6F, 2.0F});
  }
  OnnxBuilder defaults = image_model(7, 9);
  defaults.node("LRN", {"x"}, "y").integer("size", 3);
  expect_operator(defaults, Lrn{.size = 3});
}

TEST(OnnxOperator, TakesTheMeanOverRowsOrColumns) {
  const auto mean_over = [](std::vector<int> axes, int keep, const Operator& op) {
    std::vector<int> output = {-1, 3, 6, 7};
    for (const int axis : axes) output[static_cast<std::size_t>((axis + 4) % 4)] = 1;
    if (!keep && axes.size() == 2) output.resize(2);
    OnnxBuilder model({-1, 3, 6, 7}, output);
    model.node("ReduceMean", {"x"}, "y").integers("axes", axes).integer("keepdims", keep);
    expect_operator(model, op);
  };
  for (const int keep : {0, 1}) {
    mean_over({2, 3}, keep, GlobalAveragePool{});
    mean_over({-1, -2}, keep, GlobalAveragePool{});
  }
  mean_over({2}, 1, AveragePool{{.kernel_h = 6}});
  mean_over({-1}, 1, AveragePool{{.kernel_w = 7}});
}

TEST(OnnxOperator, TakesTheMeanOfTheColumnsAndThenOfTheRows) {
  OnnxBuilder model({-1, 3, 6, 7}, {-1, 3});
  model.node("ReduceMean", {"x"}, "rows").integers("axes", {3}).integer("keepdims", 0);
  model.node("ReduceMean", {"rows"}, "y").integers("axes", {2}).integer("keepdims", 0);
  expect_operator(model, GlobalAveragePool{});
}

}  // namespace
}  // namespace crossloop::network
