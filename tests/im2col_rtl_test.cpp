// rtl/im2col.v against runtime::gather_windows.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "Vim2col.h"
#include "host/runtime/gather.hpp"
#include "testbench/dut.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using compiler::Deployment;
using compiler::Layer;
using network::Shape;
using network::Window;
using testing_support::bench_seed;
using testing_support::chance;
using testing_support::draw;

/// One layer over random tensors, and where they lie in a memory.
struct Walk {
  Deployment deployment;
  runtime::Activations activations;
  int first_row = 0;  // output rows left out
  std::vector<std::uint8_t> memory;
  std::uint32_t base = 0, pad = 0;
  int per_image() const {
    const Shape& out = deployment.tensors[1].shape;
    return (out.height - first_row) * out.width;
  }
};

Window random_window(const Shape& in, std::mt19937& rng) {
  Window w;
  w.kernel_h = draw(rng, 1, 5);
  w.kernel_w = draw(rng, 1, 5);
  if (chance(rng, 20)) {  // a linear layer
    w.kernel_h = in.height;
    w.kernel_w = in.width;
  }
  w.stride_h = draw(rng, 1, 4);
  w.stride_w = draw(rng, 1, 4);
  w.pad_top = draw(rng, 0, 3);
  w.pad_left = draw(rng, 0, 3);
  w.pad_bottom = draw(rng, 0, 6);
  w.pad_right = draw(rng, 0, 6);
  return w;
}

/// Up to 2000 channels, rows or columns, and hardly any of the others.
Shape long_shape(std::mt19937& rng) {
  int sizes[] = {draw(rng, 1, 2), draw(rng, 1, 2), draw(rng, 1, 2)};
  sizes[rng() % 3] = draw(rng, 100, 2000);
  return {sizes[0], sizes[1], sizes[2]};
}

/// Kernels and strides up to their 8 bits; neighbours overlap by half at most, or the walk is
/// endless.
Window long_window(const Shape& in, std::mt19937& rng) {
  const auto kernel = [&rng](int size) {
    return chance(rng, 50) ? 1 : draw(rng, 1, std::min(size, 255));
  };
  const auto stride = [&rng](int length) {
    const int least = std::max(1, length / 2);
    return chance(rng, 50) ? least : draw(rng, least, 255);
  };
  Window w;
  w.kernel_h = kernel(in.height);
  w.kernel_w = kernel(in.width);
  w.stride_h = stride(w.kernel_h);
  w.stride_w = stride(w.kernel_w);
  w.pad_top = w.pad_left = draw(rng, 0, 3);
  return w;
}

