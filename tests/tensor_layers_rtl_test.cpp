// CONVOLVE, pools and ADD, word by word: bad descriptors, cut-off runs, random shapes.
#include <gtest/gtest.h>

#include <algorithm>

#include "host/engine/requantise.hpp"
#include "tests/control_fixture.hpp"

namespace crossloop {
namespace {

using drivers::ErrorCode;
using drivers::Opcode;
using testing_support::chance;
using testing_support::CrossloopControlRtl;
using testing_support::draw;
using testing_support::kWindow;
using testing_support::random_bytes;
using testing_support::Words;
namespace constant = drivers::constant;
namespace word = drivers::word;
namespace part = drivers::part;

constexpr std::uint32_t kInput = 128, kOther = 152, kBlock = 180, kOutput = 200, kSums = 300;

std::uint32_t pair_of(std::uint32_t low, std::uint32_t high) { return low | high << 16; }

/// Two images of 4x4x3, 3x3 windows with a border, 5 outputs on page 0: 24 words of input, 1 of
/// padding, 13 of the block, 40 of output.
Words good_convolve() {
  return {{word::CONVOLVE_PAGES, 1},
          {word::CONVOLVE_INPUT, kInput},
          {word::CONVOLVE_OTHER, kOther},
          {word::CONVOLVE_OUTPUT, kOutput},
          {word::CONVOLVE_SCALES, kBlock},
          {word::CONVOLVE_MODE, pair_of(8, 2)},
          {word::CONVOLVE_IN_SIZE, pair_of(4, 4)},
          {word::CONVOLVE_DEPTH, pair_of(3, 5)},
          {word::CONVOLVE_OUT_SIZE, pair_of(4, 4)},
          {word::CONVOLVE_KERNEL, 0x01010303},
          {word::CONVOLVE_PLACE, 0x0101}};
}

/// Two images of 4x4x3, 2x2 windows: 24 words of input, 7 of the block, 6 of output.
Words good_pool() {
  return {{word::MAX_POOL_INPUT, kInput},           {word::MAX_POOL_OUTPUT, kOutput},
          {word::MAX_POOL_SCALES, kBlock},          {word::MAX_POOL_MODE, pair_of(0, 2)},
          {word::MAX_POOL_IN_SIZE, pair_of(4, 4)},  {word::MAX_POOL_DEPTH, 3},
          {word::MAX_POOL_OUT_SIZE, pair_of(2, 2)}, {word::MAX_POOL_KERNEL, 0x02020202}};
}

/// Two images of 4x4x3: 24 words of each operand and of the sum, 7 of the block.
Words good_add() {
  return {{word::ADD_INPUT, kInput},
          {word::ADD_OTHER, kOther},
          {word::ADD_OUTPUT, kOutput},
          {word::ADD_SCALES, kBlock},
          {word::ADD_MODE, pair_of(0, 2)},
          {word::ADD_IN_SIZE, pair_of(4, 4)},
          {word::ADD_DEPTH, 3}};
}

std::uint32_t flag(const drivers::BitField& field) { return field.place(1); }

class TensorLayersRtl : public CrossloopControlRtl {
 protected:
  TensorLayersRtl() { load(0, {.inputs = 27, .outputs = 5}); }

