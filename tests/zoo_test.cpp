#include "host/network/zoo.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "host/error.hpp"

namespace crossloop::network {
namespace {

constexpr Shape kCifar = {3, 32, 32};

TEST(Zoo, ResNet20HasThePublishedParameterCount) {
  // 269,722 with parameter-free shortcuts; two projections add 512 + 2 * 32 + 2048 + 2 * 64.
  EXPECT_EQ(count_parameters(make_network("resnet20", kCifar, 10, 1)).parameters, 272474);
}

TEST(Zoo, ResNet8HasSevenConvolutionsAndTwoProjections) {
  const Network network = make_network("resnet8", kCifar, 10, 1);
  EXPECT_EQ(count_parameters(network).parameters, 464 + 4672 + 14528 + 57728 + 650);
  const auto shapes = infer_shapes(network);
  EXPECT_EQ(shapes.at("block1.relu2"), (Shape{16, 32, 32}));
  EXPECT_EQ(shapes.at("block2.shortcut.bn"), (Shape{32, 16, 16}));
  EXPECT_EQ(shapes.at("block3.relu2"), (Shape{64, 8, 8}));
  EXPECT_EQ(shapes.at(network.output_name), (Shape{10, 1, 1}));
  EXPECT_EQ(network.node("block2.add").inputs,
            (std::vector<std::string>{"block2.bn2", "block2.shortcut.bn"}));
  EXPECT_EQ(network.node("block1.add").inputs, (std::vector<std::string>{"block1.bn2", "relu1"}));
}

TEST(Zoo, EveryNameMakesANetworkForSmallGreyImagesToo) {
  for (const std::string& name : zoo_names()) {
    SCOPED_TRACE(name);
    const Network network = make_network(name, {1, 28, 28}, 7, 1);
    EXPECT_EQ(network.name, name);
    EXPECT_EQ(infer_shapes(network).at(network.output_name), (Shape{7, 1, 1}));
  }
}

TEST(Zoo, InitialisesFromTheSeedAlone) {
  const auto first_weights = [](std::uint64_t seed) {
    Network network = make_network("resnet8", kCifar, 10, seed);
    return std::get<Conv>(network.node("conv1").op).weight;
  };
  EXPECT_EQ(first_weights(5), first_weights(5));
  EXPECT_NE(first_weights(5), first_weights(6));
}

TEST(Zoo, DrawsConvolutionsFromTheHeNormalOfTheirFanOut) {
  const Network network = make_network("resnet20", kCifar, 10, 3);
  const auto weights = weight_values(network.node("block9.conv2"));
  double sum = 0.0;
  double squares = 0.0;
  for (const float w : weights) {
    sum += w;
    squares += double{w} * w;
  }
  const auto n = static_cast<double>(weights.size());
  const double deviation = std::sqrt(2.0 / (64 * 9));
  EXPECT_NEAR(sum / n, 0.0, 4.0 * deviation / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), deviation, 4.0 * deviation / std::sqrt(2.0 * n));
}

TEST(Zoo, RefusesAnUnknownNameListingTheKnownOnes) {
  try {
    make_network("resnet9", kCifar, 10, 1);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "no network is called resnet9; known: linear, resnet8, resnet20, vgg8");
  }
}

TEST(Zoo, RefusesImpossibleSizes) {
  EXPECT_THROW(make_network("resnet8", {3, 0, 32}, 10, 1), InputError);
  EXPECT_THROW(make_network("resnet8", kCifar, 1, 1), InputError);
  EXPECT_THROW(make_network("vgg8", {3, 4, 4}, 10, 1), InputError);
}

}  // namespace
}  // namespace crossloop::network
