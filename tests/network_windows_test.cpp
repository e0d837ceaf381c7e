// Convolutions and pools of the float executor against the reference operators.
#include <gmock/gmock.h>

#include "tests/operator_checks.hpp"

namespace crossloop::tests {
namespace {

using network::AveragePool;
using network::MaxPool;
using network::Window;

constexpr network::Shape kInput = {6, 9, 8};

/// Kernels, strides, dilations and paddings, alike and unlike along the two axes.
std::vector<Window> conv_windows() {
  return {
      {},
      square(1, 2),
      square(3, 1, 1),
      square(3, 2, 1),
      square(5, 3, 2),
      {.kernel_h = 3, .kernel_w = 2, .stride_h = 2, .stride_w = 3, .pad_top = 2, .pad_right = 1},
      {.kernel_h = 2,
       .kernel_w = 3,
       .pad_left = 3,
       .pad_bottom = 2,
       .dilation_h = 3,
       .dilation_w = 2},
      {.kernel_h = 3,
       .kernel_w = 3,
       .stride_h = 2,
       .stride_w = 2,
       .pad_top = 1,
       .pad_left = 4,
       .pad_bottom = 3,
       .pad_right = 5,
       .dilation_h = 2,
       .dilation_w = 3},
      {.kernel_h = 1, .kernel_w = 1, .pad_top = 3, .pad_left = 2},
      {.kernel_h = 9, .kernel_w = 8}};
}

TEST(ExecutorConv, FollowsItsDefinitionForEveryWindowAndGroup) {
  const auto windows = conv_windows();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (const int groups : {1, 2, 3, 6}) {
      for (const int outputs : {6, 12}) {
        SCOPED_TRACE(testing::Message() << "window " << i << ", " << groups << " groups to "
                                        << outputs << " channels");
        const bool with_bias = (i + static_cast<std::size_t>(groups)) % 2 == 0;
        expect_reference(random_conv(6, outputs, windows[i], groups, with_bias), {kInput});
      }
    }
  }
}

TEST(ExecutorConv, UnfoldsInPiecesWhenTheImageIsLarge) {
  // 20 * 9 unfolded values per position of 40 x 40: more than one piece.
  expect_reference(random_conv(20, 2, square(3, 1, 1), 1, true), {{20, 40, 40}});
}

TEST(ExecutorConv, TakesOneInputChannel) {
  expect_reference(random_conv(1, 4, square(3, 1, 1), 1, true), {{1, 5, 7}});
}

/// Windows whose padding is smaller than their kernel, with and without a remainder on each side.
std::vector<Window> pool_windows() {
  return {
      {},
      square(2, 2),
      square(3, 2),
      square(3, 2, 1),
      square(2, 3, 1),
      square(5, 4, 2),
      {.kernel_h = 3,
       .kernel_w = 2,
       .stride_h = 2,
       .stride_w = 1,
       .pad_top = 2,
       .pad_left = 1,
       .pad_bottom = 1},
      {.kernel_h = 1, .kernel_w = 4, .stride_h = 2, .stride_w = 3, .pad_left = 3, .pad_right = 2},
      {.kernel_h = 4, .kernel_w = 3, .stride_h = 3, .stride_w = 4, .pad_bottom = 3},
      {.kernel_h = 9, .kernel_w = 8}};
}

const std::vector<network::Shape> kPoolInputs = {{2, 9, 8}, {1, 10, 11}, {3, 12, 9}};

TEST(ExecutorMaxPool, FollowsItsDefinitionForEveryWindow) {
  auto windows = pool_windows();
  windows.push_back({.kernel_h = 2,
                     .kernel_w = 3,
                     .stride_h = 2,
                     .stride_w = 2,
                     .pad_top = 1,
                     .pad_left = 2,
                     .pad_right = 1,
                     .dilation_h = 4,
                     .dilation_w = 3});
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (const bool ceil_mode : {false, true}) {
      SCOPED_TRACE(testing::Message() << "window " << i << ", ceil_mode " << ceil_mode);
      windows[i].ceil_mode = ceil_mode;
      for (const network::Shape& input : kPoolInputs)
        expect_reference(MaxPool{windows[i]}, {input});
    }
  }
}

TEST(ExecutorAveragePool, FollowsItsDefinitionForEveryWindow) {
  auto windows = pool_windows();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (const bool ceil_mode : {false, true}) {
      windows[i].ceil_mode = ceil_mode;
      for (const bool padded : {false, true}) {
        SCOPED_TRACE(testing::Message() << "window " << i << ", ceil_mode " << ceil_mode
                                        << ", count_include_pad " << padded);
        for (const network::Shape& input : kPoolInputs) {
          expect_reference(AveragePool{windows[i], padded}, {input});
        }
      }
    }
  }
}

TEST(ExecutorAveragePool, CountsPaddingButNotWhatCeilModeReachesBeyond) {
  // PyTorch: AvgPool2d(2, stride=2, padding=1, ceil_mode=True) along a row.
  Window w{.kernel_w = 2, .stride_w = 2, .pad_left = 1, .pad_right = 1};
  const std::vector<float> row = {1, 2, 3, 4};
  EXPECT_THAT(network::run(network_of(AveragePool{w, true}, {{1, 1, 4}}), row, 1),
              testing::ElementsAre(0.5F, 2.5F, 2.0F));
  EXPECT_THAT(network::run(network_of(AveragePool{w, false}, {{1, 1, 4}}), row, 1),
              testing::ElementsAre(1.0F, 2.5F, 4.0F));
  w = {.kernel_w = 3, .stride_w = 2, .ceil_mode = true};
  EXPECT_THAT(network::run(network_of(AveragePool{w, true}, {{1, 1, 4}}), row, 1),
              testing::ElementsAre(2.0F, 3.5F));
}

TEST(ExecutorGlobalPools, ReduceEachChannel) {
  expect_reference(network::GlobalAveragePool{}, {{5, 7, 3}});
  expect_reference(network::GlobalMaxPool{}, {{5, 7, 3}});
}

}  // namespace
}  // namespace crossloop::tests
