// Models that PyTorch exported (foreign_models.py) give what PyTorch computed.
#include <gmock/gmock.h>

#include <algorithm>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/network/onnx_file.hpp"
#include "host/npy_file.hpp"
#include "tests/onnx_builder.hpp"

namespace crossloop::network {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

const std::filesystem::path kFolder = CROSSLOOP_FOREIGN_MODELS;

std::vector<std::filesystem::path> models() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".onnx") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The tensor beside a model: MODEL.opset9.fixed.plain.onnx -> MODEL.KIND.npy.
NpyArray tensor_of(const std::filesystem::path& model, const std::string& kind) {
  const std::string name = model.filename().string();
  return read_npy(kFolder / (name.substr(0, name.find('.')) + "." + kind + ".npy"));
}

/// 1e-4 relative; beside zero, 1e-5 of the largest value.
void expect_outputs(const Network& network, const std::filesystem::path& model) {
  const NpyArray input = tensor_of(model, "input"), expected = tensor_of(model, "expected");
  const auto found = run(network, input.values, static_cast<int>(input.shape[0]));
  ASSERT_EQ(found.size(), expected.values.size());
  float largest = 0.0F;
  for (const float value : expected.values) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const float wanted = expected.values[i];
    ASSERT_NEAR(found[i], wanted, 1e-4F * std::abs(wanted) + 1e-5F * largest) << "value " << i;
  }
}

TEST(ForeignModels, GiveWhatTheirOwnerComputed) {
  ASSERT_EQ(models().size(), 120U);
  for (const auto& model : models()) {
    SCOPED_TRACE(model.filename());
    try {
      expect_outputs(read_onnx(model), model);
    } catch (const InputError& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST(ForeignModels, GiveTheSameAfterTheyWereWrittenAgain) {
  for (const auto& model : models()) {
    SCOPED_TRACE(model.filename());
    const auto path = temporary_model();
    write_onnx(read_onnx(model), path);
    expect_outputs(read_onnx(path), model);
  }
}

/// What runs is what was meant, with no shape arithmetic and no decomposition left.
TEST(ForeignModels, LeaveNothingOfTheExporterBehind) {
  const auto operators = [](const std::string& model) {
    std::vector<std::string> names;
    for (const Node& node : read_onnx(kFolder / model).nodes) names.push_back(operator_name(node));
    return names;
  };
  EXPECT_THAT(operators("OptionA.opset13.dynamic.plain.onnx"),
              ElementsAre("Conv", "Relu", "Slice", "Pad", "Conv", "Add", "Relu", "AveragePool",
                          "Flatten", "Linear"));
  EXPECT_THAT(operators("ZeroShortcut.opset9.dynamic.plain.onnx"),
              UnorderedElementsAre("AveragePool", "Conv", "Pad", "Add"));
  EXPECT_THAT(operators("SqueezeExcite.opset11.fixed.folded.onnx"),
              ElementsAre("Conv", "HardSwish", "Conv", "HardSwish", "GlobalAveragePool", "Conv",
                          "Relu", "Conv", "HardSigmoid", "Mul"));
  EXPECT_THAT(operators("MobileNet.opset17.one.preserved.onnx"), Contains("BatchNormalization"));
  EXPECT_THAT(operators("AlexNet.opset17.dynamic.plain.onnx"), Contains("LRN"));
}

}  // namespace
}  // namespace crossloop::network
