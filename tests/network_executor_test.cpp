#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/network/zoo.hpp"

namespace crossloop::network {
namespace {

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(rng()) * 0x1p-31F - 1.0F;
  return values;
}

/// One node between input and output.
Network single(Shape input, Operator op) {
  Network network;
  network.name = "single";
  network.output_name = "output";
  network.input_shape = input;
  network.nodes = {{"node", std::move(op), {"input"}, "output", {}}};
  return network;
}

/// Reads one pixel, `outside` beyond the edge; no arithmetic shared with the executor.
float pixel(const std::vector<float>& x, const Shape& s, int n, int c, int y, int x_at,
            float outside) {
  if (y < 0 || y >= s.height || x_at < 0 || x_at >= s.width) return outside;
  return x[static_cast<std::size_t>(((n * s.channels + c) * s.height + y) * s.width + x_at)];
}

std::vector<float> naive_conv(const std::vector<float>& x, int batch, const Shape& s,
                              const Conv& op) {
  const Window& w = op.window;
  std::vector<float> result;
  for (int n = 0; n < batch; ++n) {
    for (int o = 0; o < op.out_channels; ++o) {
      for (int y = 0; y < w.out_height(s.height); ++y) {
        for (int z = 0; z < w.out_width(s.width); ++z) {
          double sum = op.bias.empty() ? 0.0 : op.bias[static_cast<std::size_t>(o)];
          std::size_t k = static_cast<std::size_t>(o * op.in_channels * w.kernel_h * w.kernel_w);
          for (int c = 0; c < op.in_channels; ++c) {
            for (int i = 0; i < w.kernel_h; ++i) {
              for (int j = 0; j < w.kernel_w; ++j, ++k) {
                sum += double{op.weight[k]} *
                       pixel(x, s, n, c, y * w.stride_h + i * w.dilation_h - w.pad_top,
                             z * w.stride_w + j * w.dilation_w - w.pad_left, 0.0F);
              }
            }
          }
          result.push_back(static_cast<float>(sum));
        }
      }
    }
  }
  return result;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-4 * (1.0 + std::abs(expected[i]))) << "value " << i;
  }
}

TEST(Executor, ConvolvesAsANaiveLoopDoes) {
  const std::vector<Window> windows = {
      {},
      {.stride_h = 2, .stride_w = 2},
      {.kernel_h = 3, .kernel_w = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1},
      {.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 3, .pad_top = 2, .pad_right = 1},
      {.kernel_h = 2,
       .kernel_w = 3,
       .pad_left = 3,
       .pad_bottom = 2,
       .dilation_h = 3,
       .dilation_w = 2},
      {.kernel_h = 7, .kernel_w = 6}};
  const Shape input = {3, 7, 6};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    SCOPED_TRACE("window " + std::to_string(i));
    const auto weights =
        static_cast<std::size_t>(4 * 3 * windows[i].kernel_h * windows[i].kernel_w);
    const Conv op{.in_channels = 3,
                  .out_channels = 4,
                  .window = windows[i],
                  .weight = random_floats(weights, 11),
                  .bias = i % 2 == 0 ? random_floats(4, 12) : std::vector<float>{}};
    const auto x = random_floats(static_cast<std::size_t>(5 * input.size()), 13);
    expect_near(run(single(input, op), x, 5), naive_conv(x, 5, input, op));
  }
}

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

TEST(Executor, PoolsAsANaiveLoopDoes) {
  const Window w{.kernel_h = 3,
                 .kernel_w = 2,
                 .stride_h = 2,
                 .stride_w = 1,
                 .pad_top = 2,
                 .pad_left = 1,
                 .pad_bottom = 1};
  const Shape s = {2, 5, 4};
  const auto x = random_floats(static_cast<std::size_t>(2 * s.size()), 21);
  std::vector<float> largest, mean, mean_with_padding;
  for (int plane = 0; plane < 4; ++plane) {
    for (int y = 0; y < w.out_height(5); ++y) {
      for (int z = 0; z < w.out_width(4); ++z) {
        float top = -2.0F, sum = 0.0F;
        int inside = 0;
        for (int tap = 0; tap < 6; ++tap) {
          const float v = pixel(x, s, plane / 2, plane % 2, y * 2 + tap / 2 - 2, z + tap % 2 - 1,
                                std::numeric_limits<float>::quiet_NaN());
          if (std::isnan(v)) continue;
          top = std::max(top, v);
          sum += v;
          ++inside;
        }
        largest.push_back(top);
        mean.push_back(sum / static_cast<float>(inside));
        mean_with_padding.push_back(sum / 6.0F);
      }
    }
  }
  EXPECT_EQ(run(single(s, MaxPool{w}), x, 2), largest);
  expect_near(run(single(s, AveragePool{w, false}), x, 2), mean);
  expect_near(run(single(s, AveragePool{w, true}), x, 2), mean_with_padding);
}

TEST(Executor, SpacesTheTapsOfADilatedMaxPool) {
  const Window w{.kernel_h = 1, .kernel_w = 2, .dilation_w = 2};
  EXPECT_EQ(run(single({1, 1, 4}, MaxPool{w}), std::vector<float>{1, 9, 3, 2}, 1),
            (std::vector<float>{3, 9}));
}

TEST(Executor, GivesEachImageTheSameResultInAnyBatch) {
  const Network network = make_network("resnet8", {3, 16, 16}, 10, 1);
  const auto size = static_cast<std::size_t>(network.input_shape.size());
  const auto x = random_floats(7 * size, 31);
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