  static Words good(Opcode opcode) {
    return opcode == Opcode::CONVOLVE ? good_convolve()
           : opcode == Opcode::ADD    ? good_add()
                                      : good_pool();
  }
  ErrorCode error_with(Opcode opcode, const Words& changes) {
    Words words = good(opcode);
    for (const auto& [index, value] : changes) words[index] = value;
    return error_of(opcode, words);
  }
  /// A range of `length` words in `index`: where it may lie and where it may not.
  void expect_range(Opcode opcode, std::uint32_t index, std::uint32_t length,
                    const Words& others = {}) {
    SCOPED_TRACE(drivers::opcode_name(static_cast<std::uint32_t>(opcode)) + " word " +
                 std::to_string(index));
    const auto at = [&](std::uint32_t base) {
      Words words = others;
      words[index] = base;
      return error_with(opcode, words);
    };
    EXPECT_EQ(at(kWindow - length), ErrorCode::NONE);
    EXPECT_EQ(at(kWindow - length + 1), ErrorCode::BAD_WINDOW);
    EXPECT_EQ(at(127), ErrorCode::BAD_WINDOW);
    EXPECT_EQ(at(0xFFFFFFFF), ErrorCode::BAD_WINDOW);
  }
  /// `index` holds something read, `length` words: it may touch what is written, not share a word.
  void expect_no_overlap(Opcode opcode, std::uint32_t index, std::uint32_t length,
                         std::uint32_t target, std::uint32_t target_length,
                         const Words& others = {}) {
    SCOPED_TRACE(drivers::opcode_name(static_cast<std::uint32_t>(opcode)) + " word " +
                 std::to_string(index));
    const auto at = [&](std::uint32_t base) {
      Words words = others;
      words[index] = base;
      return error_with(opcode, words);
    };
    EXPECT_EQ(at(target + target_length), ErrorCode::NONE);
    EXPECT_EQ(at(target + target_length - 1), ErrorCode::OVERLAP);
    EXPECT_EQ(at(target - length + 1), ErrorCode::OVERLAP);
    EXPECT_EQ(at(target - length), ErrorCode::NONE);
  }
};

constexpr Opcode kAll[] = {Opcode::CONVOLVE, Opcode::MAX_POOL, Opcode::AVERAGE_POOL, Opcode::ADD};

TEST_F(TensorLayersRtl, RunsTheDescriptorsThatTheOthersAreMadeFrom) {
  for (const Opcode opcode : kAll) {
    EXPECT_EQ(error_with(opcode, {}), ErrorCode::NONE);
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, good(opcode)[word::CONVOLVE_MODE] |
                                                            flag(part::CONVOLVE_MODE_LOGITS)},
                                  {word::CONVOLVE_OUTPUT, 1000}}),
              ErrorCode::NONE);
  }
}

TEST_F(TensorLayersRtl, RefusesEveryWordItHasNoUseFor) {
  const std::map<Opcode, std::vector<std::uint32_t>> unused{
      {Opcode::CONVOLVE, {7}},
      {Opcode::MAX_POOL, {1, 2, 4, 7, 14, 15}},
      {Opcode::AVERAGE_POOL, {1, 2, 7, 14, 15}},
      {Opcode::ADD, {1, 2, 7, 11, 12, 13, 14, 15}}};
  for (const auto& [opcode, words] : unused) {
    for (const std::uint32_t index : words) {
      EXPECT_EQ(error_with(opcode, {{index, 0x400}}), ErrorCode::NONZERO_RESERVED)
          << drivers::opcode_name(static_cast<std::uint32_t>(opcode)) << " word " << index;
    }
  }
  EXPECT_EQ(error_with(Opcode::AVERAGE_POOL, {{word::AVERAGE_POOL_OTHER, 255}}), ErrorCode::NONE);
  EXPECT_EQ(error_with(Opcode::AVERAGE_POOL, {{word::AVERAGE_POOL_OTHER, 256}}),
            ErrorCode::NONZERO_RESERVED);
  for (const Opcode opcode : {Opcode::MAX_POOL, Opcode::AVERAGE_POOL, Opcode::ADD}) {
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_DEPTH, pair_of(3, 1)}}),
              ErrorCode::NONZERO_RESERVED);
  }
}

