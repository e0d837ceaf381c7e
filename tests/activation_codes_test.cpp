// Activations rounded to the codes between the layers of a chip.
#include "pruning/activation_codes.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pruning/train.hpp"
#include "tests/chain_network.hpp"
#include "tests/input_error.hpp"
#include "tests/train_fixture.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;
using tests::Chain;

std::vector<float> random_image() {
  std::mt19937 rng(9);
  return tests::random_floats(3 * 64, 2.0F, rng);
}

/// What `value` of the network is for the random image.
std::vector<float> value_of(network::Network net, const std::string& value) {
  while (net.nodes.back().output != value) net.nodes.pop_back();
  net.output_name = value;
  return forward(net, random_image(), 1);
}

float rounded(float real, const ActivationCodes& codes) {
  const float code = std::nearbyint(real / codes.scale) + static_cast<float>(codes.zero);
  return codes.scale * (std::clamp(code, 0.0F, 255.0F) - static_cast<float>(codes.zero));
}

TEST(ActivationCodes, RoundAValueWhereItIsMade) {
  const network::Network net = tests::tiny_network();
  const ActivationCodes codes{"bn2.out", 0.125F, 100};
  const auto exact = value_of(net, "bn2.out");
  const auto found = value_of(with_activation_codes(net, {codes}), "bn2.out");
  ASSERT_EQ(found.size(), exact.size());
  float negative = 0.0F;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    ASSERT_FLOAT_EQ(found[i], rounded(exact[i], codes)) << i;
    negative = std::min(negative, found[i]);
  }
  EXPECT_LT(negative, 0.0F) << "codes below the zero point are negative values";
}

TEST(ActivationCodes, SaturateAtTheFirstAndTheLastCode) {
  const network::Network net = tests::tiny_network();
  const ActivationCodes codes{"bn2.out", 1e-3F, 100};
  const auto found = value_of(with_activation_codes(net, {codes}), "bn2.out");
  EXPECT_FLOAT_EQ(*std::min_element(found.begin(), found.end()), -0.1F);
  EXPECT_FLOAT_EQ(*std::max_element(found.begin(), found.end()), 0.155F);
}

/// relu1 is read by conv2 and by the sum.
TEST(ActivationCodes, AreReadByAll) {
  const ActivationCodes codes{"relu1.out", 0.5F, 0};
  const network::Network net = tests::tiny_network();
  const network::Network coded = with_activation_codes(net, {codes});
  const auto relu = value_of(net, "relu1.out");
  network::Network rest = net;
  rest.nodes.erase(rest.nodes.begin(), rest.nodes.begin() + 3);
  rest.input_name = "relu1.out";
  rest.input_shape = {8, 8, 8};
  rest.normalisation = {};
  std::vector<float> input;
  for (const float real : relu) input.push_back(rounded(real, codes));
  const auto expected = forward(rest, input, 1);
  const auto found = forward(coded, random_image(), 1);
  const auto exact = forward(net, random_image(), 1);
  double moved = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 1e-5);
    moved = std::max<double>(moved, std::abs(found[i] - exact[i]));
  }
  EXPECT_GT(moved, 1e-2);
}

TEST(ActivationCodes, KeepTheNodesTheirNamesAndTheirOrder) {
  const network::Network net = tests::tiny_network();
  const network::Network coded = with_activation_codes(
      net, {{"relu2.out", 0.1F, 0}, {"relu1.out", 0.1F, 0}, {"fc.out", 0.1F, 128}});
  std::vector<std::string> names;
  for (const network::Node& node : coded.nodes) names.push_back(node.name);
  EXPECT_THAT(names, ElementsAre("conv1", "bn1", "relu1", "relu1/codes", "conv2", "bn2", "add",
                                 "relu2", "relu2/codes", "pool", "flatten", "fc", "fc/codes"));
  EXPECT_EQ(coded.output_name, "fc.out");
  EXPECT_EQ(coded.nodes.back().output, "fc.out") << "also the output of the network is rounded";
  network::infer_shapes(coded);
  EXPECT_EQ(with_activation_codes(net, {}).nodes.size(), net.nodes.size());
}

TEST(ActivationCodes, LetTheGradientPass) {
  network::Network net = tests::tiny_network();
  network::Network coded = with_activation_codes(net, {{"relu1.out", 0.5F, 0}});
  const std::vector<float> before(network::weight_values(net.node("conv1")).begin(),
                                  network::weight_values(net.node("conv1")).end());
  TrainOptions step = tiny_options(1);
  step.weight_decay = 0.0;
  train(coded, tests::tiny_images(16), step);
  const auto after = network::weight_values(coded.node("conv1"));
  EXPECT_FALSE(std::equal(before.begin(), before.end(), after.begin()));
}

TEST(ActivationCodes, MustBeOfAValueThatANodeMakesAndOnce) {
  const network::Network net = tests::tiny_network();
  const auto refusal = [&](const std::vector<ActivationCodes>& codes) {
    return error_of([&] { with_activation_codes(net, codes); });
  };
  EXPECT_EQ(refusal({{"nothing", 1.0F, 0}}),
            "activation codes of value nothing: network tiny has no such value");
  EXPECT_THAT(refusal({{"input", 1.0F, 0}}), HasSubstr("value input"));
  EXPECT_THAT(refusal({{"relu1", 1.0F, 0}}), HasSubstr("value relu1: network tiny"));
  EXPECT_EQ(refusal({{"relu1.out", 1.0F, 0}, {"relu1.out", 2.0F, 0}}),
            "activation codes of value relu1.out: found twice, expected once");
}

TEST(TakeParameters, TakesAllThatTrainingMoved) {
  network::Network net = tests::tiny_network();
  network::Network coded = with_activation_codes(net, {{"relu1.out", 0.1F, 0}});
  train(coded, tests::tiny_images(32), tiny_options(1));
  ASSERT_NE(parameters_of(net), parameters_of(coded));
  const std::size_t nodes = net.nodes.size();
  take_parameters(net, coded);
  EXPECT_EQ(parameters_of(net), parameters_of(coded));
  EXPECT_EQ(net.nodes.size(), nodes);
  EXPECT_EQ(net.node("relu1").output, "relu1.out");
  EXPECT_THAT(net.node("conv2").inputs, ElementsAre("relu1.out"));
}

TEST(TakeParameters, RefusesACopyOfAnotherNetwork) {
  network::Network net = tests::tiny_network(), other = net;
  other.nodes.erase(other.nodes.begin() + 1);
  EXPECT_EQ(error_of([&] { take_parameters(net, other); }),
            "node bn1: not in the trained copy of tiny");
  other = net;
  other.node("relu2").op = network::Flatten{};
  EXPECT_EQ(error_of([&] { take_parameters(net, other); }),
            "node relu2: not in the trained copy of tiny");
}

}  // namespace
}  // namespace crossloop::pruning
