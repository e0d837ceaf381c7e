#include "host/compiler/compile.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Deployment compile_small(network::Network& network, const TileFormat& tile = test_tile()) {
  return compile(network, tile, test_device(), noisy_images(network.input_shape, 16, 3));
}

const Layer& layer_named(const Deployment& deployment, const std::string& name) {
  const auto found = std::find_if(deployment.layers.begin(), deployment.layers.end(),
                                  [&](const Layer& layer) { return layer.name == name; });
  return deployment.layers.at(static_cast<std::size_t>(found - deployment.layers.begin()));
}

/// |quantised - float| / |float| of one tensor over all images.
using RelativeErrors = std::map<std::string, double>;

RelativeErrors relative_errors(const network::Network& network, const Deployment& deployment,
                               const data::Dataset& images) {
  std::map<std::string, double> error, power;
  for (int image = 0; image < images.count; ++image) {
    const auto tensors = evaluate(deployment, images.image(image));
    const auto observe = [&](const std::string& value, const network::Shape& shape, int,
                             std::span<const float> content) {
      for (std::size_t id = 1; id < tensors.size(); ++id) {
        const TensorInfo& info = deployment.tensors[id];
        if (info.name != value) continue;
        const auto positions = static_cast<std::size_t>(shape.height * shape.width);
        const auto channels = static_cast<std::size_t>(shape.channels);
        for (std::size_t i = 0; i < content.size(); ++i) {  // NCHW
          const std::size_t hwc = i % positions * channels + i / positions;
          const double real = info.scale * (tensors[id][hwc] - info.zero);
          error[value] += std::pow(real - content[i], 2);
          power[value] += std::pow(content[i], 2);
        }
      }
    };
    network::run(network, network::normalise(network, images, image, 1), 1, observe);
  }
  for (auto& [value, sum] : error) sum = std::sqrt(sum / power[value]);
  return error;
}

TEST(Compile, FollowsTheFloatNetworkThroughEveryTensor) {
  network::Network network = small_resnet();
  const Deployment deployment = compile_small(network);
  const auto errors = relative_errors(network, deployment, noisy_images(network.input_shape, 6, 3));
  ASSERT_EQ(errors.size(), deployment.tensors.size() - 1);
  for (const auto& [value, error] : errors) EXPECT_LT(error, 0.03) << value;
}

/// A resnet whose image, convolutions and sums are quantised as exporters write it.
network::Network quantised_resnet(const Deployment& scales) {
  network::Network network = small_resnet();
  const auto insert = [&](const std::string& value, const network::Quantise& quantise) {
    for (network::Node& node : network.nodes) {
      std::replace(node.inputs.begin(), node.inputs.end(), value, value + ".quantised");
    }
    const auto after = std::find_if(network.nodes.begin(), network.nodes.end(),
                                    [&](const auto& node) { return node.output == value; });
    network.nodes.insert(after == network.nodes.end() ? network.nodes.begin() : after + 1,
                         {value + ".q", quantise, {value}, value + ".quantised", {}});
  };
  for (std::size_t id = 1; id + 1 < scales.tensors.size(); ++id) {
    const TensorInfo& tensor = scales.tensors[id];
    // As int8, a little coarser than what calibration would choose.
    insert(tensor.name, {1.25F * static_cast<float>(tensor.scale), tensor.zero - 128, -128, 127});
  }
  insert("input", {0.02F, 128, 0, 255});
  return network;
}

TEST(Compile, KeepsTheScalesOfAQuantisedModel) {
  network::Network plain = small_resnet();
  const Deployment chosen = compile_small(plain);
  network::Network network = quantised_resnet(chosen);
  const Deployment deployment = compile_small(network);
  ASSERT_EQ(deployment.tensors.size(), chosen.tensors.size());
  for (std::size_t id = 1; id + 1 < chosen.tensors.size(); ++id) {
    EXPECT_FLOAT_EQ(static_cast<float>(deployment.tensors[id].scale),
                    1.25F * static_cast<float>(chosen.tensors[id].scale));
    EXPECT_EQ(deployment.tensors[id].zero, chosen.tensors[id].zero);
  }
  const auto errors = relative_errors(network, deployment, noisy_images(network.input_shape, 6, 3));
  ASSERT_EQ(errors.size(), deployment.tensors.size() - 1);
  for (const auto& [value, error] : errors) EXPECT_LT(error, 0.03) << value;
}

