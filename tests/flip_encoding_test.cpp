#include "host/analog/flip_encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "host/error.hpp"

namespace crossloop::analog {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint8_t> random_values(int count, int largest, std::mt19937& rng) {
  std::vector<std::uint8_t> values;
  for (int i = 0; i < count; ++i) {
    values.push_back(static_cast<std::uint8_t>(rng() % static_cast<unsigned>(largest + 1)));
  }
  return values;
}

std::int64_t product(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

template <class Check>
void for_all_formats(const Check& check) {
  for (const int rows : {1, 2, 3, 7, 16, 33, 64, 100, 128, 255, 256, 511, 512}) {
    for (int cell_bits = 1; cell_bits <= 4; ++cell_bits) {
      for (int input_bits = 1; input_bits <= 4; ++input_bits) {
        SCOPED_TRACE("rows " + std::to_string(rows) + ", bits " + std::to_string(cell_bits) + " " +
                     std::to_string(input_bits));
        check(ColumnFormat{rows, cell_bits, input_bits});
      }
    }
  }
}

TEST(FlipEncoding, RecoversTheSumOfRandomColumns) {
  const int seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("replay with --gtest_random_seed=" + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  int flipped = 0, kept = 0;
  for_all_formats([&](const ColumnFormat& format) {
    for (int trial = 0; trial < 8; ++trial) {
      const int largest = static_cast<int>(rng() % (1U << format.cell_bits));
      const int used = static_cast<int>(rng() % static_cast<unsigned>(format.rows + 1));
      auto levels = random_values(trial < 4 ? format.rows : used, largest, rng);
      if (trial % 2 == 1) {  // as many full columns as empty ones
        for (std::uint8_t& level : levels) {
          level = static_cast<std::uint8_t>((1 << format.cell_bits) - 1 - level);
        }
      }
      const auto inputs =
          random_values(static_cast<int>(levels.size()), (1 << format.input_bits) - 1, rng);
      const EncodedColumn column = encode_column(levels, format);
      const std::int64_t unit_sum = product(inputs, std::vector<std::uint8_t>(levels.size(), 1));
      EXPECT_EQ(
          recover_sum(product(inputs, column.levels), unit_sum, column.flipped, format.cell_bits),
          product(inputs, levels));
      ++(column.flipped ? flipped : kept);
    }
  });
  EXPECT_GT(flipped, 100);
  EXPECT_GT(kept, 100);
}

TEST(FlipEncoding, NeverExceedsHalfScale) {
  std::mt19937 rng(5);
  for_all_formats([&](const ColumnFormat& format) {
    const std::int64_t half_scale = std::int64_t{1} << adc_bits(format, true);
    const int top = (1 << format.cell_bits) - 1;
    for (int share = 0; share <= 16; ++share) {  // from empty to full, with a random rest
      auto levels = random_values(format.rows, top, rng);
      const auto full = static_cast<std::size_t>(format.rows * share / 16);
      for (std::size_t i = 0; i < levels.size(); ++i) {
        if (share % 2 == 0 || i < full) levels[i] = static_cast<std::uint8_t>(i < full ? top : 0);
      }
      const EncodedColumn column = encode_column(levels, format);
      const std::vector<std::uint8_t> largest_inputs(
          levels.size(), static_cast<std::uint8_t>((1 << format.input_bits) - 1));
      EXPECT_LT(product(largest_inputs, column.levels), half_scale);
    }
  });
}

/// One-bit inputs reach every sum, so that the saved bit is the only one: there is a column at
/// half scale - 1, kept as it is, and the next larger sum makes it flip.
TEST(FlipEncoding, SavesExactlyOneBit) {
  for (const int rows : {2, 3, 16, 100, 128, 512}) {
    for (int cell_bits = 1; cell_bits <= 4; ++cell_bits) {
      const ColumnFormat format = {rows, cell_bits, 1};
      EXPECT_EQ(adc_bits(format, true), adc_bits(format, false) - 1);
      const std::int64_t half_scale = std::int64_t{1} << adc_bits(format, true);
      const std::int64_t top = (1 << cell_bits) - 1;
      const auto column_of = [&](std::int64_t sum) {
        std::vector<std::uint8_t> levels;
        for (int row = 0; row < rows; ++row) {
          levels.push_back(static_cast<std::uint8_t>(std::min(sum, top)));
          sum -= levels.back();
        }
        return levels;
      };
      EXPECT_FALSE(needs_flip(column_of(half_scale - 1), format)) << rows << " " << cell_bits;
      EXPECT_TRUE(needs_flip(column_of(half_scale), format)) << rows << " " << cell_bits;
    }
  }
}

TEST(FlipEncoding, KnowsTheCorners) {
  const ColumnFormat isaac = {.rows = 128, .cell_bits = 2, .input_bits = 1};
  EXPECT_EQ(largest_sum(isaac), 384);
  EXPECT_EQ(adc_bits(isaac, false), 9);
  EXPECT_EQ(adc_bits(isaac, true), 8);
  EXPECT_THAT(encode_column(std::vector<std::uint8_t>{3, 3, 0, 1}, {4, 2, 1}).levels,
              ElementsAre(3, 3, 0, 1));  // 7 of 15, three bits hold it
  EXPECT_THAT(encode_column(std::vector<std::uint8_t>{3, 3, 2, 0}, {4, 2, 1}).levels,
              ElementsAre(0, 0, 1, 3));  // 8 does not
  EXPECT_FALSE(needs_flip({}, isaac));
  EXPECT_TRUE(encode_column({}, isaac).levels.empty());
  EXPECT_EQ(adc_bits({1, 1, 1}, true), 0);  // one cell of one bit: always stored as 0
  EXPECT_TRUE(needs_flip(std::vector<std::uint8_t>{1}, {1, 1, 1}));
  EXPECT_EQ(recover_sum(0, 1, true, 1), 1);
  EXPECT_EQ(bits_for_sum(0), 0);
  EXPECT_EQ(bits_for_sum(255), 8);
  EXPECT_EQ(bits_for_sum(256), 9);
}

TEST(FlipEncoding, IsaacsRuleIsNeverBelowTheBound) {
  EXPECT_EQ(isaac_adc_bits({128, 2, 1}, false), 9);
  EXPECT_EQ(isaac_adc_bits({128, 2, 1}, true), 8);
  EXPECT_EQ(isaac_adc_bits({128, 2, 2}, false), 11);
  EXPECT_EQ(isaac_adc_bits({128, 1, 1}, false), 8);
  for_all_formats([](const ColumnFormat& format) {
    EXPECT_GE(isaac_adc_bits(format, false), adc_bits(format, false));
    EXPECT_GE(isaac_adc_bits(format, true), adc_bits(format, true));
  });
}

TEST(FlipEncoding, RefusesWhatNoColumnIs) {
  EXPECT_THROW(adc_bits({0, 2, 1}, false), InputError);
  EXPECT_THROW(adc_bits({128, 0, 1}, false), InputError);
  EXPECT_THROW(isaac_adc_bits({128, 2, 9}, false), InputError);
  EXPECT_THROW(needs_flip(std::vector<std::uint8_t>{4}, {128, 2, 1}), InputError);
  EXPECT_THROW(needs_flip(std::vector<std::uint8_t>{1, 1}, {1, 2, 1}), InputError);
}

}  // namespace
}  // namespace crossloop::analog
