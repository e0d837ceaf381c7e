// Graphs as exporters leave them: batches, layouts, further inputs, shape arithmetic, and what a
// model carries beside its graph.
#include <gmock/gmock.h>

#include "host/error.hpp"
#include "host/files.hpp"
#include "tests/onnx_checks.hpp"

namespace crossloop::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using tests::Tensors;

onnx::ModelProto parse(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return model;
}

onnx::ModelProto written(const Network& network) {
  const auto path = temporary_model();
  write_onnx(network, path);
  return parse(path);
}

std::vector<std::int64_t> dims_of(const onnx::ValueInfoProto& value) {
  std::vector<std::int64_t> dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) dims.push_back(dim.dim_value());
  return dims;
}

Reference flatten() {
  return [](const Tensors& in) { return tests::reference(Flatten{}, in); };
}

/// x.view(x.size(0), -1) as PyTorch leaves it, for a batch of `batch`; -1 is a dynamic one.
OnnxBuilder view_model(int batch, int opset) {
  OnnxBuilder model({batch, 2, 3, 4}, {batch, 24}, opset);
  model.node("Shape", {"x"}, "shape");
  model.node("Constant", {}, "zero").tensor("value", [] {
    onnx::TensorProto zero = OnnxBuilder::shape_tensor("z", {0});
    zero.clear_dims();
    return zero;
  }());
  model.node("Gather", {"shape", "zero"}, "size").integer("axis", 0);
  if (opset < 13) {
    model.node("Unsqueeze", {"size"}, "rows").integers("axes", {0});
  } else {
    model.node("Unsqueeze", {"size", "axis"}, "rows").shape("axis", {0});
  }
  model.node("Concat", {"rows", "rest"}, "target").integer("axis", 0).shape("rest", {-1});
  model.node("Reshape", {"x", "target"}, "y");
  return model;
}

TEST(OnnxGraph, FollowsTheBatchThroughShapeArithmetic) {
  for (const int batch : {-1, 1, 5}) {
    for (const int opset : {9, 13, 17}) expect_model(view_model(batch, opset), flatten());
  }
}

TEST(OnnxGraph, SqueezesEverythingButADynamicBatch) {
  OnnxBuilder model({-1, 2, 1, 1}, {-1, 2});
  model.node("Squeeze", {"x"}, "y");
  expect_model(model, flatten());
}

TEST(OnnxGraph, ComputesWithShapes) {
  // [N, 2 * (H - 1), (W + 2) / 3 * C / 2, 3] of [N, 2, 3, 4]: Slice, Sub, Add, Div, Mul, Cast,
  // Range.
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 4, 2, 3});
  model.node("Shape", {"x"}, "shape");
  model.shape("one", {1}).shape("two", {2}).shape("three", {3}).shape("four", {4});
  model.node("Slice", {"shape", "one", "two"}, "c").node("Slice", {"shape", "two", "three"}, "h");
  model.node("Slice", {"shape", "three", "four"}, "w").node("Sub", {"h", "one"}, "h1");
  model.node("Mul", {"h1", "two"}, "a").node("Add", {"w", "two"}, "w2");
  model.node("Div", {"w2", "three"}, "third").node("Mul", {"third", "c"}, "third_c");
  model.node("Div", {"third_c", "four"}, "b");
  model.node("Cast", {"three"}, "f").integer("to", onnx::TensorProto::FLOAT);
  model.node("Cast", {"f"}, "d").integer("to", onnx::TensorProto::INT64);
  model.node("Slice", {"shape", "zero", "one"}, "n").shape("zero", {0});
  model.node("Squeeze", {"d"}, "limit").node("Squeeze", {"two"}, "start");
  model.node("Squeeze", {"one"}, "step").node("Range", {"start", "limit", "step"}, "range");
  model.node("Mul", {"range", "b"}, "b2").node("Concat", {"n", "a", "b2", "d"}, "target");
  model.integer("axis", 0).node("Reshape", {"x", "target"}, "y");
  expect_model(model, [](const Tensors& in) { return tests::reference(Reshape{{4, 2, 3}}, in); });
}

TEST(OnnxGraph, ReadsShapesTracedWithOneImageForAnyBatch) {
  OnnxBuilder model({1, 2, 3, 4}, {1, 24});
  model.node("Reshape", {"x", "to"}, "y").shape("to", {1, -1});
  expect_model(model, flatten());
}

TEST(OnnxGraph, RefusesToMixTheImagesOfADynamicBatch) {
  OnnxBuilder traced({-1, 2, 3, 4}, {-1, -1});
  traced.node("Reshape", {"x", "to"}, "y").shape("to", {1, -1});
  EXPECT_THROW(read_onnx(traced.write()), InputError);
  OnnxBuilder flat({-1, 2, 3, 4}, {-1, -1});
  flat.node("Flatten", {"x"}, "y").integer("axis", 0);
  EXPECT_THROW(read_onnx(flat.write()), InputError);
  OnnxBuilder cut({-1, 2, 3, 4}, {-1, 2, 3, 4});
  cut.node("Slice", {"x", "from", "to", "axis"}, "y");
  cut.shape("from", {0}).shape("to", {1}).shape("axis", {0});
  EXPECT_THROW(read_onnx(cut.write()), InputError);
}

