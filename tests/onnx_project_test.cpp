// The operator tests of the ONNX project (Debian package libonnx-testdata): one model, its inputs
// and its output for each.
#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <span>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/executor.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/onnx_fold.hpp"
#include "host/network/onnx_import.hpp"
#include "tests/onnx_builder.hpp"
#include "tests/onnx_project_cases.hpp"

namespace crossloop::network {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kNodes = std::filesystem::path(CROSSLOOP_ONNX_TEST_DATA) / "node";

template <class Message>
Message parse(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  Message message;
  EXPECT_TRUE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) << path;
  return message;
}

ConstantTensor read_tensor(const std::filesystem::path& folder, const std::string& kind, int i) {
  return decode({folder.string(), 0}, parse<onnx::TensorProto>(folder / "test_data_set_0" /
                                                               (kind + std::to_string(i) + ".pb")));
}

/// How many inputs are activations: all of those of arithmetic, else the first.
int activations_of(const onnx::GraphProto& graph) {
  static const std::set<std::string> kArithmetic = {"Add", "Concat", "Div", "Mul", "Sub", "Sum"};
  const bool all = graph.node_size() == 1 && kArithmetic.contains(graph.node(0).op_type());
  return all ? graph.input_size() : std::min(graph.input_size(), 1);
}

void prepend_one(onnx::ValueInfoProto& value) {
  auto& shape = *value.mutable_type()->mutable_tensor_type()->mutable_shape();
  shape.add_dim()->set_dim_value(1);
  for (int i = shape.dim_size() - 1; i > 0; --i) shape.mutable_dim()->SwapElements(i, i - 1);
}

/// The model of `folder` with all inputs but its activations as initializers: weights and shapes
/// are inputs there. Operators that are older than opset 9 are still what they were.
std::filesystem::path prepared(const std::filesystem::path& folder, Batch batch) {
  onnx::ModelProto model = parse<onnx::ModelProto>(folder / "model.onnx");
  onnx::GraphProto& graph = *model.mutable_graph();
  const int activations = activations_of(graph);
  for (int i = activations; i < graph.input_size(); ++i) {
    onnx::TensorProto tensor = parse<onnx::TensorProto>(folder / "test_data_set_0" /
                                                        ("input_" + std::to_string(i) + ".pb"));
    tensor.set_name(graph.input(i).name());
    *graph.add_initializer() = tensor;
  }
  while (graph.input_size() > activations) graph.mutable_input()->RemoveLast();
  if (batch == Batch::kAdded) {
    for (auto& input : *graph.mutable_input()) prepend_one(input);
    prepend_one(*graph.mutable_output(0));
  }
  auto& opset = *model.mutable_opset_import(0);
  opset.set_version(std::max<std::int64_t>(opset.version(), 9));
  return write_bytes(model.SerializeAsString());
}

/// What is wrong with `found`; "" if nothing is.
std::string difference(const std::vector<float>& found, const std::vector<float>& expected) {
  if (found.size() != expected.size()) return "another size";
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float tolerance = 1e-4F * std::max(std::abs(expected[i]), 1e-2F);
    if (!(std::abs(found[i] - expected[i]) <= tolerance)) {
      return "value " + std::to_string(i) + " is " + std::to_string(found[i]) + ", expected " +
             std::to_string(expected[i]);
    }
  }
  return "";
}

/// "" where the model runs and its output is right; else what is wrong, or the refusal.
std::string outcome(const ProjectCase& each) {
  const std::filesystem::path folder = kNodes / each.name;
  try {
    const Network network = read_onnx(prepared(folder, each.batch));
    std::vector<ConstantTensor> tensors;
    for (std::size_t i = 0; i <= network.extra_inputs.size(); ++i) {
      tensors.push_back(read_tensor(folder, "input_", static_cast<int>(i)));
    }
    const std::vector<std::span<const float>> inputs = [&] {
      std::vector<std::span<const float>> views;
      for (const ConstantTensor& tensor : tensors) views.emplace_back(tensor.floats);
      return views;
    }();
    const auto batch = each.batch == Batch::kAdded ? 1 : static_cast<int>(tensors[0].dims[0]);
    return difference(run(network, inputs, batch), read_tensor(folder, "output_", 0).floats);
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(OnnxProject, EveryCaseHasItsOutcome) {
  for (const ProjectCase& each : kProjectCases) {
    SCOPED_TRACE(each.name);
    const std::string found = outcome(each);
    if (std::string_view(each.refusal).empty()) {
      EXPECT_EQ(found, "");
    } else {
      EXPECT_THAT(found, HasSubstr(each.refusal));
    }
  }
}

/// What fold() makes of the single node of `folder` with all inputs known.
ConstantTensor folded(const std::filesystem::path& folder) {
  const auto model = parse<onnx::ModelProto>(folder / "model.onnx");
  const OnnxSource source{folder.string(), model.opset_import(0).version()};
  Constants constants(source, {});
  for (int i = 0; i < model.graph().input_size(); ++i) {
    constants.add(model.graph().input(i).name(), read_tensor(folder, "input_", i));
  }
  return fold(OnnxNode(source, constants, model.graph().node(0))).value();
}

template <std::size_t size>
bool contains(const std::string_view (&names)[size], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// True if the case is a single operator on inputs that the constant evaluator may know.
bool is_foldable(const ProjectCase& each) {
  const auto graph = parse<onnx::ModelProto>(kNodes / each.name / "model.onnx").graph();
  return graph.node_size() == 1 && folded_operators().contains(graph.node(0).op_type()) &&
         !contains(kStoredAsBits, each.name);
}

void expect_same(const ConstantTensor& found, const ConstantTensor& expected) {
  ASSERT_EQ(found.type, expected.type);
  ASSERT_EQ(found.dims, expected.dims);
  const auto at = [](const ConstantTensor& tensor, std::int64_t i) {
    return tensor.is_float() ? double{tensor.real(i)} : static_cast<double>(tensor.integer(i));
  };
  for (std::int64_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(at(found, i), at(expected, i), 1e-6 * std::abs(at(expected, i)));
  }
}

TEST(OnnxProject, ConstantsFoldAsTheOperatorsCompute) {
  int count = 0;
  for (const ProjectCase& each : kProjectCases) {
    if (!is_foldable(each)) continue;
    SCOPED_TRACE(each.name);
    const std::filesystem::path folder = kNodes / each.name;
    if (contains(kNotFolded, each.name)) {
      EXPECT_THROW(folded(folder), InputError);
      continue;
    }
    expect_same(folded(folder), read_tensor(folder, "output_", 0));
    ++count;
  }
  EXPECT_EQ(count, 83);
}

TEST(OnnxProject, NoCaseOfASupportedOperatorIsLeftOut) {
  std::set<std::string> listed;
  for (const ProjectCase& each : kProjectCases) listed.insert(each.name);
  for (const auto& folder : std::filesystem::directory_iterator(kNodes)) {
    const auto model = parse<onnx::ModelProto>(folder.path() / "model.onnx");
    bool supported = model.graph().node_size() > 0;
    for (const auto& node : model.graph().node()) {
      supported = supported && supported_operators().contains(node.op_type());
    }
    EXPECT_EQ(supported, listed.contains(folder.path().filename().string()))
        << folder.path().filename();
  }
}

}  // namespace
}  // namespace crossloop::network
