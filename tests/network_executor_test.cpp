#include <gmock/gmock.h>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/network/zoo.hpp"
#include "tests/operator_checks.hpp"

namespace crossloop::network {
namespace {

using tests::random_floats;

Network single(Shape input, Operator op) { return tests::network_of(std::move(op), {input}); }

TEST(Executor, MultipliesALinearLayer) {
  const Linear op{
      .in_features = 2, .out_features = 3, .weight = {1, 2, 3, 4, 5, 6}, .bias = {10, 20, 30}};
  EXPECT_EQ(run(single({2, 1, 1}, op), std::vector<float>{1, -1, 0, 2}, 2),
            (std::vector<float>{9, 19, 29, 14, 28, 42}));
}

TEST(Executor, NormalisesEachChannel) {
  const BatchNorm op{.epsilon = 0.75F,
                     .gamma = {2, 3},
                     .beta = {1, -1},
                     .mean = {5, 0},
                     .variance = {0.25F, 8.25F}};
  EXPECT_EQ(run(single({2, 1, 2}, op), std::vector<float>{5, 6, 3, -3}, 1),
            (std::vector<float>{1, 3, 2, -4}));
}

TEST(Executor, RectifiesAddsFlattensAndAverages) {
  EXPECT_EQ(run(single({1, 1, 3}, Relu{}), std::vector<float>{-1, 0, 2}, 1),
            (std::vector<float>{0, 0, 2}));
  EXPECT_EQ(run(single({2, 1, 2}, GlobalAveragePool{}), std::vector<float>{1, 2, 3, 6}, 1),
            (std::vector<float>{1.5F, 4.5F}));
  EXPECT_EQ(run(single({1, 2, 2}, Flatten{}), std::vector<float>{1, 2, 3, 4}, 1),
            (std::vector<float>{1, 2, 3, 4}));
  Network add = single({1, 1, 2}, Relu{});
  add.nodes.push_back({"add", Add{}, {"output", "input"}, "sum", {}});
  add.output_name = "sum";
  EXPECT_EQ(run(add, std::vector<float>{-1, 2}, 1), (std::vector<float>{-1, 4}));
}

TEST(Executor, GivesEachImageTheSameResultInAnyBatch) {
  const Network network = make_network("resnet8", {3, 16, 16}, 10, 1);
  const auto size = static_cast<std::size_t>(network.input_shape.size());
  const auto x = random_floats(7 * network.input_shape.size(), 31);
  const auto together = run(network, x, 7);
  const auto alone = run(network, std::span(x).subspan(4 * size, size), 1);
  EXPECT_EQ(std::vector<float>(together.begin() + 40, together.begin() + 50), alone);
}

TEST(Executor, ShowsEveryValueToTheObserverInOrder) {
  Network network = single({1, 1, 2}, Relu{});
  network.nodes.push_back({"flatten", Flatten{}, {"output"}, "flat", {}});
  network.output_name = "flat";
  std::vector<std::string> seen;
  run(network, std::vector<float>{-1, 2, 3, -4}, 2,
      [&](const std::string& value, const Shape& shape, int batch, std::span<const float> content) {
        seen.push_back(value + to_string(shape) + std::to_string(batch) + ":" +
                       std::to_string(content[0]).substr(0, 4));
      });
  EXPECT_EQ(seen, (std::vector<std::string>{"input[1, 1, 2]2:-1.0", "output[1, 1, 2]2:0.00",
                                            "flat[2, 1, 1]2:0.00"}));
}

TEST(Executor, TakesOneBatchPerInputAndShowsThemToTheObserver) {
  Network network = tests::network_of(Concat{1}, {{1, 1, 1}, {2, 1, 1}, {1, 1, 1}});
  network.nodes[0].inputs = {"input2", "input", "input1"};
  const std::vector<float> first = {1, 10}, second = {2, 3, 20, 30}, third = {4, 40};
  const std::vector<std::span<const float>> inputs = {first, second, third};
  std::vector<std::string> seen;
  const auto observe = [&](const std::string& value, const Shape&, int,
                           std::span<const float> content) {
    seen.push_back(value + std::to_string(content.size()));
  };
  EXPECT_THAT(run(network, inputs, 2, observe), ::testing::ElementsAre(4, 1, 2, 3, 40, 10, 20, 30));
  EXPECT_THAT(seen, ::testing::ElementsAre("input2", "input14", "input22", "output8"));
}

TEST(Executor, RefusesInputsThatDoNotFitTheNetwork) {
  const Network network = tests::network_of(Add{}, {{2, 1, 1}, {2, 1, 1}});
  const std::vector<float> x(4), shorter(3);
  const auto refusal = [&](const std::vector<std::span<const float>>& inputs) {
    try {
      run(network, inputs, 2);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal({x, x}), "accepted");
  EXPECT_EQ(refusal({x}), "network single: 1 inputs given, it has 2: input, input1");
  EXPECT_EQ(refusal({x, shorter}),
            "network single, input input1: 3 values, expected a batch of 2 times [2, 1, 1]");
  EXPECT_THROW(run(network, x, 2), InputError);
}

TEST(Executor, KeepsAnInputThatIsItsOutput) {
  Network network = single({1, 1, 2}, Relu{});
  network.output_name = "input";
  EXPECT_EQ(run(network, std::vector<float>{-1, 2}, 1), (std::vector<float>{-1, 2}));
}

TEST(Executor, RefusesAnInputOfTheWrongSize) {
  const Network network = single({1, 1, 2}, Relu{});
  EXPECT_THROW(run(network, std::vector<float>(3), 2), InputError);
  EXPECT_THROW(run(network, std::vector<float>(), 0), InputError);
}

data::Dataset two_images() {
  return {.name = "two",
          .count = 2,
          .height = 1,
          .width = 2,
          .channels = 2,
          .classes = 2,
          .pixels = {0, 255, 51, 102, 255, 0, 255, 0},
          .labels = {1, 1}};
}

TEST(Normalise, TurnsPixelsIntoChannelPlanes) {
  Network network = single({2, 1, 2}, Relu{});
  EXPECT_THAT(normalise(network, two_images(), 0, 1),
              ::testing::Pointwise(::testing::FloatEq(), {0.0F, 0.2F, 1.0F, 0.4F}));
  network.normalisation = {.mean = {0.2F, 0.0F}, .std = {0.5F, 0.25F}};
  EXPECT_THAT(normalise(network, two_images(), 1, 1),
              ::testing::Pointwise(::testing::FloatEq(), {1.6F, 1.6F, 0.0F, 0.0F}));
}

TEST(Normalise, RefusesImagesOfAnotherShapeOrBeyondTheEnd) {
  EXPECT_THROW(normalise(single({1, 1, 2}, Relu{}), two_images(), 0, 1), InputError);
  EXPECT_THROW(normalise(single({2, 1, 2}, Relu{}), two_images(), 1, 2), InputError);
  EXPECT_THROW(normalise(single({2, 1, 2}, Relu{}), two_images(), -1, 1), InputError);
}

TEST(Accuracy, CountsTheImagesWhoseLargestOutputIsTheirLabel) {
  // The channel means are (0.1, 0.7) and (1, 0): classes 1 and 0, the labels say 1 and 1.
  const Network network = single({2, 1, 2}, GlobalAveragePool{});
  EXPECT_DOUBLE_EQ(accuracy(network, two_images(), 1), 0.5);
  EXPECT_DOUBLE_EQ(accuracy(network, two_images(), 50), 0.5);
}

TEST(Accuracy, RefusesAnEmptySetOrMoreClassesThanOutputs) {
  const Network network = single({2, 1, 2}, GlobalAveragePool{});
  data::Dataset images = two_images();
  images.classes = 3;
  EXPECT_THROW(accuracy(network, images), InputError);
  images = two_images();
  images.count = 0;
  EXPECT_THROW(accuracy(network, images), InputError);
}

}  // namespace
}  // namespace crossloop::network
