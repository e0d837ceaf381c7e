#include "host/network/onnx_file.hpp"

#include <gmock/gmock.h>
#include <onnx/checker.h>

#include <cmath>

#include "host/files.hpp"
#include "host/network/executor.hpp"
#include "host/network/zoo.hpp"
#include "tests/onnx_builder.hpp"

namespace crossloop::network {
namespace {

using Floats = std::vector<float>;

/// The bytes of every parameter and every name: equal only if nothing was rounded or lost.
void expect_same(const Network& found, const Network& expected) {
  EXPECT_EQ(found.name, expected.name);
  EXPECT_EQ(found.input_name, expected.input_name);
  EXPECT_EQ(found.output_name, expected.output_name);
  EXPECT_EQ(found.input_shape, expected.input_shape);
  EXPECT_EQ(found.normalisation.mean, expected.normalisation.mean);
  EXPECT_EQ(found.normalisation.std, expected.normalisation.std);
  EXPECT_EQ(found.metadata, expected.metadata);
  ASSERT_EQ(found.nodes.size(), expected.nodes.size());
  for (std::size_t i = 0; i < found.nodes.size(); ++i) {
    const Node& a = found.nodes[i];
    const Node& b = expected.nodes[i];
    SCOPED_TRACE(b.name);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.inputs, b.inputs);
    EXPECT_EQ(a.output, b.output);
    EXPECT_EQ(a.weight_scale, b.weight_scale);
    ASSERT_EQ(a.op.index(), b.op.index());
    if (const auto* conv = std::get_if<Conv>(&a.op)) {
      const auto& other = std::get<Conv>(b.op);
      EXPECT_EQ(conv->window, other.window);
      EXPECT_EQ(conv->weight, other.weight);
      EXPECT_EQ(conv->bias, other.bias);
    } else if (const auto* linear = std::get_if<Linear>(&a.op)) {
      EXPECT_EQ(linear->weight, std::get<Linear>(b.op).weight);
      EXPECT_EQ(linear->bias, std::get<Linear>(b.op).bias);
    } else if (const auto* norm = std::get_if<BatchNorm>(&a.op)) {
      const auto& other = std::get<BatchNorm>(b.op);
      EXPECT_EQ(norm->epsilon, other.epsilon);
      EXPECT_EQ(norm->gamma, other.gamma);
      EXPECT_EQ(norm->beta, other.beta);
      EXPECT_EQ(norm->mean, other.mean);
      EXPECT_EQ(norm->variance, other.variance);
    } else if (const auto* pool = std::get_if<MaxPool>(&a.op)) {
      EXPECT_EQ(pool->window, std::get<MaxPool>(b.op).window);
    } else if (const auto* average = std::get_if<AveragePool>(&a.op)) {
      EXPECT_EQ(average->window, std::get<AveragePool>(b.op).window);
      EXPECT_EQ(average->count_include_pad, std::get<AveragePool>(b.op).count_include_pad);
    }
  }
}

Network round_trip(const Network& network) {
  const auto path = temporary_model();
  write_onnx(network, path);
  return read_onnx(path);
}

TEST(OnnxFile, RoundTripKeepsEverythingExactly) {
  Network network = make_network("resnet8", {3, 32, 32}, 10, 1);
  network.normalisation = {.mean = {0.1F, 1.0F / 3.0F, 0.4465F}, .std = {0.2F, 0.7F, 1e-8F}};
  network.metadata = {{"classes", "a,b"}, {"pruning.method", "magnitude \"x\"\n"}};
  network.node("conv1").weight_scale = Floats(16, 1.0F / 127.0F);
  network.node("conv1").weight_scale[3] = std::nextafterf(0.01F, 1.0F);
  network.node("fc").weight_scale = Floats(10, 1e-38F);
  auto& norm = std::get<BatchNorm>(network.node("bn1").op);
  norm.epsilon = 0.00123F;
  norm.gamma[2] = -0.0F;
  std::get<Conv>(network.node("block1.conv1").op).weight[5] = 0.0F;
  expect_same(round_trip(network), network);
}

TEST(OnnxFile, RoundTripKeepsEveryWindow) {
  Network network = make_network("vgg8", {3, 32, 32}, 10, 1);
  std::get<Conv>(network.node("conv1").op).bias = Floats(32, 0.5F);
  std::get<Conv>(network.node("conv1").op).window = {.kernel_h = 3,
                                                     .kernel_w = 3,
                                                     .stride_w = 2,
                                                     .pad_top = 2,
                                                     .pad_left = 7,
                                                     .pad_bottom = 1,
                                                     .pad_right = 30,
                                                     .dilation_h = 2,
                                                     .dilation_w = 3};
  Network pools = network;
  pools.nodes.resize(3);
  const Window w{
      .kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 3, .pad_top = 1, .pad_right = 1};
  pools.nodes.push_back({"max", MaxPool{w}, {"relu1"}, "max", {}});
  pools.nodes.push_back({"mean", AveragePool{w, true}, {"max"}, "mean", {}});
  pools.nodes.push_back({"plain", AveragePool{w, false}, {"mean"}, "plain", {}});
  pools.output_name = "plain";
  expect_same(round_trip(pools), pools);
}

TEST(OnnxFile, WritesTheSameBytesAgain) {
  const Network network = make_network("resnet8", {3, 32, 32}, 10, 1);
  const auto first = temporary_model();
  const auto second = temporary_model();
  write_onnx(network, first);
  write_onnx(read_onnx(first), second);
  EXPECT_EQ(read_file(first), read_file(second));
}

TEST(OnnxFile, WritesWhatTheCheckerPassesWithANamedBatch) {
  const auto path = temporary_model();
  write_onnx(make_network("resnet20", {3, 32, 32}, 10, 1), path);
  const auto bytes = read_file(path);
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  EXPECT_NO_THROW(onnx::checker::check_model(model));
  EXPECT_EQ(model.opset_import(0).version(), 13);
  EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_param(), "N");
  EXPECT_EQ(model.graph().output(0).type().tensor_type().shape().dim_size(), 2);
}

