// What read_onnx() refuses, and what it says then.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/onnx_builder.hpp"

namespace crossloop::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The message of the InputError, which must begin with the file.
std::string refusal(const std::filesystem::path& path) {
  try {
    read_onnx(path);
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), StartsWith(path.string() + ": "));
    return error.what();
  }
  return "accepted";
}

OnnxBuilder image_model() { return OnnxBuilder({-1, 2, 4, 4}, {-1, 2, 4, 4}); }

TEST(OnnxBadFile, IsMissingOrEmpty) {
  EXPECT_NE(refusal(temporary_model()), "accepted");
  EXPECT_THAT(refusal(write_bytes("")), HasSubstr("is empty, expected an ONNX model"));
}

TEST(OnnxBadFile, IsNoOnnx) {
  EXPECT_THAT(refusal(write_bytes("this is no model")), HasSubstr("not an ONNX model"));
  std::mt19937 rng(1);
  std::string noise(4096, '\0');
  for (char& c : noise) c = static_cast<char>(rng());
  EXPECT_THAT(refusal(write_bytes(noise)), HasSubstr("not an ONNX model"));
}

TEST(OnnxBadFile, IsTruncatedAnywhere) {
  const auto path = temporary_model();
  Network network = make_network("linear", {1, 2, 2}, 2, 1);
  network.normalisation = {.mean = {0.5F}, .std = {0.25F}};
  network.metadata = {{"a", "b"}};
  write_onnx(network, path);
  const auto bytes = read_file(path);
  const std::string whole(bytes.begin(), bytes.end());
  EXPECT_EQ(refusal(path), "accepted");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_NE(refusal(write_bytes(whole.substr(0, size))), "accepted") << size << " bytes";
  }
}

TEST(OnnxBadFile, HasAnUnknownOperator) {
  OnnxBuilder model = image_model();
  model.node("LSTM", {"x"}, "y", "memory");
  EXPECT_THAT(refusal(model.write()),
              AllOf(HasSubstr("node memory: operator LSTM (opset 13) is not supported"),
                    HasSubstr("supported: Add, AveragePool"), HasSubstr("Reshape")));
}

TEST(OnnxBadFile, HasAnOperatorOfAnotherDomain) {
  OnnxBuilder model = image_model();
  model.node("Conv", {"x"}, "y", "custom");
  model.graph().mutable_node(0)->set_domain("com.example");
  EXPECT_THAT(refusal(model.write()), HasSubstr("operator com.example.Conv (opset 13)"));
}

TEST(OnnxBadFile, HasAnotherOpset) {
  for (const int opset : {8, 18}) {
    OnnxBuilder model({-1, 2}, {-1, 2}, opset);
    model.node("Relu", {"x"}, "y");
    EXPECT_THAT(refusal(model.write()),
                HasSubstr("opset " + std::to_string(opset) + ", supported are 9 to 17"));
  }
}

TEST(OnnxBadFile, IsDynamicBeyondTheBatch) {
  OnnxBuilder model({-1, 2, -1, 4}, {-1, 2, -1, 4});
  model.node("Relu", {"x"}, "y");
  EXPECT_THAT(refusal(model.write()), HasSubstr("input x: dimension 2 is dynamic (dynamic)"));
}

TEST(OnnxBadFile, HasAnInputOfAnotherRankSizeOrType) {
  OnnxBuilder rank({-1, 2, 4}, {-1, 2, 4});
  rank.node("Relu", {"x"}, "y");
  EXPECT_THAT(refusal(rank.write()), HasSubstr("input x: 3 dimensions"));
  OnnxBuilder size({-1, 2, 0, 4}, {-1, 2, 0, 4});
  size.node("Relu", {"x"}, "y");
  EXPECT_THAT(refusal(size.write()), HasSubstr("input x: dimension 2 is 0, out of range"));
  OnnxBuilder type = image_model();
  type.node("Relu", {"x"}, "y");
  type.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::DOUBLE);
  EXPECT_THAT(refusal(type.write()), HasSubstr("expected FLOAT"));
}

TEST(OnnxBadFile, HasInputsOfDifferentBatches) {
  OnnxBuilder model({2, 2, 4, 4}, {2, 2, 4, 4});
  model.node("Add", {"x", "x2"}, "y");
  OnnxBuilder::describe(*model.graph().add_input(), "x2", {1, 2, 4, 4});
  EXPECT_THAT(refusal(model.write()),
              HasSubstr("input x2: its batch is 1, expected that of the first input"));
}

TEST(OnnxBadFile, HasSeveralOutputs) {
  OnnxBuilder outputs = image_model();
  outputs.node("Relu", {"x"}, "y").node("Relu", {"y"}, "y2");
  OnnxBuilder::describe(*outputs.graph().add_output(), "y2", {-1, 2, 4, 4});
  EXPECT_THAT(refusal(outputs.write()), HasSubstr("2 outputs, expected one"));
}

TEST(OnnxBadFile, GroupsAConvolutionThatDoesNotDivide) {
  OnnxBuilder model = image_model();
  model.node("Conv", {"x", "w"}, "y", "depthwise").integer("group", 3);
  model.floats("w", {2, 1, 1, 1}, {1, 1});
  EXPECT_THAT(
      refusal(model.write()),
      HasSubstr("node depthwise (Conv, opset 13): 3 groups, its weight w reads 1 channels"));
}