Walk random_walk(std::mt19937& rng, bool is_long = false) {
  Walk walk;
  const Shape in =
      is_long ? long_shape(rng) : Shape{draw(rng, 1, 9), draw(rng, 1, 8), draw(rng, 1, 8)};
  Layer layer;
  layer.window = is_long ? long_window(in, rng) : random_window(in, rng);
  Shape out{1, 0, 0};
  do {
    out.height = layer.window.out_height(in.height);
    out.width = layer.window.out_width(in.width);
    if (out.height < 1 || out.width < 1) layer.window = random_window(in, rng);
  } while (out.height < 1 || out.width < 1);
  layer.inputs = {0};
  layer.output = 1;
  for (int c = 0; c < in.channels; ++c) layer.pad_values.push_back(draw(rng, 0, 255));
  walk.deployment.tensors = {{"in", in, 1.0, 0}, {"out", out, 1.0, 0}};
  walk.deployment.layers = {layer};
  walk.first_row = draw(rng, 0, out.height - 1);
  walk.activations.images = is_long ? draw(rng, 1, 10'000 / (in.size() + 3)) : draw(rng, 1, 3);
  walk.activations.tensors.resize(2);
  walk.memory.resize(4096 * 4);
  walk.base = static_cast<std::uint32_t>(draw(rng, 128, 1000) * 4);
  walk.pad = static_cast<std::uint32_t>(draw(rng, 3500, 4000 - in.channels / 4) * 4);
  for (int c = 0; c < in.channels; ++c) {
    walk.memory[walk.pad + static_cast<std::uint32_t>(c)] =
        static_cast<std::uint8_t>(layer.pad_values[static_cast<std::size_t>(c)]);
  }
  for (int image = 0; image < walk.activations.images; ++image) {
    for (int i = 0; i < in.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(rng());
      walk.activations.tensors[0].push_back(byte);
      const int place = image * ((in.size() + 3) / 4 * 4) + i;
      walk.memory[walk.base + static_cast<std::uint32_t>(place)] = byte;
    }
  }
  return walk;
}

class Im2colRtl : public ::testing::Test {
 protected:
  void start(const Walk& walk) {
    const Shape& in = walk.deployment.tensors[0].shape;
    const Shape& out = walk.deployment.tensors[1].shape;
    const Window& w = walk.deployment.layers[0].window;
    dut_->base_i = static_cast<SData>(walk.base);
    dut_->pad_i = static_cast<SData>(walk.pad);
    dut_->images_i = static_cast<SData>(walk.activations.images);
    dut_->height_i = static_cast<SData>(in.height);
    dut_->width_i = static_cast<SData>(in.width);
    dut_->channels_i = static_cast<SData>(in.channels);
    dut_->out_height_i = static_cast<SData>(out.height - walk.first_row);
    dut_->out_width_i = static_cast<SData>(out.width);
    dut_->kernel_h_i = static_cast<CData>(w.kernel_h);
    dut_->kernel_w_i = static_cast<CData>(w.kernel_w);
    dut_->stride_h_i = static_cast<CData>(w.stride_h);
    dut_->stride_w_i = static_cast<CData>(w.stride_w);
    dut_->pad_top_i = static_cast<CData>(w.pad_top);
    dut_->pad_left_i = static_cast<CData>(w.pad_left);
    dut_->first_row_i = static_cast<SData>(walk.first_row);
    dut_->start_i = 1;
    dut_.tick();
    dut_->start_i = 0;
    for (int i = 0; i < 7; ++i) {
      ASSERT_FALSE(dut_->valid_o);
      dut_.tick();
    }
    ASSERT_TRUE(dut_->valid_o);
  }

  /// Element `k` of window `position` of `image`, which ought to be `value`.
  void expect_element(const Walk& walk, int image, int position, int k, std::uint8_t value) {
    const Window& w = walk.deployment.layers[0].window;
    const Shape& in = walk.deployment.tensors[0].shape;
    const int taps = w.kernel_h * w.kernel_w;
    const bool window_end = k + 1 == in.channels * taps;
    const bool image_end = position + 1 == walk.per_image();
    ASSERT_TRUE(dut_->valid_o);
    ASSERT_EQ(walk.memory.at(dut_->addr_o), value)
        << "image " << image << ", window " << position << ", element " << k;
    ASSERT_EQ(dut_->channel_end_o, (k + 1) % taps == 0);
    ASSERT_EQ(dut_->window_end_o, window_end);
    ASSERT_EQ(dut_->image_end_o, image_end);
    ASSERT_EQ(dut_->last_o, image_end && image + 1 == walk.activations.images);
    ASSERT_EQ(dut_->inside_o, dut_->addr_o < walk.pad);
  }

  /// The whole walk, with gaps if `stalls`.
  void run(const Walk& walk, bool stalls) {
    const auto windows = runtime::gather_windows(walk.deployment, 0, walk.activations);
    const Shape& out = walk.deployment.tensors[1].shape;
    const std::size_t positions = static_cast<std::size_t>(out.height * out.width);
    const std::size_t length =
        windows.size() / (positions * static_cast<std::size_t>(walk.activations.images));
    ASSERT_NO_FATAL_FAILURE(start(walk));
    for (int image = 0; image < walk.activations.images; ++image) {
      for (int position = 0; position < walk.per_image(); ++position) {
        const std::size_t vector = static_cast<std::size_t>(image) * positions +
                                   static_cast<std::size_t>(walk.first_row * out.width + position);
        for (std::size_t k = 0; k < length; ++k) {
          while (stalls && chance(rng_, 40)) dut_.tick();
          ASSERT_NO_FATAL_FAILURE(expect_element(walk, image, position, static_cast<int>(k),
                                                 windows[vector * length + k]));
          dut_->next_i = 1;
          dut_.tick();
          dut_->next_i = 0;
        }
      }
    }
    ASSERT_FALSE(dut_->valid_o);
  }

  std::mt19937 rng_{static_cast<unsigned>(bench_seed())};
  testbench::Dut<Vim2col> dut_{bench_seed(),
                               [](Vim2col& m) { m.clear_i = m.start_i = m.next_i = 0; }};
};

TEST_F(Im2colRtl, MatchesTheGatherOfTheHost) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int round = 0; round < 150 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("walk " + std::to_string(round));
    run(random_walk(rng_), round % 2 == 1);
  }
}

TEST_F(Im2colRtl, MatchesTheGatherOfTheHostOnLongTensors) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int round = 0; round < 40 && !HasFatalFailure(); ++round) {
    SCOPED_TRACE("walk " + std::to_string(round));
    run(random_walk(rng_, true), false);
  }
}

TEST_F(Im2colRtl, EndsAtOnceAndStartsAgain) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int round = 0; round < 30; ++round) {
    ASSERT_NO_FATAL_FAILURE(start(random_walk(rng_)));
    dut_->next_i = 1;
    for (int i = draw(rng_, 0, 40); i > 0; --i) dut_.tick();
    dut_->next_i = 0;
    dut_->clear_i = 1;
    dut_.tick();
    dut_->clear_i = 0;
    ASSERT_FALSE(dut_->valid_o);
    ASSERT_NO_FATAL_FAILURE(run(random_walk(rng_), false));
  }
}

}  // namespace
}  // namespace crossloop
