// Operators of a network against their integer rules, written out by hand.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Deployment compile_for(network::Network network, const data::Dataset& images,
                       const TileFormat& tile = test_tile()) {
  return compile(network, tile, test_device(), images);
}

/// A convolution in groups of one channel: 3x3 weights n / 127, n an integer and 127 among them.
network::Network depthwise(int channels, int side) {
  network::Network network;
  network.name = "depthwise";
  network.input_shape = {channels, side, side};
  network::Conv conv{.in_channels = channels,
                     .out_channels = channels,
                     .window = {.kernel_h = 3, .kernel_w = 3},
                     .weight = {},
                     .bias = {},
                     .groups = channels};
  for (int i = 0; i < 9 * channels; ++i) {
    conv.weight.push_back(i % 9 == i / 9 % 9 ? 1.0F : static_cast<float>(i % 101 - 50) / 127.0F);
  }
  network.nodes = {{"dw", conv, {"input"}, "dw", {}}};
  network.output_name = "dw";
  return network;
}

/// Accumulators of the first layer, [image][position][channel].
std::vector<std::int32_t> first_accumulators(const Deployment& deployment,
                                             const data::Dataset& images) {
  auto backend = runtime::ideal_tiles(deployment);
  std::vector<std::int32_t> sums;
  runtime::run_images(deployment, backend, images, {}, [&](const runtime::LayerEvent& event) {
    if (event.layer == 0) sums.assign(event.accumulators.begin(), event.accumulators.end());
  });
  return sums;
}

TEST(CompileOperators, PacksADepthwiseConvolutionBlockDiagonally) {
  const network::Network network = depthwise(64, 3);
  const data::Dataset images = noisy_images(network.input_shape, 3, 1);
  const Deployment deployment = compile_for(network, images);
  // 576 inputs are 9 bands of 64 word lines; each touches 8 channels, as many as lie side by side.
  EXPECT_EQ(deployment.crossbars.size(), 9u);
  EXPECT_EQ(deployment.layers[0].groups, 64);
  EXPECT_EQ(deployment.layers[0].inputs_per_output, 576);
  const auto sums = first_accumulators(deployment, images);
  ASSERT_EQ(sums.size(), 3u * 64u);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t image = i / 64;
    const std::size_t channel = i % 64;
    std::int32_t expected = 0;
    for (std::size_t tap = 0; tap < 9; ++tap) {
      const int n = static_cast<int>(channel * 9 + tap) % 101 - 50;
      const int weight = tap == channel % 9 ? 127 : n;
      expected += weight * images.image(static_cast<int>(image))[tap * 64 + channel];
    }
    EXPECT_EQ(sums[i], expected) << "image " << image << ", channel " << channel;
  }
}

TEST(CompileOperators, GivesSemiFoldedGroupsTheSameSums) {
  network::Network network = depthwise(8, 5);
  network.nodes.push_back({"pool", network::GlobalAveragePool{}, {"dw"}, "pool", {}});
  network::Linear linear{.in_features = 8, .out_features = 2, .weight = {}, .bias = {}};
  linear.weight.assign(16, 0.5F);
  network.nodes.push_back({"fc", linear, {"pool"}, "fc", {}});
  network.output_name = "fc";
  const data::Dataset images = noisy_images(network.input_shape, 2, 1);
  CompileOptions options;
  options.placement.mapping = Mapping::kSemiFolded;
  network::Network copy = network;
  const Deployment semi = compile(copy, test_tile(), test_device(), images, options);
  EXPECT_EQ(semi.layers[0].mapping, Mapping::kSemiFolded);
  EXPECT_EQ(first_accumulators(semi, images),
            first_accumulators(compile_for(network, images), images));
}

TEST(CompileOperators, UpdatesTheWeightsOfAGroup) {
  network::Network network = depthwise(64, 3);
  const data::Dataset images = noisy_images(network.input_shape, 3, 1);
  Deployment deployment = compile(network, test_tile(), test_device(), images);
  float& weight = network::weight_of(network.nodes[0]).values[7 * 9 + 2];  // of row 65, band 1
  weight = 20.0F / 127.0F;
  EXPECT_EQ(update_weights(deployment, network), std::vector<std::int32_t>{1});
  EXPECT_EQ(deployment.layers[0].weights[7 * 576 + 65], 20);
}

}  // namespace
}  // namespace crossloop::compiler