TEST_F(TensorLayersRtl, RefusesFlagsItHasNoUseFor) {
  const std::uint32_t table = flag(part::CONVOLVE_MODE_TABLE);
  const std::uint32_t logits = flag(part::CONVOLVE_MODE_LOGITS);
  for (const Opcode opcode : kAll) {
    const std::uint32_t mode = good(opcode)[word::CONVOLVE_MODE];
    const bool convolve = opcode == Opcode::CONVOLVE;
    for (const int bit : {4, 5, 6, 7, 13, 14, 15}) {
      EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, mode | 1U << bit}}),
                ErrorCode::NONZERO_RESERVED)
          << bit;
    }
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, mode | table | logits}}),
              ErrorCode::NONZERO_RESERVED);
    EXPECT_EQ(
        error_with(opcode, {{word::CONVOLVE_MODE, mode | table}, {word::CONVOLVE_SCALES, 1000}}),
        ErrorCode::NONE);
    for (const int bit : {0, 8, 11, 12}) {
      EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, (mode & ~15U) | 1U << bit}}) ==
                    ErrorCode::NONZERO_RESERVED,
                !convolve || bit == 12);  // with STORE_SUMS neither block nor output is of use
    }
  }
}

TEST_F(TensorLayersRtl, RefusesPagesItDoesNotHaveOrThatAreNotReady) {
  const auto convolve = [this](const Words& changes) {
    return error_with(Opcode::CONVOLVE, changes);
  };
  EXPECT_EQ(convolve({{word::CONVOLVE_FIRST_PAGE, 16}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(convolve({{word::CONVOLVE_FIRST_PAGE, 15}, {word::CONVOLVE_PAGES, 2}}),
            ErrorCode::BAD_PAGE);
  EXPECT_EQ(convolve({{word::CONVOLVE_PAGES, 0}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(convolve({{word::CONVOLVE_PAGES, 0xFFFFFFFF}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(convolve({{word::CONVOLVE_PAGES, 2}}), ErrorCode::NOT_READY);
}

TEST_F(TensorLayersRtl, RefusesSizesOutOfRange) {
  for (const Opcode opcode : kAll) {
    SCOPED_TRACE(drivers::opcode_name(static_cast<std::uint32_t>(opcode)));
    const std::uint32_t mode = good(opcode)[word::CONVOLVE_MODE] & 0xFFFFU;
    const std::uint32_t outputs = opcode == Opcode::CONVOLVE ? 5 : 0;
    std::vector<Words> bad{{{word::CONVOLVE_MODE, mode}},
                           {{word::CONVOLVE_IN_SIZE, pair_of(0, 4)}},
                           {{word::CONVOLVE_IN_SIZE, pair_of(4, 0)}},
                           {{word::CONVOLVE_DEPTH, pair_of(0, outputs)}}};
    if (opcode != Opcode::ADD) {
      for (const std::uint32_t shift : {0, 8, 16, 24}) {
        bad.push_back({{word::CONVOLVE_KERNEL, 0x01010101U & ~(0xFFU << shift)}});
      }
      bad.push_back({{word::CONVOLVE_OUT_SIZE, pair_of(0, 1)}});
      bad.push_back({{word::CONVOLVE_OUT_SIZE, pair_of(1, 0)}});
    }
    for (const Words& changes : bad) EXPECT_EQ(error_with(opcode, changes), ErrorCode::BAD_LENGTH);
  }
}

TEST_F(TensorLayersRtl, RefusesLayersBeyondItsMemories) {
  const auto convolve = [this](const Words& changes) {
    Words words{{word::CONVOLVE_MODE, pair_of(8, 1)},
                {word::CONVOLVE_OUTPUT, 40000},
                {word::CONVOLVE_SCALES, 30000}};
    for (const auto& [index, value] : changes) words[index] = value;
    return error_with(Opcode::CONVOLVE, words);
  };
  EXPECT_EQ(convolve({{word::CONVOLVE_DEPTH, pair_of(3, 1024)}}), ErrorCode::NONE);
  EXPECT_EQ(convolve({{word::CONVOLVE_DEPTH, pair_of(3, 1025)}}), ErrorCode::BAD_LENGTH);
  EXPECT_EQ(convolve({{word::CONVOLVE_DEPTH, pair_of(3, 0)}}), ErrorCode::BAD_LENGTH);
  EXPECT_EQ(convolve({{word::CONVOLVE_MODE, pair_of(9, 1)}}), ErrorCode::BAD_LENGTH);
  EXPECT_EQ(convolve({{word::CONVOLVE_MODE, pair_of(0, 1)}}), ErrorCode::BAD_LENGTH);
  const Words one{{word::CONVOLVE_IN_SIZE, pair_of(1, 1)},
                  {word::CONVOLVE_OUT_SIZE, pair_of(1, 1)},
                  {word::CONVOLVE_OTHER, 20000}};
  const auto deep = [&](std::uint32_t channels, std::uint32_t kernel) {
    Words words = one;
    words[word::CONVOLVE_DEPTH] = pair_of(channels, 1);
    words[word::CONVOLVE_KERNEL] = kernel;
    return convolve(words);
  };
  EXPECT_EQ(deep(4096, 0x01010202), ErrorCode::NONE);  // 16384 bytes
  EXPECT_EQ(deep(4097, 0x01010202), ErrorCode::BAD_LENGTH);
  EXPECT_EQ(deep(65535, 0x0101FFFF), ErrorCode::BAD_LENGTH);
}

TEST_F(TensorLayersRtl, RefusesRangesOutsideTheDataPartOfTheWindow) {
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_INPUT, 24);
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_OTHER, 1);
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_SCALES, 13);
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_OUTPUT, 40);
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_SCALES, 77,
               {{word::CONVOLVE_MODE, pair_of(8, 2) | flag(part::CONVOLVE_MODE_TABLE)}});
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_OUTPUT, 160,
               {{word::CONVOLVE_MODE, pair_of(8, 2) | flag(part::CONVOLVE_MODE_LOGITS)}});
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_SUMS, 160,
               {{word::CONVOLVE_MODE, pair_of(8, 2) | flag(part::CONVOLVE_MODE_ADD_SUMS)}});
  expect_range(Opcode::CONVOLVE, word::CONVOLVE_SUMS, 160,
               {{word::CONVOLVE_MODE, pair_of(8, 2) | flag(part::CONVOLVE_MODE_STORE_SUMS)},
                {word::CONVOLVE_OUTPUT, 0},
                {word::CONVOLVE_SCALES, 0}});
  for (const Opcode opcode : {Opcode::MAX_POOL, Opcode::AVERAGE_POOL}) {
    expect_range(opcode, word::MAX_POOL_INPUT, 24);
    expect_range(opcode, word::MAX_POOL_SCALES, 7);
    expect_range(opcode, word::MAX_POOL_OUTPUT, 6);
  }
  expect_range(Opcode::ADD, word::ADD_INPUT, 24);
  expect_range(Opcode::ADD, word::ADD_OTHER, 24);
  expect_range(Opcode::ADD, word::ADD_SCALES, 7);
  expect_range(Opcode::ADD, word::ADD_OUTPUT, 24);
}

TEST_F(TensorLayersRtl, RefusesProductsThatWrapAround) {
  for (const Opcode opcode : kAll) {
    const std::uint32_t mode = good(opcode)[word::CONVOLVE_MODE] & 0xFFFFU;
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, mode | 0xFFFF0000U}}),
              ErrorCode::BAD_WINDOW);
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_IN_SIZE, pair_of(0x8000, 0x8000)}}),
              ErrorCode::BAD_WINDOW);
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_IN_SIZE, pair_of(0xFFFF, 0xFFFF)}}),
              ErrorCode::BAD_WINDOW);
    if (opcode == Opcode::ADD) continue;
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_OUT_SIZE, pair_of(0x8000, 0x8000)}}),
              ErrorCode::BAD_WINDOW);
  }
}