TEST(OnnxFile, FlattensBeforeALinearLayerWhereTheNetworkDoesNot) {
  Network network;
  network.name = "short";
  network.input_shape = {2, 2, 2};
  network.output_name = "fc";
  network.nodes = {{"pool", GlobalAveragePool{}, {"input"}, "pool", {}},
                   {"fc",
                    Linear{.in_features = 2, .out_features = 1, .weight = {1, 2}, .bias = {}},
                    {"pool"},
                    "fc",
                    {}}};
  const Network back = round_trip(network);
  const Floats x = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(run(back, x, 1), run(network, x, 1));
  EXPECT_EQ(back.nodes.at(1).name, "fc.flatten");
}

TEST(OnnxFile, KeepsAFlatInput) {
  Network network;
  network.name = "flat";
  network.input_shape = {2, 1, 1};
  network.output_name = "fc";
  network.nodes = {{"fc",
                    Linear{.in_features = 2, .out_features = 1, .weight = {1, 2}, .bias = {}},
                    {"input"},
                    "fc",
                    {}}};
  expect_same(round_trip(network), network);
}

Floats import_and_run(const OnnxBuilder& builder, const Floats& input, int batch = 1) {
  return run(read_onnx(builder.write()), input, batch);
}

TEST(OnnxImport, ReadsEveryOpsetFrom9To17) {
  for (int opset = 9; opset <= 17; ++opset) {
    SCOPED_TRACE(opset);
    OnnxBuilder model({-1, 1, 1, 2}, {-1, 1, 1, 2}, opset);
    model.node("Conv", {"x", "w"}, "c").floats("w", {1, 1, 1, 1}, {2});
    model.node("BatchNormalization", {"c", "s", "b", "m", "v"}, "n").real("epsilon", 0.0F);
    model.floats("s", {1}, {1}).floats("b", {1}, {1}).floats("m", {1}, {0}).floats("v", {1}, {4});
    model.node("Relu", {"n"}, "y");
    EXPECT_EQ(import_and_run(model, {3, -3}), (Floats{4, 0}));
  }
}

TEST(OnnxImport, NamesNodesAfterTheirOutputsWhereTheyHaveNone) {
  OnnxBuilder model({-1, 1, 1, 2}, {-1, 1, 1, 2});
  model.node("Relu", {"x"}, "a", "same").node("Relu", {"a"}, "b", "same").node("Relu", {"b"}, "y");
  const Network network = read_onnx(model.write());
  EXPECT_EQ(network.nodes[0].name, "same");
  EXPECT_EQ(network.nodes[1].name, "same_2");
  EXPECT_EQ(network.nodes[2].name, "y");
}

