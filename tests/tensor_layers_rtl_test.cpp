// CONVOLVE, pools and ADD: runs cut off, random shapes.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/engine/requantise.hpp"
#include "tests/tensor_fixture.hpp"

namespace crossloop::testing_support {
namespace {

/// Cut off wherever it is, a layer leaves a core that runs the next one right.
TEST_F(TensorLayersRtl, RunsTheNextLayerRightWhereverOneIsCutOff) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::vector<std::uint32_t> contents(400);
  for (auto& value : contents) value = static_cast<std::uint32_t>(rng_());
  const auto block = drivers::pack_output_block(3, 0, 255, {}, std::vector<drivers::ScaleWords>(5));
  std::copy(block.begin(), block.end(), contents.begin() + (kBlock - 128));
  const auto output_of = [&](Opcode opcode) {
    put(opcode, good(opcode));
    settle();
    std::vector<std::uint32_t> words(40);
    transport_->read_window(kOutput, words);
    return words;
  };
  std::map<Opcode, std::vector<std::uint32_t>> golden;
  for (const Opcode opcode : kAll) {
    transport_->write_window(128, contents);
    golden[opcode] = output_of(opcode);
  }
  for (int round = 0; round < 120; ++round) {
    const Opcode cut = kAll[rng_() % 4], next = kAll[rng_() % 4];
    put(cut, good(cut));
    for (auto reads = rng_() % 120; reads > 0; --reads) {
      transport_->read(drivers::Reg::STATUS);
    }
    device_->restart();
    transport_->write_window(128, contents);
    ASSERT_EQ(output_of(next), golden[next]) << "round " << round;
  }
}

/// Neither kind leaves anything behind that the next one sees.
TEST_F(TensorLayersRtl, RunsConvolutionsRunningSumsAndLayersInTurns) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::vector<std::uint32_t> contents(400);
  for (auto& value : contents) value = static_cast<std::uint32_t>(rng_());
  const auto block = drivers::pack_output_block(3, 0, 255, {}, std::vector<drivers::ScaleWords>(5));
  std::copy(block.begin(), block.end(), contents.begin() + (kBlock - 128));
  Words sums = good_convolve();
  sums[word::CONVOLVE_MODE] |= flag(part::CONVOLVE_MODE_STORE_SUMS);
  sums[word::CONVOLVE_OUTPUT] = sums[word::CONVOLVE_SCALES] = 0;
  sums[word::CONVOLVE_SUMS] = kSums;
  const std::vector<std::pair<Opcode, Words>> kinds{
      {Opcode::CONVOLVE, good_convolve()}, {Opcode::CONVOLVE, sums}, {Opcode::LAYER, good_layer()}};
  const auto run = [&](std::size_t kind) {
    transport_->write_window(128, contents);
    EXPECT_EQ(error_of(kinds[kind].first, kinds[kind].second), ErrorCode::NONE);
    std::vector<std::uint32_t> window(contents.size());
    transport_->read_window(128, window);
    return window;
  };
  std::vector<std::vector<std::uint32_t>> golden;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    golden.push_back(run(kind));
    ASSERT_NE(golden.back(), contents);
    ASSERT_EQ(run(kind), golden.back()) << "twice in a row";
  }
  for (int turn = 0; turn < 12; ++turn) {
    const std::size_t kind = rng_() % kinds.size();
    ASSERT_EQ(run(kind), golden[kind]) << "turn " << turn << ", kind " << kind;
  }
}

/// A pool or an addition of random sizes, and what it ought to leave in the window.
struct RandomLayer {
  explicit RandomLayer(std::mt19937& rng) {
    const int images = draw(rng, 1, 3);
    in = {draw(rng, 1, 7), draw(rng, 1, 7), draw(rng, 1, 9)};
    a = random_bytes(static_cast<std::size_t>(images * in.size()), rng);
    b = random_bytes(a.size(), rng);
    add = chance(rng, 30);
    scales = {{add ? -draw(rng, 0, 255) : draw(rng, -99, 99), draw(rng, 0, 999), draw(rng, 0, 9)},
              {-draw(rng, 0, 255), add ? draw(rng, 0, 999) : 0, 0}};
    range = {.zero = draw(rng, 0, 255), .low = draw(rng, 0, 90), .high = draw(rng, 90, 255)};
    logits = chance(rng, 30);
    if (!logits && chance(rng, 50)) {
      for (int i = 0; i < 256; ++i) codes.push_back(static_cast<std::uint8_t>(rng()));
    }
    adding = {.a = 200,
              .b = 1000,
              .output = 2000,
              .scales = 128,
              .images = images,
              .size = in,
              .code_table = !codes.empty(),
              .logits = logits};
    pooling = {.max = chance(rng, 50),
               .input = 200,
               .output = 2000,
               .scales = 128,
               .zero = draw(rng, 0, 255),
               .images = images,
               .in = in,
               .window = {},
               .logits = logits};
    if (!add) codes.clear();  // the driver's pools have none
    pooling.window = drivers::WindowPlace{.kernel_h = draw(rng, 1, 4),
                                          .kernel_w = draw(rng, 1, 4),
                                          .stride_h = draw(rng, 1, 3),
                                          .stride_w = draw(rng, 1, 3),
                                          .pad_top = draw(rng, 0, 2),
                                          .pad_left = draw(rng, 0, 2),
                                          .first_row = draw(rng, 0, 2),
                                          .out_height = draw(rng, 1, 6),
                                          .out_width = draw(rng, 1, 6)};
  }