TEST_F(TensorLayersRtl, RefusesToWriteWhatItReads) {
  const std::uint32_t target = 2000;
  const Words there{{word::CONVOLVE_OUTPUT, target}};
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_INPUT, 24, target, 40, there);
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_OTHER, 1, target, 40, there);
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_SCALES, 13, target, 40, there);
  Words adding = there, storing{{word::CONVOLVE_OUTPUT, 0}, {word::CONVOLVE_SCALES, 0}};
  adding[word::CONVOLVE_MODE] = pair_of(8, 2) | flag(part::CONVOLVE_MODE_ADD_SUMS);
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_SUMS, 160, target, 40, adding);
  storing[word::CONVOLVE_MODE] = pair_of(8, 2) | flag(part::CONVOLVE_MODE_STORE_SUMS);
  storing[word::CONVOLVE_SUMS] = target;
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_INPUT, 24, target, 160, storing);
  expect_no_overlap(Opcode::CONVOLVE, word::CONVOLVE_OTHER, 1, target, 160, storing);
  storing[word::CONVOLVE_MODE] |= flag(part::CONVOLVE_MODE_ADD_SUMS);  // in place
  EXPECT_EQ(error_with(Opcode::CONVOLVE, storing), ErrorCode::NONE);
  for (const Opcode opcode : {Opcode::MAX_POOL, Opcode::AVERAGE_POOL}) {
    expect_no_overlap(opcode, word::MAX_POOL_INPUT, 24, target, 6, there);
    expect_no_overlap(opcode, word::MAX_POOL_SCALES, 7, target, 6, there);
  }
  expect_no_overlap(Opcode::ADD, word::ADD_INPUT, 24, target, 24, there);
  expect_no_overlap(Opcode::ADD, word::ADD_OTHER, 24, target, 24, there);
  expect_no_overlap(Opcode::ADD, word::ADD_SCALES, 7, target, 24, there);
}