TEST(OnnxBadFile, HasWeightsThatDoNotFit) {
  OnnxBuilder shape = image_model();
  shape.node("Conv", {"x", "w"}, "y", "c").floats("w", {2, 3, 1, 1}, {1, 1, 1, 1, 1, 1});
  EXPECT_NE(refusal(shape.write()), "accepted");
  OnnxBuilder computed({-1, 2, 4, 4}, {-1, 1, 1, 1});
  computed.node("Relu", {"x"}, "w").node("Conv", {"x", "w"}, "y", "c");
  EXPECT_THAT(refusal(computed.write()), HasSubstr("node c (Conv, opset 13): input w is computed"));
  OnnxBuilder short_data = image_model();
  short_data.node("Conv", {"x", "w"}, "y", "c").floats("w", {2, 2, 1, 1}, {1, 1, 1});
  EXPECT_THAT(refusal(short_data.write()), HasSubstr("w"));
  OnnxBuilder infinite = image_model();
  infinite.node("Conv", {"x", "w"}, "y", "c");
  infinite.floats("w", {2, 2, 1, 1}, {1, std::numeric_limits<float>::infinity(), 1, 1});
  EXPECT_THAT(refusal(infinite.write()), HasSubstr("tensor w: value 1 is inf"));
}

TEST(OnnxBadFile, ReducesReshapesOrFlattensAnotherWay) {
  OnnxBuilder mean({-1, 2, 4, 4}, {-1, 1, 4, 4});
  mean.node("ReduceMean", {"x"}, "y", "m").integers("axes", {1});
  EXPECT_THAT(refusal(mean.write()), HasSubstr("only the mean over the axes 2 and 3"));
  OnnxBuilder reshape({-1, 2, 4, 4}, {-1, 16});
  reshape.node("Reshape", {"x", "s"}, "y", "r").shape("s", {-1, 16});
  EXPECT_THAT(refusal(reshape.write()), HasSubstr("node r (Reshape, opset 13): to [-1, 16]"));
  OnnxBuilder flatten({-1, 2, 4, 4}, {-1, 16});
  flatten.node("Flatten", {"x"}, "y", "f").integer("axis", 2);
  EXPECT_THAT(refusal(flatten.write()), HasSubstr("axis = 2, only 1 is supported"));
}

TEST(OnnxBadFile, TransposesTheInputOfAGemm) {
  OnnxBuilder model({-1, 2}, {-1, 1});
  model.node("Gemm", {"x", "w"}, "y", "fc").integer("transA", 1).floats("w", {2, 1}, {1, 1});
  EXPECT_THAT(refusal(model.write()), HasSubstr("transA = 1, only 0 is supported"));
}

TEST(OnnxBadFile, AddsAConstantThatWidensItsInput) {
  OnnxBuilder model({-1, 1, 4, 4}, {-1, 2, 4, 4});
  model.node("Add", {"x", "b"}, "y", "shift").floats("b", {2, 1, 1}, {1, 2});
  EXPECT_THAT(refusal(model.write()),
              HasSubstr("node shift (Add, opset 13): a constant of shape [2, 1, 1] with"));
}

TEST(OnnxBadFile, AddsAConstantThatDiffersWithinTheBatch) {
  OnnxBuilder model({2, 1, 1, 1}, {2, 1, 1, 1});
  model.node("Add", {"x", "b"}, "y", "shift").floats("b", {2, 1, 1, 1}, {1, 2});
  EXPECT_THAT(refusal(model.write()), HasSubstr("supported is one that repeats along the batch"));
}

TEST(OnnxBadFile, BroadcastsAnAddAlongTheChannels) {
  OnnxBuilder model({-1, 2, 4, 4}, {-1, 2, 4, 4});
  model.node("Slice", {"x", "zero", "one", "one"}, "p").shape("zero", {0}).shape("one", {1});
  model.node("Add", {"x", "p"}, "y", "gate");
  EXPECT_THAT(refusal(model.write()), HasSubstr("its inputs differ: [2, 4, 4] and [1, 4, 4]"));
}

TEST(OnnxBadFile, HasBrokenMetadata) {
  const auto with = [](const std::string& key, const std::string& value) {
    OnnxBuilder model = image_model();
    model.node("Relu", {"x"}, "y", "relu");
    auto& entry = *model.model().add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
    return refusal(model.write());
  };
  EXPECT_THAT(with("crossloop.mean", "0.5,x"), HasSubstr("metadata crossloop.mean is \"0.5,x\""));
  EXPECT_THAT(with("crossloop.mean", ""), HasSubstr("expected finite numbers"));
  EXPECT_THAT(with("crossloop.std", "1,2,3"), HasSubstr("input std has 3 values"));
  EXPECT_THAT(with("crossloop.std", "1,0"), HasSubstr("input std must be positive"));
  EXPECT_THAT(with("crossloop.scale.gone", "1"), HasSubstr("has no node gone"));
  EXPECT_THAT(with("crossloop.scale.relu", "1"), HasSubstr("has a weight scale but no weight"));
}

TEST(OnnxWrite, RefusesReservedMetadata) {
  Network network = make_network("linear", {1, 2, 2}, 2, 1);
  network.metadata = {{"scale.fc", "1"}};
  EXPECT_THROW(write_onnx(network, temporary_model()), InputError);
}

TEST(OnnxWrite, LeavesNoFileBehindWhenTheNetworkIsBroken) {
  Network network = make_network("linear", {1, 2, 2}, 2, 1);
  network.output_name = "nowhere";
  const auto path = temporary_model();
  EXPECT_THROW(write_onnx(network, path), InputError);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace crossloop::network