TEST(OnnxGraph, RefusesToComputeWithADynamicBatch) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("Shape", {"x"}, "s").node("Gather", {"s", "first"}, "n").shape("first", {0});
  model.node("Cast", {"n"}, "f").integer("to", onnx::TensorProto::FLOAT);
  model.node("Div", {"x", "f"}, "y", "mean");
  try {
    read_onnx(model.write());
    FAIL() << "expected an InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("node mean"));
    EXPECT_THAT(error.what(), HasSubstr("dynamic batch N"));
  }
}

TEST(OnnxGraph, TakesTheBranchItsShapesDecide) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("Shape", {"x"}, "shape").shape("one", {1}).shape("two", {2});
  model.node("Gather", {"shape", "one"}, "channels");
  model.node("Equal", {"channels", "two"}, "is_two").node("If", {"is_two"}, "y");
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnx::AttributeProto& attribute = *model.graph().mutable_node(3)->add_attribute();
    attribute.set_name(branch);
    attribute.set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto& graph = *attribute.mutable_g();
    graph.set_name(branch);
    onnx::NodeProto& node = *graph.add_node();
    node.set_op_type(branch == std::string("then_branch") ? "Relu" : "Sigmoid");
    node.add_input("x");
    node.add_output(std::string(branch) + ".y");
    OnnxBuilder::describe(*graph.add_output(), node.output(0), {-1, 2, 3, 4});
  }
  expect_operator(model, Relu{});
}

TEST(OnnxGraph, ReadsConstantsOfEveryKind) {
  OnnxBuilder model({-1, 2}, {-1, 2});
  model.node("Constant", {}, "a").real("value_float", 2);
  model.node("Constant", {}, "b");
  onnx::AttributeProto& list = *model.graph().mutable_node(1)->add_attribute();
  list.set_name("value_floats");
  list.set_type(onnx::AttributeProto::FLOATS);
  list.add_floats(1);
  list.add_floats(-1);
  model.node("Constant", {}, "c").integer("value_int", 0);
  model.node("Constant", {}, "d").integers("value_ints", {1});
  model.node("Unsqueeze", {"c", "zero"}, "c1").shape("zero", {0});
  model.node("Concat", {"c1", "minus"}, "target").integer("axis", 0).shape("minus", {-1});
  model.node("Unsqueeze", {"b", "c1"}, "b2").node("Squeeze", {"b2", "c1"}, "b1");
  model.node("Mul", {"x", "a"}, "p").node("Add", {"p", "b1"}, "q");
  model.node("Unsqueeze", {"q", "d"}, "u").node("Reshape", {"u", "target"}, "y");
  expect_operator(model, ScaleShift{{2, 1, 1}, {2, 2}, {1, -1}});
}

TEST(OnnxGraph, ReadsDropoutAndTheUnreadMaskOfAPool) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("MaxPool", {"x"}, "m").integers("kernel_shape", {1, 1});
  model.graph().mutable_node(0)->add_output("indices");
  model.node("Dropout", {"m", "ratio", "training"}, "d").floats("ratio", {}, {0.5F});
  onnx::TensorProto& mode = *model.graph().add_initializer();
  mode.set_name("training");
  mode.set_data_type(onnx::TensorProto::BOOL);
  mode.add_int32_data(0);
  model.node("Cast", {"d"}, "f").integer("to", onnx::TensorProto::FLOAT).node("Relu", {"f"}, "y");
  expect_operator(model, Relu{});
}

TEST(OnnxGraph, ReadsAnImageThatLiesAsNhwc) {
  OnnxBuilder model({-1, 3, 4, 2}, {-1, 2, 3, 4});
  model.node("Transpose", {"x"}, "t").integers("perm", {0, 3, 1, 2}).node("Relu", {"t"}, "y");
  const Network network = read_onnx(model.write());
  EXPECT_EQ(network.input_layout, InputLayout::kNhwc);
  EXPECT_EQ(network.input_shape, (Shape{2, 3, 4}));
  EXPECT_EQ(network.nodes.size(), 1U);
  expect_operator(model, Relu{});
  const onnx::ModelProto again = written(network);
  EXPECT_THAT(dims_of(again.graph().input(0)), ElementsAre(0, 3, 4, 2));
  EXPECT_EQ(written_and_read(network).input_layout, InputLayout::kNhwc);
}

TEST(OnnxGraph, RefusesALayoutItsGraphDoesNotHave) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("Relu", {"x"}, "y");
  auto& entry = *model.model().add_metadata_props();
  entry.set_key("crossloop.layout");
  entry.set_value("NHWC");
  try {
    read_onnx(model.write());
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("crossloop.layout is \"NHWC\", its graph reads NCHW"));
  }
}