TEST_F(TensorLayersRtl, ChangesNothingForABadDescriptor) {
  std::vector<std::uint32_t> before(kWindow - 128), after(before.size());
  for (auto& value : before) value = static_cast<std::uint32_t>(rng_());
  transport_->write_window(128, before);
  const auto reads = device_->statistics().column_reads;
  for (const Opcode opcode : kAll) {
    EXPECT_NE(error_with(opcode, {{word::CONVOLVE_OUTPUT, kInput}}), ErrorCode::NONE);
    EXPECT_NE(error_with(opcode, {{word::CONVOLVE_IN_SIZE, 0}}), ErrorCode::NONE);
    EXPECT_NE(error_with(opcode, {{word::CONVOLVE_SCALES, kWindow - 1}}), ErrorCode::NONE);
  }
  transport_->read_window(128, after);
  EXPECT_EQ(after, before);
  EXPECT_EQ(device_->statistics().column_reads, reads);
}

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

/// The cycles of docs/hardware.md: what one more image costs. Where writes of the output unit meet
/// reads, up to one cycle a word is lost.
TEST_F(TensorLayersRtl, TakesTheCyclesItSays) {
  const auto cycles = [this](Opcode opcode, const Words& words) {
    const auto before = device_->statistics().cycles_busy;
    put(opcode, words);
    settle();
    return static_cast<int>(device_->statistics().cycles_busy - before);
  };
  const auto per_image = [&](Opcode opcode, const Words& changes = {}) {
    Words words = good(opcode);
    for (const auto& [index, value] : changes) words[index] = value;
    const std::uint32_t mode = words[word::CONVOLVE_MODE] & 0xFFFFU;
    words[word::CONVOLVE_MODE] = mode | 1U << 16;
    const int one = cycles(opcode, words);
    words[word::CONVOLVE_MODE] = mode | 2U << 16;
    return cycles(opcode, words) - one;
  };
  EXPECT_NEAR(per_image(Opcode::ADD), 48 * 4, 12);
  EXPECT_NEAR(per_image(Opcode::MAX_POOL), 12 * 5, 4);
  EXPECT_NEAR(per_image(Opcode::AVERAGE_POOL, {{word::AVERAGE_POOL_KERNEL, 0x02020101}}), 12 * 4,
              4);
  EXPECT_NEAR(per_image(Opcode::AVERAGE_POOL, {{word::AVERAGE_POOL_KERNEL, 0x02020303}}), 12 * 10,
              4);
  constexpr int kTile = 8 * 16 + 8 + 7, kPage = 16 + 3;
  EXPECT_NEAR(per_image(Opcode::CONVOLVE), 16 * (27 + 1 + kPage + kTile + 5 * 4), 16 * 3);
}

}  // namespace
}  // namespace crossloop
