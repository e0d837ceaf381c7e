#include "host/network/network.hpp"

#include <gmock/gmock.h>

#include "host/error.hpp"
#include "host/network/layer_table.hpp"

namespace crossloop::network {
namespace {

using ::testing::HasSubstr;

/// 1x4x4 -> Conv 2x3x3 -> Relu -> Flatten -> Linear 3.
Network small_network() {
  Network network;
  network.name = "small";
  network.output_name = "fc";
  network.input_shape = {1, 4, 4};
  network.nodes = {{"conv",
                    Conv{.in_channels = 1,
                         .out_channels = 2,
                         .window = {.kernel_h = 3,
                                    .kernel_w = 3,
                                    .pad_top = 1,
                                    .pad_left = 1,
                                    .pad_bottom = 1,
                                    .pad_right = 1},
                         .weight = std::vector<float>(18, 1.0F),
                         .bias = {}},
                    {"input"},
                    "conv",
                    {}},
                   {"relu", Relu{}, {"conv"}, "relu", {}},
                   {"flatten", Flatten{}, {"relu"}, "flatten", {}},
                   {"fc",
                    Linear{.in_features = 32,
                           .out_features = 3,
                           .weight = std::vector<float>(96, 1.0F),
                           .bias = {1, 2, 3}},
                    {"flatten"},
                    "fc",
                    {}}};
  return network;
}

std::string refusal(const Network& network) {
  try {
    infer_shapes(network);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(InferShapes, FollowsTheGraph) {
  const auto shapes = infer_shapes(small_network());
  EXPECT_EQ(shapes.at("input"), (Shape{1, 4, 4}));
  EXPECT_EQ(shapes.at("conv"), (Shape{2, 4, 4}));
  EXPECT_EQ(shapes.at("flatten"), (Shape{32, 1, 1}));
  EXPECT_EQ(shapes.at("fc"), (Shape{3, 1, 1}));
}

TEST(InferShapes, CountsStrideDilationAndUnevenPadding) {
  Network network = small_network();
  network.input_shape = {1, 9, 8};
  network.nodes.resize(1);
  network.output_name = "conv";
  std::get<Conv>(network.nodes[0].op).window = {.kernel_h = 3,
                                                .kernel_w = 3,
                                                .stride_h = 2,
                                                .stride_w = 3,
                                                .pad_top = 1,
                                                .pad_right = 2,
                                                .dilation_h = 2};
  // (9 + 1 - 5) / 2 + 1 rows and (8 + 2 - 3) / 3 + 1 columns.
  EXPECT_EQ(infer_shapes(network).at("conv"), (Shape{2, 3, 3}));
}

TEST(InferShapes, RefusesAWindowLargerThanItsInput) {
  Network network = small_network();
  network.input_shape = {1, 2, 2};
  std::get<Conv>(network.nodes[0].op).window = {.kernel_h = 3, .kernel_w = 3, .stride_h = 2};
  EXPECT_THAT(refusal(network), HasSubstr("node conv (Conv): window of 3x3 is larger"));
}

TEST(InferShapes, RefusesParametersOfTheWrongSize) {
  Network network = small_network();
  std::get<Conv>(network.nodes[0].op).weight.pop_back();
  EXPECT_THAT(refusal(network), HasSubstr("node conv (Conv): weight has 17 values, expected 18"));
  network = small_network();
  std::get<Linear>(network.nodes[3].op).bias.pop_back();
  EXPECT_THAT(refusal(network), HasSubstr("node fc (Linear): bias has 2 values, expected 3"));
  network = small_network();
  network.nodes[0].weight_scale = {0.5F};
  EXPECT_THAT(refusal(network), HasSubstr("weight scale has 1 values, expected 2"));
  network = small_network();
  network.nodes[0].weight_scale = {0.5F, 0.0F};
  EXPECT_THAT(refusal(network), HasSubstr("node conv (Conv): weight scale must be positive"));
}

TEST(InferShapes, RefusesShapesThatDoNotFit) {
  Network network = small_network();
  std::get<Linear>(network.nodes[3].op).in_features = 31;
  EXPECT_THAT(refusal(network),
              HasSubstr("31 input and 3 output features, its input is [32, 1, 1]"));
  network = small_network();
  network.input_shape.channels = 3;
  EXPECT_THAT(refusal(network), HasSubstr("its input is [3, 4, 4]"));
  network = small_network();
  network.nodes[1] = {"add", Add{}, {"conv", "input"}, "relu", {}};
  EXPECT_THAT(refusal(network), HasSubstr("its inputs differ: [2, 4, 4] and [1, 4, 4]"));
}

TEST(InferShapes, RefusesBrokenGraphs) {
  Network network = small_network();
  std::swap(network.nodes[0], network.nodes[1]);
  EXPECT_THAT(refusal(network),
              HasSubstr("node relu (Relu): input conv is made by no earlier node"));
  network = small_network();
  network.nodes[1].name = "conv";
  EXPECT_THAT(refusal(network), HasSubstr("another node has the same name"));
  network = small_network();
  network.nodes[1].output = "conv";
  EXPECT_THAT(refusal(network), HasSubstr("output conv is already made"));
  network = small_network();
  network.output_name = "nowhere";
  EXPECT_THAT(refusal(network), HasSubstr("its output nowhere is made by no node"));
  network = small_network();
  network.nodes[1].inputs.clear();
  EXPECT_THAT(refusal(network), HasSubstr("0 inputs, expected 1"));
  network = small_network();
  network.normalisation.std = {1.0F, 1.0F};
  EXPECT_THAT(refusal(network), HasSubstr("input std has 2 values, the input has 1 channels"));
}

TEST(InferShapes, RefusesAPoolThatSeesOnlyPadding) {
  Network network = small_network();
  network.nodes[1] = {
      "pool", MaxPool{{.kernel_h = 2, .kernel_w = 2, .pad_top = 2}}, {"conv"}, "relu", {}};
  EXPECT_THAT(refusal(network), HasSubstr("padding must be smaller than the kernel"));
}

TEST(NetworkNode, IsFoundByNameOrRefused) {
  Network network = small_network();
  EXPECT_EQ(&network.node("relu"), &network.nodes[1]);
  EXPECT_THROW(network.node("absent"), InputError);
}

TEST(WeightOf, ViewsTheMatrixAndItsBias) {
  Network network = small_network();
  const WeightView conv = weight_of(network.nodes[0]);
  EXPECT_EQ(conv.outputs, 2);
  EXPECT_EQ(conv.inputs, 9);
  EXPECT_TRUE(conv.bias.empty());
  conv.values[17] = 7.0F;
  EXPECT_EQ(std::get<Conv>(network.nodes[0].op).weight[17], 7.0F);
  EXPECT_EQ(weight_of(network.nodes[3]).bias.size(), 3U);
  EXPECT_FALSE(has_weight(network.nodes[1]));
}

TEST(CountParameters, SeparatesWeightsAndZeros) {
  Network network = small_network();
  weight_of(network.nodes[0]).values[3] = 0.0F;
  const ParameterCount count = count_parameters(network);
  EXPECT_EQ(count.parameters, 18 + 96 + 3);
  EXPECT_EQ(count.weights, 18 + 96);
  EXPECT_EQ(count.nonzero_weights, 18 + 96 - 1);
}

TEST(LayerTable, ShowsEveryNodeAndTheTotals) {
  Network network = small_network();
  for (float& w : weight_of(network.nodes[0]).values.first(9)) w = 0.0F;
  EXPECT_EQ(
      layer_table(network),
      "small: input [1, 4, 4], 117 parameters\n"
      "#  node     operator  input       output      kernel/stride  weights  MACs  sparsity %\n"
      "1  conv     Conv      [1, 4, 4]   [2, 4, 4]   3x3/1x1             18   288        50.0\n"
      "2  relu     Relu      [2, 4, 4]   [2, 4, 4]\n"
      "3  flatten  Flatten   [2, 4, 4]   [32, 1, 1]\n"
      "4  fc       Linear    [32, 1, 1]  [3, 1, 1]                       96    96         0.0\n"
      "   total                                                         114   384         7.9\n");
}

TEST(LayerTable, CountsAConvolutionInGroupsOnce) {
  Network network;
  network.input_shape = {4, 2, 2};
  network.output_name = "depthwise";
  network.nodes = {{"depthwise",
                    Conv{.in_channels = 4,
                         .out_channels = 4,
                         .window = {},
                         .weight = {1, 2, 3, 4},
                         .bias = {},
                         .groups = 4},
                    {"input"},
                    "depthwise",
                    {}}};
  EXPECT_THAT(layer_table(network), ::testing::HasSubstr("1x1/1x1 g4           4    16"));
  EXPECT_EQ(layer_table_json(network)["nodes"][0]["groups"], 4);
}

TEST(LayerTableJson, CarriesTheSameNumbers) {
  const nlohmann::json table = layer_table_json(small_network());
  EXPECT_EQ(table["macs"], 384);
  EXPECT_EQ(table["nodes"].size(), 4U);
  EXPECT_EQ(table["nodes"][0]["kernel"], nlohmann::json({3, 3}));
  EXPECT_FALSE(table["nodes"][1].contains("kernel"));
  EXPECT_EQ(table["nodes"][3]["output_shape"], nlohmann::json({3, 1, 1}));
}

}  // namespace
}  // namespace crossloop::network