TEST(Compile, RefusesAQuantiserThatBelongsToNoLayer) {
  network::Network network = small_resnet();
  network::Node& relu = network.node("relu1");
  network.nodes.insert(network.nodes.begin() + 2,
                       {"early", network::Quantise{0.1F, 0, 0, 255}, {relu.inputs[0]}, "q", {}});
  network.node("relu1").inputs = {"q"};
  EXPECT_THAT([&] { compile_small(network); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("relu1"), HasSubstr("right after"))));
}

TEST(Compile, RefusesAQuantiserWhoseInputHasAnotherReader) {
  network::Network network = small_resnet();
  network::Node& first = network.node("block1.conv1");  // its input goes into the shortcut, too
  const std::string value = first.inputs[0];
  first.inputs = {"q"};
  network.nodes.insert(network.nodes.begin() + 3,
                       {"aside", network::Quantise{0.1F, 0, 0, 255}, {value}, "q", {}});
  EXPECT_THAT([&] { compile_small(network); },
              ThrowsMessage<InputError>(
                  AllOf(HasSubstr("node 'aside'"), HasSubstr("only reader of '" + value + "'"))));
}

TEST(Compile, FollowsAPoolingNetworkWhoseLinearLayerSeesAFlattenedImage) {
  network::Network network = network::make_network("vgg8", {3, 16, 16}, 5, 2);
  randomise_affine(network, 5);
  const Deployment deployment = compile_small(network);
  const auto errors =
      relative_errors(network, deployment, noisy_images(network.input_shape, 1, 77));
  for (const auto& [value, error] : errors) EXPECT_LT(error, 0.03) << value;
  EXPECT_EQ(layer_named(deployment, "fc1").window.kernel_h, 2);
  EXPECT_EQ(layer_named(deployment, "fc1").inputs_per_output, 128 * 4);
}

TEST(Compile, FollowsAnAveragePoolAndALinearLayerOnTheImage) {
  network::Network network = network::make_network("linear", {3, 8, 8}, 4, 2);
  network.normalisation = {.mean = {0.5F, 0.4F, 0.3F}, .std = {0.2F, 0.3F, 0.4F}};
  randomise_affine(network, 5);
  const Deployment deployment = compile_small(network);
  const auto errors =
      relative_errors(network, deployment, noisy_images(network.input_shape, 6, 77));
  for (const auto& [value, error] : errors) EXPECT_LT(error, 0.02) << value;
  EXPECT_EQ(deployment.layers.size(), 1u);
}

TEST(Compile, GivesLogitsTwelveSignificantBits) {
  network::Network network = small_resnet();
  const Deployment deployment = compile_small(network);
  const data::Dataset images = noisy_images(network.input_shape, 16, 3);
  std::int32_t largest = 0;
  for (int image = 0; image < images.count; ++image) {
    const auto tensors = evaluate(deployment, images.image(image));
    for (const std::int32_t logit : tensors.back()) largest = std::max(largest, std::abs(logit));
  }
  EXPECT_GE(largest, 1 << 12);
  EXPECT_LT(largest, 1 << 20);
}

TEST(Compile, CountsTheCrossbarsOfResnet8AsByHand) {
  network::Network network = network::make_network("resnet8", {3, 32, 32}, 10, 1);
  const Deployment deployment =
      compile(network, test_tile(), test_device(), noisy_images({3, 32, 32}, 1, 1));
  // 8 outputs per crossbar: bands of 64 inputs times groups of 8 outputs.
  const std::map<std::string, int> expected = {{"conv1", 1 * 2},
                                               {"block1.conv1", 3 * 2},
                                               {"block1.conv2", 3 * 2},
                                               {"block2.conv1", 3 * 4},
                                               {"block2.conv2", 5 * 4},
                                               {"block2.shortcut.conv", 1 * 4},
                                               {"block3.conv1", 5 * 8},
                                               {"block3.conv2", 9 * 8},
                                               {"block3.shortcut.conv", 1 * 8},
                                               {"fc", 1 * 2}};
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Layer& layer = deployment.layers[i];
    if (layer.kind != LayerKind::kCrossbar) continue;
    EXPECT_EQ(deployment.count(static_cast<int>(i)).dense, expected.at(layer.name)) << layer.name;
  }
  EXPECT_EQ(deployment.count().dense, 172);
  EXPECT_EQ(deployment.count().pruned, 172);
  EXPECT_EQ(deployment.crossbars.size(), 172u);
  const int weights = 27 * 16 + 2 * 144 * 16 + (144 + 288 + 16) * 32 + (288 + 576 + 32) * 64 + 640;
  EXPECT_EQ(deployment.cell_count(), weights * 8);
}

