#include "drivers/page_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "drivers/registers.hpp"
#include "host/error.hpp"

namespace crossloop::drivers {
namespace {

constexpr PageGeometry kPage{.rows = 40, .columns = 3, .code_bits = 6};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no InputError";
}

TEST(PageGeometry, CountsTheWordsOfImagesAndTables) {
  EXPECT_EQ(kPage.plane_words(), 2);
  EXPECT_EQ(kPage.image_words(), 3 * 6 * 2);
  EXPECT_EQ(kPage.table_words(), 20 + 3 * 5);
  EXPECT_EQ((PageGeometry{.rows = 33, .columns = 1, .code_bits = 1}).row_table_words(), 17);
}

TEST(PackCodes, PutsPlanesOfAColumnBehindEachOther) {
  std::vector<std::uint16_t> codes(40 * 3);
  codes[0 * 3 + 0] = 0b000001;   // row 0, column 0: plane 0, word 0, bit 0
  codes[33 * 3 + 2] = 0b100010;  // row 33, column 2: planes 1 and 5, word 1, bit 1
  const std::vector<std::uint32_t> image = pack_codes(codes, 40, 3, kPage);
  std::vector<std::uint32_t> expected(36);
  expected[0] = 1;
  expected[2 * 12 + 1 * 2 + 1] = 2;
  expected[2 * 12 + 5 * 2 + 1] = 2;
  EXPECT_EQ(image, expected);
}

TEST(PackCodes, IsUndoneByUnpackCodesForEveryBlockSize) {
  std::mt19937 rng(5);
  for (const auto& [rows, columns] : {std::pair{1, 1}, {40, 3}, {32, 2}, {39, 1}}) {
    std::vector<std::uint16_t> codes(static_cast<std::size_t>(rows * columns));
    for (auto& code : codes) code = static_cast<std::uint16_t>(rng() % 64);
    const auto image = pack_codes(codes, rows, columns, kPage);
    EXPECT_EQ(unpack_codes(image, rows, columns, kPage), codes) << rows << "x" << columns;
  }
}

TEST(PackCodes, RefusesWhatDoesNotFitThePage) {
  const std::vector<std::uint16_t> codes(41);
  EXPECT_THAT(message_of([&] { pack_codes(codes, 41, 1, kPage); }),
              ::testing::HasSubstr("41x1 codes, page has 40x3"));
  EXPECT_THAT(message_of([&] { pack_codes(codes, 40, 1, kPage); }),
              ::testing::HasSubstr("41 values, expected 40"));
  EXPECT_THROW(pack_codes({}, 0, 1, kPage), InputError);
  EXPECT_THROW(unpack_codes(std::vector<std::uint32_t>(35), 40, 3, kPage), InputError);
  const std::vector<std::uint16_t> large{0, 0, 0, 64};
  EXPECT_THAT(message_of([&] { pack_codes(large, 2, 2, kPage); }),
              ::testing::HasSubstr("code 64 at row 1, column 1, expected 0..63"));
}

TEST(PackTable, PutsRowsBeforeColumnsInTheDocumentedLayout) {
  const ColumnEntry entry{.gain = 0x1234,
                          .sigma = 0x5678,
                          .offset = -2,
                          .reference = 0x9A,
                          .output = 0xBC,
                          .shift = 17,
                          .bits = 12,
                          .left_shift = 9,
                          .negative = true,
                          .zero_code = 0xABC};
  const std::vector<std::int32_t> rows{7, kUnusedRow, 65534};
  const TableWords table = pack_table(rows, std::vector<ColumnEntry>{{}, entry}, kPage);
  EXPECT_EQ(table.rows, 3);
  EXPECT_EQ(table.columns, 2);
  ASSERT_EQ(table.words.size(), 35U);
  EXPECT_EQ(table.words[0], 0xFFFF0007U);
  EXPECT_EQ(table.words[1], 0x0000FFFEU);
  const auto words = std::span(table.words).subspan(20 + 5, 5);
  EXPECT_THAT(words, ::testing::ElementsAre(0x56781234U, 0xFFFFFFFEU, 0x00BC009AU, 0x01090C11U,
                                            0x00000ABCU));
  EXPECT_EQ(unpack_column(words), entry);
}

TEST(PackTable, NamesTheEntryThatIsOutOfRange) {
  const std::vector<std::int32_t> rows{0};
  const auto message = [&](const ColumnEntry& entry) {
    return message_of([&] { pack_table(rows, std::vector<ColumnEntry>{{}, entry}, kPage); });
  };
  EXPECT_THAT(message({.gain = 65536}),
              ::testing::HasSubstr("column 1: gain is 65536, expected 0..65535"));
  EXPECT_THAT(message({.sigma = -1}), ::testing::HasSubstr("sigma is -1"));
  EXPECT_THAT(message({.reference = 65536}), ::testing::HasSubstr("reference"));
  EXPECT_THAT(message({.output = 65536}), ::testing::HasSubstr("output"));
  EXPECT_THAT(message({.shift = 32}), ::testing::HasSubstr("shift is 32, expected 0..31"));
  EXPECT_THAT(message({.bits = 0}), ::testing::HasSubstr("bits is 0, expected 1..12"));
  EXPECT_THAT(message({.bits = 13}), ::testing::HasSubstr("bits is 13"));
  EXPECT_THAT(message({.left_shift = 32}), ::testing::HasSubstr("left_shift"));
  EXPECT_THAT(message({.bits = 4, .zero_code = 16}),
              ::testing::HasSubstr("zero_code is 16, expected 0..15"));
}

TEST(PackTable, RefusesBadRowsAndSizes) {
  const std::vector<ColumnEntry> columns(1);
  EXPECT_THAT(message_of([&] {
                pack_table(std::vector<std::int32_t>{1, 65535}, columns, kPage);
              }),
              ::testing::HasSubstr("row 1 takes input 65535"));
  EXPECT_THROW(pack_table(std::vector<std::int32_t>{-2}, columns, kPage), InputError);
  EXPECT_THROW(pack_table(std::vector<std::int32_t>(41), columns, kPage), InputError);
  EXPECT_THROW(pack_table({}, columns, kPage), InputError);
  EXPECT_THROW(pack_table(std::vector<std::int32_t>{1}, {}, kPage), InputError);
}

}  // namespace
}  // namespace crossloop::drivers
