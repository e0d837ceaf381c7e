#include "host/runtime/gather.hpp"

#include <gtest/gtest.h>

#include "tests/random_pages.hpp"

namespace crossloop::runtime {
namespace {

using testing_support::draw;

/// A deployment of one convolution over random windows.
compiler::Deployment random_convolution(std::mt19937& rng) {
  compiler::Layer layer;
  const network::Shape in{draw(rng, 1, 20), draw(rng, 3, 12), draw(rng, 3, 12)};
  auto& w = layer.window;
  w.kernel_h = draw(rng, 1, 3), w.kernel_w = draw(rng, 1, 3);
  w.stride_h = draw(rng, 1, 3), w.stride_w = draw(rng, 1, 3);
  w.dilation_h = draw(rng, 1, 2), w.dilation_w = draw(rng, 1, 2);
  w.pad_top = draw(rng, 0, 2), w.pad_left = draw(rng, 0, 2);
  w.pad_bottom = draw(rng, 2, 4), w.pad_right = draw(rng, 2, 4);
  const auto outputs = [](int size, int padding, int kernel, int dilation, int stride) {
    return (size + padding - (kernel - 1) * dilation - 1) / stride + 1;
  };
  const network::Shape out{
      4, outputs(in.height, w.pad_top + w.pad_bottom, w.kernel_h, w.dilation_h, w.stride_h),
      outputs(in.width, w.pad_left + w.pad_right, w.kernel_w, w.dilation_w, w.stride_w)};
  layer.inputs = {0};
  layer.output = 1;
  layer.outputs = out.channels;
  layer.inputs_per_output = in.channels * w.kernel_h * w.kernel_w;
  for (int c = 0; c < in.channels; ++c) layer.pad_values.push_back(draw(rng, 0, 255));
  compiler::Deployment deployment;
  deployment.tensors = {{.name = "in", .shape = in}, {.name = "out", .shape = out}};
  deployment.layers = {layer};
  return deployment;
}

TEST(Gather, TakesEveryWindowInIm2colOrder) {
  const int seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("replay with --gtest_random_seed=" + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int round = 0; round < 200; ++round) {
    const compiler::Deployment deployment = random_convolution(rng);
    const compiler::Layer& layer = deployment.layers[0];
    const network::Shape& in = deployment.tensors[0].shape;
    const network::Shape& out = deployment.tensors[1].shape;
    const network::Window& w = layer.window;
    Activations activations;
    activations.images = draw(rng, 1, 9);
    activations.tensors = {testing_support::random_bytes(
        static_cast<std::size_t>(activations.images * in.size()), rng)};
    std::vector<std::uint8_t> expected;
    for (int place = 0; place < activations.images * out.height * out.width; ++place) {
      const int image = place / (out.height * out.width);
      for (int i = 0; i < layer.inputs_per_output; ++i) {
        const int c = i / (w.kernel_h * w.kernel_w);
        const int y = place / out.width % out.height * w.stride_h - w.pad_top +
                      i / w.kernel_w % w.kernel_h * w.dilation_h;
        const int x = place % out.width * w.stride_w - w.pad_left + i % w.kernel_w * w.dilation_w;
        const bool inside = y >= 0 && y < in.height && x >= 0 && x < in.width;
        const int pixel = ((image * in.height + y) * in.width + x) * in.channels + c;
        expected.push_back(
            inside ? activations.tensors[0][static_cast<std::size_t>(pixel)]
                   : static_cast<std::uint8_t>(layer.pad_values[static_cast<std::size_t>(c)]));
      }
    }
    ASSERT_EQ(gather_windows(deployment, 0, activations), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace crossloop::runtime