  /// The output, element by element.
  std::vector<std::int32_t> expected() const {
    std::vector<std::int32_t> values;
    for (int image = 0; image < adding.images; ++image) {
      const std::size_t first = static_cast<std::size_t>(image * in.size());
      for (int i = 0; add && i < in.size(); ++i) {
        const std::size_t k = first + static_cast<std::size_t>(i);
        values.push_back(
            engine::requantised_add(a[k], b[k],
                                    {-scales[0].bias, -scales[1].bias, scales[0].multiplier,
                                     scales[1].multiplier, scales[0].shift},
                                    range));
      }
      const auto& w = pooling.window;
      for (int i = 0; !add && i < w.out_height * w.out_width * in.channels; ++i) {
        const int position = i / in.channels;
        values.push_back(pooled(std::span(a).subspan(first), position / w.out_width + w.first_row,
                                position % w.out_width, i % in.channels));
      }
    }
    for (auto& value : values) value = codes.empty() ? value : codes[std::size_t(value)];
    return values;
  }

  std::int32_t pooled(std::span<const std::uint8_t> image, int out_y, int out_x, int c) const {
    const auto& w = pooling.window;
    std::int32_t sum = 0, largest = 0;
    for (int tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
      const int y = out_y * w.stride_h - w.pad_top + tap / w.kernel_w;
      const int x = out_x * w.stride_w - w.pad_left + tap % w.kernel_w;
      if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
      const int value = image[static_cast<std::size_t>((y * in.width + x) * in.channels + c)];
      sum += value - pooling.zero;
      largest = std::max(largest, value);
    }
    return engine::requantise(pooling.max ? largest : sum,
                              {scales[0].bias, scales[0].multiplier, scales[0].shift}, range);
  }

  drivers::TensorSize in;
  std::vector<std::uint8_t> a, b, codes;
  bool add = false, logits = false;
  std::vector<drivers::ScaleWords> scales;
  compiler::OutputRange range;
  drivers::AddDescriptor adding;
  drivers::PoolDescriptor pooling;
};

TEST_F(TensorLayersRtl, MatchesThePlainModelOnRandomPoolsAndAdditions) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int round = 0; round < 200; ++round) {
    const RandomLayer layer(rng_);
    const auto length = static_cast<std::size_t>(layer.in.size());
    device_->write_words(
        128, drivers::pack_output_block(layer.range.zero, layer.range.low, layer.range.high,
                                        layer.codes, layer.scales));
    device_->write_words(200, drivers::pack_bytes(layer.a, length));
    device_->write_words(1000, drivers::pack_bytes(layer.b, length));
    layer.add ? device_->add(layer.adding) : device_->pool(layer.pooling);
    const auto golden = layer.expected();
    const std::size_t per_image = golden.size() / static_cast<std::size_t>(layer.adding.images);
    const std::size_t words = layer.logits ? per_image : (per_image + 3) / 4;
    const auto made =
        device_->read_words(2000, words * static_cast<std::size_t>(layer.adding.images));
    std::vector<std::int32_t> found(made.begin(), made.end());
    if (!layer.logits) {
      const auto bytes = drivers::unpack_bytes(made, per_image);
      found.assign(bytes.begin(), bytes.end());
    }
    ASSERT_EQ(found, golden) << "round " << round << ", "
                             << (layer.add           ? "add"
                                 : layer.pooling.max ? "max"
                                                     : "average");
  }
}

}  // namespace
}  // namespace crossloop::testing_support