TEST(Compile, FreezesTheWeightScaleAndKeepsAFrozenOne) {
  network::Network network = single_linear(8, 2);
  compile_small(network);
  const float first = 0.5F / 255.0F / 127.0F;  // the image's 1/255 is folded in
  EXPECT_THAT(network.nodes[0].weight_scale, ::testing::Each(::testing::FloatEq(first)));

  network.nodes[0].weight_scale.assign(2, 4.0F * first);
  const Deployment deployment = compile_small(network);
  EXPECT_FLOAT_EQ(network.nodes[0].weight_scale[0], 4.0F * first);
  EXPECT_EQ(deployment.layers[0].weights[0], 32);  // 127 / 4
}

TEST(Compile, RefusesWeightsBeyondAFrozenScale) {
  network::Network network = single_linear(8, 2);
  network.nodes[0].weight_scale.assign(2, 0.4F / 255.0F / 127.0F);
  EXPECT_THAT([&] { compile_small(network); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("fc"), HasSubstr("127"))));
}

TEST(Compile, MovesTheSignOfGammaIntoTheWeights) {
  network::Network network = small_resnet();
  const Deployment deployment = compile_small(network);
  const auto& norm = std::get<network::BatchNorm>(network.node("bn1").op);
  const auto& weight = std::get<network::Conv>(network.node("conv1").op).weight;
  const Layer& layer = layer_named(deployment, "conv1");
  int negative = 0;
  for (std::size_t o = 0; o < norm.gamma.size(); ++o) {
    const auto largest =
        std::max_element(weight.begin() + static_cast<std::ptrdiff_t>(o * 27),
                         weight.begin() + static_cast<std::ptrdiff_t>(o * 27 + 27),
                         [](float a, float b) { return std::abs(a) < std::abs(b); });
    const float sign = norm.gamma[o] * *largest;
    const int quantised = layer.weights[static_cast<std::size_t>(largest - weight.begin())];
    EXPECT_GT(sign * static_cast<float>(quantised), 0.0F) << "channel " << o;
    EXPECT_EQ(layer.bn_sign[o], norm.gamma[o] < 0 ? -1 : 1);
    EXPECT_GE(layer.affine_gain[o], 0.0);
    negative += norm.gamma[o] < 0;
  }
  EXPECT_GT(negative, 0);
}

TEST(Compile, TreatsAChannelWithGammaZeroAsPruned) {
  network::Network network = small_resnet();
  std::get<network::BatchNorm>(network.node("bn1").op).gamma[3] = 0.0F;
  const Deployment deployment = compile_small(network);
  const Layer& layer = layer_named(deployment, "conv1");
  for (const std::int32_t id : layer.crossbars) {
    for (const ColumnSetting& column : deployment.crossbars[std::size_t(id)].tables.columns) {
      EXPECT_NE(column.output, 3);
    }
  }
  const auto errors =
      relative_errors(network, deployment, noisy_images(network.input_shape, 2, 77));
  EXPECT_LT(errors.at("relu1"), 0.03);
}

TEST(Compile, PadsTheImageWithItsMeanAndOtherTensorsWithTheirZeroPoint) {
  network::Network network = small_resnet();
  const Deployment deployment = compile_small(network);
  EXPECT_THAT(layer_named(deployment, "conv1").pad_values, ::testing::ElementsAre(125, 122, 115));
  EXPECT_THAT(layer_named(deployment, "block1.conv1").pad_values, ::testing::Each(0));
}

