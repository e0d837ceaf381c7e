// LibTorch against the plain Eigen executor.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/network/zoo.hpp"
#include "pruning/train.hpp"
#include "tests/tiny_training.hpp"
#include "tests/torch_against_executor.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

using tests::expect_equal_to_executor;
using tests::single;

network::Window lopsided() {
  network::Window window = tests::square_window(3, 2, 0);
  window.pad_top = 1;
  window.pad_right = 2;
  window.stride_w = 1;
  return window;
}

TEST(TorchForward, EqualsTheExecutorOnResNet8) {
  network::Network net = network::make_network("resnet8", {3, 32, 32}, 10, 5);
  std::mt19937 rng(3);
  for (network::Node& node : net.nodes) {
    if (auto* norm = std::get_if<network::BatchNorm>(&node.op)) {
      *norm = tests::random_norm(static_cast<int>(norm->gamma.size()), rng);
    }
  }
  expect_equal_to_executor(net, 3, 1);
}

TEST(TorchForward, EqualsTheExecutorOnASkipConnectionAroundARelu) {
  expect_equal_to_executor(tests::tiny_network(), 5, 2);
}

TEST(TorchForward, EqualsTheExecutorOnConvolutionsOfEveryGeometry) {
  std::mt19937 rng(4);
  network::Window dilated = tests::square_window(3, 1, 2);
  dilated.dilation_h = dilated.dilation_w = 2;
  network::Window flat = tests::square_window(1, 2, 0);
  flat.kernel_w = 5;
  flat.pad_left = flat.pad_right = 2;
  for (const auto& window : {tests::square_window(3, 2, 1), dilated, flat, lopsided()}) {
    network::Conv conv = tests::random_conv(3, 5, window, rng);
    conv.bias = tests::random_floats(5, 1.0F, rng);
    expect_equal_to_executor(single(conv, {3, 9, 8}), 2, 5);
  }
}

TEST(TorchForward, EqualsTheExecutorOnPoolsOfEveryGeometry) {
  for (const auto& window : {tests::square_window(2, 2, 0), tests::square_window(3, 2, 1),
                             tests::square_window(3, 1, 2), lopsided()}) {
    if (2 * window.pad_left <= window.kernel_w || window.pad_left != window.pad_right) {
      expect_equal_to_executor(single(network::AveragePool{window, false}, {4, 8, 9}), 2, 6);
    }
    expect_equal_to_executor(single(network::AveragePool{window, true}, {4, 8, 9}), 2, 7);
    expect_equal_to_executor(single(network::MaxPool{window}, {4, 8, 9}), 2, 8);
  }
}

TEST(TorchForward, LeavesAValueAloneThatIsReadTwice) {
  // The Relu must not overwrite the batch norm's output, which the sum reads as well.
  network::Network net = tests::tiny_network();
  net.node("add").inputs = {"bn2.out", "bn1.out"};
  expect_equal_to_executor(net, 2, 9);
}

TEST(TorchForward, RefusesAnInputOfAnotherSize) {
  const network::Network net = tests::tiny_network();
  const std::vector<float> input(100);
  EXPECT_THAT([&] { forward(net, input, 1); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("100"), HasSubstr("192"))));
  EXPECT_THROW(forward(net, {}, 0), InputError);
}

TEST(TorchForward, RefusesADilatedAveragePool) {
  network::Window window = tests::square_window(2, 1, 0);
  window.dilation_h = 2;
  const network::Network net = single(network::AveragePool{window, false}, {1, 8, 8});
  EXPECT_THAT([&] { forward(net, std::vector<float>(64), 1); },
              ThrowsMessage<InputError>(HasSubstr("node node")));
}

TEST(TorchEvaluate, EqualsTheExecutorsAccuracyForAnyBatch) {
  const network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(50);
  const double expected = network::accuracy(net, images);
  EXPECT_EQ(evaluate(net, images, 50), expected);
  EXPECT_EQ(evaluate(net, images, 7, 1), expected);
}

}  // namespace
}  // namespace crossloop::pruning