TEST(OnnxGraph, KeepsFurtherInputsAndTheRanksOfAll) {
  OnnxBuilder model({-1, 2, 1, 1}, {-1, 2});
  OnnxBuilder::describe(*model.graph().add_input(), "rows", {-1, 2});
  model.node("Flatten", {"x"}, "f").node("Add", {"f", "rows"}, "y");
  expect_operator(model, Add{});
  const Network network = read_onnx(model.write());
  ASSERT_EQ(network.extra_inputs.size(), 1U);
  EXPECT_EQ(network.extra_inputs[0].name, "rows");
  const onnx::ModelProto again = written(network);
  EXPECT_EQ(dims_of(again.graph().input(0)).size(), 4U);
  EXPECT_EQ(dims_of(again.graph().input(1)).size(), 2U);
  EXPECT_EQ(dims_of(again.graph().output(0)).size(), 2U);
}

TEST(OnnxGraph, KeepsTheRankOfAnOutputOfOnePixel) {
  for (const int rank : {2, 4}) {
    std::vector<int> dims = {-1, 2, 1, 1};
    dims.resize(static_cast<std::size_t>(rank));
    OnnxBuilder model({-1, 2, 3, 4}, dims);
    model.node("GlobalAveragePool", {"x"}, rank == 4 ? "y" : "p");
    if (rank == 2) model.node("Flatten", {"p"}, "y");
    const onnx::ModelProto again = written(read_onnx(model.write()));
    EXPECT_EQ(dims_of(again.graph().output(0)).size(), static_cast<std::size_t>(rank));
  }
}

TEST(OnnxGraph, WritesHardSwishInOpset14AndTheRestIn13) {
  for (const int opset : {13, 14}) {
    OnnxBuilder model({-1, 2}, {-1, 2}, opset);
    model.node(opset == 14 ? "HardSwish" : "Relu", {"x"}, "y");
    EXPECT_EQ(written(read_onnx(model.write())).opset_import(0).version(), opset);
  }
}

TEST(OnnxGraph, RecognisesHardSwishInSteps) {
  for (const std::string form :
       {"hard sigmoid", "divided last", "divided first", "by 6.5", "to 5"}) {
    SCOPED_TRACE(form);
    OnnxBuilder model({-1, 2}, {-1, 2});
    model.floats("three", {}, {3}).floats("six", {}, {form == "by 6.5" ? 6.5F : 6});
    model.floats("zero", {}, {0}).floats("top", {}, {form == "to 5" ? 5.0F : 6});
    if (form == "hard sigmoid") {
      model.node("HardSigmoid", {"x"}, "gate")
          .real("alpha", 1.0F / 6)
          .node("Mul", {"gate", "x"}, "y");
    } else {
      model.node("Add", {"x", "three"}, "a").node("Clip", {"a", "zero", "top"}, "c");
      const bool last = form != "divided first";
      model.node(last ? "Mul" : "Div", {"c", last ? "x" : "six"}, "m");
      model.node(last ? "Div" : "Mul", {"m", last ? "six" : "x"}, "y");
    }
    const Network network = read_onnx(model.write());
    const bool exact = form != "by 6.5" && form != "to 5";
    EXPECT_EQ(std::holds_alternative<HardSwish>(network.nodes.at(0).op), exact);
    if (exact) expect_operator(model, HardSwish{});
  }
}

TEST(OnnxGraph, JoinsReluAndClip) {
  OnnxBuilder model({-1, 2}, {-1, 2}, 9);
  model.node("Relu", {"x"}, "r").node("Clip", {"r"}, "y").real("max", 2);
  expect_operator(model, Clip{0, 2});
  EXPECT_EQ(read_onnx(model.write()).nodes.size(), 1U);
}

TEST(OnnxGraph, PadsAPoolUpToTheExtentOfItsDilatedKernel) {
  OnnxBuilder model({-1, 2, 6, 6}, {-1, 2, 6, 6});
  model.node("MaxPool", {"x"}, "y").integers("kernel_shape", {3, 3}).integers("dilations", {4, 4});
  model.integers("pads", {4, 4, 4, 4});
  EXPECT_EQ(infer_shapes(read_onnx(model.write())).at("y"), (Shape{2, 6, 6}));
}

TEST(OnnxGraph, HandsOutItsInput) {
  OnnxBuilder model({-1, 2, 3, 4}, {-1, 2, 3, 4});
  model.node("Identity", {"x"}, "y");
  expect_model(model, [](const Tensors& in) { return in[0]; });
}

TEST(OnnxGraph, KeepsTheMetadataOfOtherTools) {
  OnnxBuilder model({-1, 2}, {-1, 2});
  model.node("Relu", {"x"}, "y");
  auto& entry = *model.model().add_metadata_props();
  entry.set_key("author");
  entry.set_value("somebody");
  Network network = read_onnx(model.write());
  EXPECT_TRUE(network.metadata.empty());
  network.metadata["seed"] = "1";
  const Network again = written_and_read(network);
  EXPECT_THAT(again.foreign_metadata, ElementsAre(Pair("author", "somebody")));
  EXPECT_THAT(again.metadata, ElementsAre(Pair("seed", "1")));
}

}  // namespace
}  // namespace crossloop::network