TEST(Compile, PadsASignedTensorWithItsZeroPoint) {
  network::Network network = small_resnet();  // conv1 without batch norm and Relu
  for (network::Node& node : network.nodes) {
    for (std::string& input : node.inputs) {
      if (input == "relu1") input = "conv1";
    }
  }
  std::erase_if(network.nodes, [](const network::Node& node) {
    return node.name == "bn1" || node.name == "relu1";
  });
  const Deployment deployment = compile_small(network);
  const std::int32_t zero = deployment.tensors[1].zero;
  EXPECT_GT(zero, 50);
  EXPECT_THAT(layer_named(deployment, "block1.conv1").pad_values, ::testing::Each(zero));
  const auto errors = relative_errors(network, deployment, noisy_images(network.input_shape, 2, 3));
  EXPECT_LT(errors.at("block1.relu1"), 0.03);
}

TEST(Compile, MakesUpForRoundingTheMeanOfThePixels) {
  network::Network network = single_linear(8, 1);
  network.normalisation.mean.assign(8, 100.4F / 255.0F);
  network.normalisation.std.assign(8, 0.5F);
  const Deployment deployment = compile_small(network);
  const Layer& layer = deployment.layers[0];
  EXPECT_THAT(layer.pad_values, ::testing::Each(100));
  EXPECT_NEAR(layer.affine_offset[0], 8 * 0.5 * (100 - 100.4) / 255.0 / 0.5, 1e-6);
}

TEST(Compile, RefusesWhatHasNoIntegerRuleByName) {
  network::Network network = small_resnet();
  network.nodes.push_back({"late", network::Relu{}, {"relu1"}, "late", {}});
  EXPECT_THAT([&] { compile_small(network); }, ThrowsMessage<InputError>(HasSubstr("late")));

  network::Network pooled = single_linear(3, 2);
  pooled.input_shape = {3, 2, 2};
  pooled.nodes[0].inputs = {"pool"};
  pooled.nodes.insert(pooled.nodes.begin(),
                      {"pool", network::GlobalAveragePool{}, {"input"}, "pool", {}});
  EXPECT_THAT([&] { compile_small(pooled); }, ThrowsMessage<InputError>(HasSubstr("'pool'")));
}

TEST(Compile, RefusesATileTooNarrowForOneWeight) {
  network::Network network = single_linear(8, 2);
  EXPECT_NO_THROW(compile_small(network, test_tile(16, 16, 1)));  // 7 slices, 14 columns
  TileFormat tile = test_tile(16, 16, 1);
  tile.columns = 8;
  EXPECT_THAT([&] { compile_small(network, tile); }, ThrowsMessage<InputError>(HasSubstr("8")));
}

TEST(Compile, RefusesAWhollyPrunedLayerAndLeavesTheNetworkAlone) {
  network::Network network = small_resnet();
  for (float& weight : network::weight_of(network.node("block2.conv1")).values) weight = 0.0F;
  EXPECT_THAT([&] { compile_small(network); },
              ThrowsMessage<InputError>(HasSubstr("block2.conv1")));
  EXPECT_TRUE(network.node("conv1").weight_scale.empty());
}

TEST(Compile, RefusesBadNumbersAndForeignTiles) {
  network::Network network = single_linear(8, 2);
  network::weight_of(network.nodes[0]).values[3] = NAN;
  EXPECT_THROW(compile_small(network), InputError);
  network::Network good = single_linear(8, 2);
  TileFormat tile = test_tile();
  tile.code.reference += 1;
  EXPECT_THAT([&] { compile_small(good, tile); },
              ThrowsMessage<InputError>(HasSubstr("reference")));
  EXPECT_THROW(compile(good, test_tile(), test_device(), noisy_images(good.input_shape, 0, 1)),
               InputError);
}

TEST(Compile, MakesWhatValidateAccepts) {
  network::Network network = small_resnet();
  for (const TileFormat& tile : {test_tile(16, 16), test_tile(128, 128, 4), test_tile(64, 32, 1)}) {
    EXPECT_NO_THROW(validate(compile_small(network, tile)));
  }
}

}  // namespace
}  // namespace crossloop::compiler