TEST(OnnxImport, MakesALinearLayerOfGemmEitherWayRound) {
  for (const int transposed : {0, 1}) {
    OnnxBuilder model({-1, 2}, {-1, 3});
    model.node("Gemm", {"x", "w", "b"}, "y").integer("transB", transposed).floats("b", {1}, {1});
    transposed ? model.floats("w", {3, 2}, {1, 4, 2, 5, 3, 6})
               : model.floats("w", {2, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(import_and_run(model, {1, 10}), (Floats{42, 53, 64}));
  }
}

TEST(OnnxImport, FusesMatMulAndTheAddBehindIt) {
  for (const bool bias_first : {false, true}) {
    OnnxBuilder model({-1, 2}, {-1, 2});
    model.node("MatMul", {"x", "w"}, "product", "fc").floats("w", {2, 2}, {1, 2, 3, 4});
    model.node("Add",
               bias_first ? std::vector<std::string>{"b", "product"}
                          : std::vector<std::string>{"product", "b"},
               "sum");
    model.floats("b", {2}, {100, 200}).node("Relu", {"sum"}, "y");
    const Network network = read_onnx(model.write());
    ASSERT_EQ(network.nodes.size(), 2U);
    EXPECT_EQ(network.nodes[0].name, "fc");
    EXPECT_EQ(run(network, Floats{1, 10, 0, 1}, 2), (Floats{131, 242, 103, 204}));
  }
}

TEST(OnnxImport, ReadsPoolsWithTheirPadding) {
  OnnxBuilder model({-1, 1, 1, 3}, {-1, 1, 1, 2});
  model.node("MaxPool", {"x"}, "m").integers("kernel_shape", {1, 1});
  model.node("AveragePool", {"m"}, "y").integers("kernel_shape", {1, 2});
  model.integers("pads", {0, 1, 0, 0}).integers("strides", {1, 2}).integer("count_include_pad", 1);
  EXPECT_EQ(import_and_run(model, {2, 4, 6}), (Floats{1, 5}));
}

TEST(OnnxImport, ResolvesAutomaticPadding) {
  // Size 4, kernel 3, stride 2: one column of padding, behind or in front.
  const auto run_with = [](const std::string& mode, int columns) {
    OnnxBuilder model({-1, 1, 1, 4}, {-1, 1, 1, columns});
    model.node("Conv", {"x", "w"}, "y").floats("w", {1, 1, 1, 3}, {100, 10, 1});
    model.integers("strides", {1, 2}).text("auto_pad", mode);
    return import_and_run(model, {1, 2, 3, 4});
  };
  EXPECT_EQ(run_with("SAME_UPPER", 2), (Floats{123, 340}));
  EXPECT_EQ(run_with("SAME_LOWER", 2), (Floats{12, 234}));
  EXPECT_EQ(run_with("VALID", 1), (Floats{123}));
}

TEST(OnnxImport, ReadsReduceMeanOverThePixelsAsAPool) {
  for (const int keep : {0, 1}) {
    OnnxBuilder model({-1, 1, 2, 2},
                      keep ? std::vector<int>{-1, 1, 1, 1} : std::vector<int>{-1, 1});
    model.node("ReduceMean", {"x"}, "y", "mean")
        .integers("axes", {-1, 2})
        .integer("keepdims", keep);
    const Network network = read_onnx(model.write());
    EXPECT_EQ(network.nodes.size(), keep ? 1U : 2U);
    EXPECT_EQ(run(network, Floats{1, 2, 3, 6}, 1), (Floats{3}));
  }
}

TEST(OnnxImport, ReadsAReshapeToRowsAsFlatten) {
  for (const auto& target : std::vector<std::vector<int>>{{0, -1}, {-1, 4}, {0, 4}}) {
    OnnxBuilder model({-1, 1, 2, 2}, {-1, 4});
    model.node("Constant", {}, "shape").tensor("value", OnnxBuilder::shape_tensor("t", target));
    model.node("Reshape", {"x", "shape"}, "y");
    const Network network = read_onnx(model.write());
    ASSERT_EQ(network.nodes.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Flatten>(network.nodes[0].op));
  }
}

TEST(OnnxImport, PassesThroughIdentityAndDropout) {
  OnnxBuilder model({-1, 1, 1, 2}, {-1, 1, 1, 2});
  model.node("Constant", {}, "v")
      .tensor("value", OnnxBuilder::float_tensor("t", {1, 1, 1, 1}, {2}));
  model.node("Identity", {"v"}, "w").node("Dropout", {"x"}, "d").node("Conv", {"d", "w"}, "c");
  model.node("Identity", {"c"}, "y");
  const Network network = read_onnx(model.write());
  ASSERT_EQ(network.nodes.size(), 1U);
  EXPECT_EQ(network.output_name, "c");
  EXPECT_EQ(run(network, Floats{1, 3}, 1), (Floats{2, 6}));
}

TEST(OnnxImport, AcceptsAFixedBatchAndInitializersListedAsInputs) {
  OnnxBuilder model({8, 1, 1, 2}, {8, 2}, 9);
  model.node("Conv", {"x", "w"}, "c").floats("w", {1, 1, 1, 1}, {2});
  OnnxBuilder::describe(*model.graph().add_input(), "w", {1, 1, 1, 1});
  model.node("Reshape", {"c", "s"}, "y").shape("s", {8, -1});
  EXPECT_EQ(import_and_run(model, {1, 3}), (Floats{2, 6}));
}

}  // namespace
}  // namespace crossloop::network
