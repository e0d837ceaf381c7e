#include "host/network/zoo.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "host/error.hpp"
#include "host/network/executor.hpp"

namespace crossloop::network {
namespace {

constexpr Shape kCifar = {3, 32, 32};
constexpr Shape kImageNet = {3, 224, 224};

/// The parameters of a network for `classes` classes.
struct Published {
  const char* name;
  int classes;
  std::int64_t parameters;
};

// Weights are not drawn: the largest of these networks has 138 million.
void expect_parameters(const Shape& input, const std::vector<Published>& networks) {
  for (const auto& [name, classes, parameters] : networks) {
    SCOPED_TRACE(name);
    const NetworkPlan plan = plan_network(name, input, classes);
    EXPECT_EQ(plan.parameters, parameters);
    EXPECT_EQ(plan.shapes.at(plan.network.output_name), (Shape{classes, 1, 1}));
  }
}

TEST(Zoo, ImageNetNetworksHaveThePublishedParameterCounts) {
  // torchvision's documentation of its weights; mobilenet_v1 as Keras counts its trainable ones.
  expect_parameters(kImageNet, {{"alexnet", 1000, 61100840},
                                {"mobilenet_v1", 1000, 4231976},
                                {"mobilenet_v2", 1000, 3504872},
                                {"resnet18", 1000, 11689512},
                                {"resnet50", 1000, 25557032},
                                {"squeezenet1_1", 1000, 1235496},
                                {"vgg11", 1000, 132863336},
                                {"vgg11_bn", 1000, 132868840},
                                {"vgg13", 1000, 133047848},
                                {"vgg13_bn", 1000, 133053736},
                                {"vgg16", 1000, 138357544},
                                {"vgg16_bn", 1000, 138365992}});
}

TEST(Zoo, CifarNetworksHaveThePublishedParameterCounts) {
  // The ResNets of option A as akamaster/pytorch_resnet_cifar10 counts them; others as common
  // adaptations for CIFAR-10 do (kuangliu/pytorch-cifar, bearpaw/pytorch-classification).
  expect_parameters(kCifar, {{"alexnet", 10, 2472266},
                             {"lenet5", 10, 62006},
                             {"mobilenet_v1", 10, 3217226},
                             {"mobilenet_v2", 10, 3504872 - 1281 * 990},
                             {"resnet18", 10, 11173962},
                             {"resnet20_a", 10, 269722},
                             {"resnet32_a", 10, 464154},
                             {"resnet50", 10, 23520842},
                             {"resnet56_a", 10, 853018},
                             {"squeezenet1_1", 10, 1235496 - 513 * 990},
                             {"vgg11", 10, 9225610},
                             {"vgg16_bn", 10, 14728266}});
  // Ours: the sums of their layers.
  expect_parameters(kCifar, {{"vgg8", 10, 814570},
                             {"vgg8_w64", 10, 3249098},
                             {"vgg8_w128", 10, 12978058},
                             {"vgg11_w32", 10, 2308810},
                             {"vgg11_w32_bn", 10, 2311562}});
  expect_parameters({1, 28, 28}, {{"lenet5", 10, 61706}});
  expect_parameters({1, 32, 32}, {{"lenet5", 10, 61706}});
}

TEST(Zoo, ProjectionsAddTheirWeightsToOptionA) {
  constexpr int kProjections = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
  for (const int layers : {8, 14, 20, 32, 56}) {
    const std::string name = "resnet" + std::to_string(layers);
    EXPECT_EQ(plan_network(name, kCifar, 10).parameters,
              plan_network(name + "_a", kCifar, 10).parameters + kProjections);
  }
}

TEST(Zoo, PlansWhatItMakes) {
  for (const char* name : {"lenet5", "resnet8", "resnet14_a", "vgg8", "squeezenet1_1"}) {
    SCOPED_TRACE(name);
    const NetworkPlan plan = plan_network(name, kCifar, 10);
    const Network network = make_network(name, kCifar, 10, 1);
    EXPECT_EQ(plan.parameters, count_parameters(network).parameters);
    EXPECT_EQ(plan.shapes, infer_shapes(network));
  }
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

TEST(Zoo, EveryNameMakesANetworkForGreyImagesToo) {
  for (const std::string& name : zoo_names()) {
    SCOPED_TRACE(name);
    const NetworkPlan plan = plan_network(name, {1, 32, 32}, 7);
    EXPECT_EQ(plan.network.name, name);
    EXPECT_EQ(plan.shapes.at(plan.network.output_name), (Shape{7, 1, 1}));
  }
}

TEST(Zoo, EverySmallNetworkScoresACifarImage) {
  const std::vector<float> image(static_cast<std::size_t>(kCifar.size()), 0.5F);
  int networks = 0;
  for (const std::string& name : zoo_names()) {
    if (plan_network(name, kCifar, 10).parameters > 1000000) continue;
    SCOPED_TRACE(name);
    ++networks;
    const std::vector<float> scores = run(make_network(name, kCifar, 10, 1), image, 1);
    EXPECT_EQ(scores.size(), 10U);
    EXPECT_GT(*std::max_element(scores.begin(), scores.end()),
              *std::min_element(scores.begin(), scores.end()));
    for (const float score : scores) EXPECT_TRUE(std::isfinite(score));
  }
  EXPECT_EQ(networks, 14);
}

TEST(Zoo, ShrinksSmallImagesLessThanLargeOnes) {
  const auto shape = [](const std::string& name, const Shape& input, const std::string& value) {
    return to_string(plan_network(name, input, 10).shapes.at(value));
  };
  EXPECT_EQ(shape("resnet18", kCifar, "layer1.0.relu2"), "[64, 32, 32]");
  EXPECT_EQ(shape("resnet18", kImageNet, "layer1.0.relu2"), "[64, 56, 56]");
  EXPECT_EQ(shape("resnet18", {3, 64, 64}, "layer4.1.relu2"), "[512, 2, 2]");
  EXPECT_EQ(shape("resnet50", kCifar, "layer4.2.relu3"), "[2048, 4, 4]");
  EXPECT_EQ(shape("resnet50", kImageNet, "layer4.2.relu3"), "[2048, 7, 7]");
  EXPECT_EQ(shape("mobilenet_v1", kCifar, "block13.pointwise.relu"), "[1024, 2, 2]");
  EXPECT_EQ(shape("mobilenet_v1", kImageNet, "block13.pointwise.relu"), "[1024, 7, 7]");
  EXPECT_EQ(shape("mobilenet_v2", kCifar, "head.relu"), "[1280, 4, 4]");
  EXPECT_EQ(shape("mobilenet_v2", kImageNet, "head.relu"), "[1280, 7, 7]");
  EXPECT_EQ(shape("squeezenet1_1", kCifar, "relu10"), "[10, 4, 4]");
  EXPECT_EQ(shape("squeezenet1_1", kImageNet, "relu10"), "[10, 13, 13]");
}

TEST(Zoo, PadsTheShortcutsOfOptionA) {
  const Network network = plan_network("resnet8_a", kCifar, 10).network;
  EXPECT_EQ(network.node("block2.add").inputs,
            (std::vector<std::string>{"block2.bn2", "block2.shortcut.pad"}));
  const auto& slice = std::get<Slice>(network.node("block2.shortcut.slice").op);
  EXPECT_EQ(slice.step, (std::array{1, 2, 2}));
  EXPECT_EQ(slice.count, (std::array{16, 16, 16}));
  const auto& pad = std::get<Pad>(network.node("block2.shortcut.pad").op);
  EXPECT_EQ(pad.before, (std::array{8, 0, 0}));
  EXPECT_EQ(pad.after, (std::array{8, 0, 0}));
  EXPECT_EQ(network.node("block1.add").inputs, (std::vector<std::string>{"block1.bn2", "relu1"}));
  EXPECT_EQ(plan_network("resnet8_a", {3, 33, 31}, 10).shapes.at("block2.add"),
            (Shape{32, 17, 16}));
}

TEST(Zoo, ConvolvesEachChannelByItselfInMobileNets) {
  const auto conv = [](const std::string& name, const std::string& node) {
    return std::get<Conv>(plan_network(name, kImageNet, 10).network.node(node).op);
  };
  EXPECT_EQ(conv("mobilenet_v1", "block2.depthwise.conv").groups, 64);
  EXPECT_EQ(conv("mobilenet_v2", "block2.depthwise.conv").groups, 96);
  EXPECT_EQ(conv("mobilenet_v2", "block2.project.conv").groups, 1);
}

TEST(Zoo, AddsTheInputOfAnInvertedResidualOfTheSameShape) {
  const Network network = plan_network("mobilenet_v2", kImageNet, 10).network;
  const auto is_add = [](const Node& node) { return std::holds_alternative<Add>(node.op); };
  EXPECT_EQ(std::count_if(network.nodes.begin(), network.nodes.end(), is_add), 10);
  EXPECT_EQ(network.node("block3.add").inputs,
            (std::vector<std::string>{"block2.project.bn", "block3.project.bn"}));
}

TEST(Zoo, GivesTheSameWeightsAsEver) {
  const auto first_and_last = [](const Network& network, const std::string& node) {
    const auto weights = weight_values(network.node(node));
    return std::vector<float>{weights.front(), weights.back()};
  };
  const auto are = [](float first, float last) {
    return ::testing::Pointwise(::testing::FloatNear(1e-7F), {first, last});
  };
  const Network resnet = make_network("resnet20", kCifar, 10, 5);
  EXPECT_THAT(first_and_last(resnet, "conv1"), are(0.1018169F, 0.0187636875F));
  EXPECT_THAT(first_and_last(resnet, "fc"), are(0.00941071752F, 0.0639405772F));
  const Network vgg = make_network("vgg8", kCifar, 10, 5);
  EXPECT_THAT(first_and_last(vgg, "conv6"), are(-0.00824941788F, 0.00660432549F));
  EXPECT_THAT(first_and_last(vgg, "fc2"), are(-0.0538159385F, -0.00454364717F));
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

/// What plan_network() says.
std::string refusal(const std::string& name, const Shape& input, int classes = 10) {
  try {
    plan_network(name, input, classes);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Zoo, RefusesAnUnknownNameListingTheKnownOnes) {
  EXPECT_EQ(refusal("resnet9", kCifar),
            "no network is called resnet9; known: alexnet, lenet5, linear, mobilenet_v1, "
            "mobilenet_v2, resnet14, resnet14_a, resnet18, resnet20, resnet20_a, resnet32, "
            "resnet32_a, resnet50, resnet56, resnet56_a, resnet8, resnet8_a, squeezenet1_1, vgg11, "
            "vgg11_bn, vgg11_w32, vgg11_w32_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg8, "
            "vgg8_w128, vgg8_w64");
}

TEST(Zoo, RefusesImpossibleSizes) {
  EXPECT_THROW(make_network("resnet8", {3, 0, 32}, 10, 1), InputError);
  EXPECT_THROW(make_network("resnet8", kCifar, 1, 1), InputError);
}

TEST(Zoo, RefusesSizesThatItsNetworksDoNotTakeNamingThoseTheyDo) {
  EXPECT_EQ(refusal("vgg8", {3, 8, 4}),
            "network vgg8: input [3, 8, 4], expected at least 8 pixels a side");
  EXPECT_EQ(refusal("lenet5", {1, 28, 32}),
            "network lenet5: input [1, 28, 32], expected 28 or 32 pixels a side");
  EXPECT_EQ(refusal("vgg16_bn", {3, 64, 64}),
            "network vgg16_bn: input [3, 64, 64], expected 32 to 63 or 224 to 255 pixels a side");
  EXPECT_EQ(refusal("alexnet", {3, 28, 28}),
            "network alexnet: input [3, 28, 28], expected 29 to 63 or 223 to 254 pixels a side");
  for (const auto& [name, sides] : std::vector<std::pair<std::string, std::vector<int>>>{
           {"alexnet", {29, 63, 223, 254}},
           {"vgg11", {32, 63, 224, 255}},
           {"squeezenet1_1", {12, 63, 64, 255}}}) {
    SCOPED_TRACE(name);
    for (const int side : sides) EXPECT_EQ(refusal(name, {3, side, side}), "accepted") << side;
    EXPECT_NE(refusal(name, {3, sides[0] - 1, sides[0]}), "accepted");
  }
  // At its ends the range of alexnet gives the published count: 6x6 pixels reach the classifier.
  expect_parameters({3, 223, 254}, {{"alexnet", 1000, 61100840}});
  expect_parameters({3, 224, 255}, {{"vgg11", 1000, 132863336}});
}

}  // namespace
}  // namespace crossloop::network
