// CONVOLVE, pools and ADD: every way their descriptors can be wrong.
#include <gtest/gtest.h>

#include "tests/tensor_fixture.hpp"

namespace crossloop::testing_support {
namespace {

class TensorControlRtl : public TensorLayersRtl {
 protected:
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

TEST_F(TensorControlRtl, RunsTheDescriptorsThatTheOthersAreMadeFrom) {
  for (const Opcode opcode : kAll) {
    EXPECT_EQ(error_with(opcode, {}), ErrorCode::NONE);
    EXPECT_EQ(error_with(opcode, {{word::CONVOLVE_MODE, good(opcode)[word::CONVOLVE_MODE] |
                                                            flag(part::CONVOLVE_MODE_LOGITS)},
                                  {word::CONVOLVE_OUTPUT, 1000}}),
              ErrorCode::NONE);
  }
}

TEST_F(TensorControlRtl, RefusesEveryWordItHasNoUseFor) {
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

TEST_F(TensorControlRtl, RefusesFlagsItHasNoUseFor) {
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

TEST_F(TensorControlRtl, RefusesPagesItDoesNotHaveOrThatAreNotReady) {
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

TEST_F(TensorControlRtl, RefusesSizesOutOfRange) {
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

TEST_F(TensorControlRtl, RefusesLayersBeyondItsMemories) {
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

TEST_F(TensorControlRtl, RefusesRangesOutsideTheDataPartOfTheWindow) {
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

TEST_F(TensorControlRtl, RefusesProductsThatWrapAround) {
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

TEST_F(TensorControlRtl, RefusesToWriteWhatItReads) {
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

TEST_F(TensorControlRtl, ChangesNothingForABadDescriptor) {
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

}  // namespace
}  // namespace crossloop::testing_support
