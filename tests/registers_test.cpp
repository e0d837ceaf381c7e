#include "drivers/registers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace crossloop::drivers {
namespace {

TEST(Registers, PrintTheCheckedInVerilogHeader) {
  std::ifstream file(CROSSLOOP_SOURCE_DIR "/rtl/generated/crossloop_regs.vh");
  ASSERT_TRUE(file) << "rtl/generated/crossloop_regs.vh is missing";
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), verilog_header())
      << "print it anew: crossloop_print_registers > rtl/generated/crossloop_regs.vh";
}

TEST(Registers, LieOnWordsOfTheirOwnBelowTheWindow) {
  std::set<std::uint32_t> offsets;
#define REG(name, offset, access, reset, meaning)                  \
  EXPECT_TRUE(offsets.insert(offset).second) << #name " overlaps"; \
  EXPECT_EQ((offset) % 4, 0) << #name;                             \
  EXPECT_LT(offset, 0x1000) << #name;
#include "rtl/registers.def"
  EXPECT_GT(offsets.size(), 10U);
}

TEST(Registers, GiveEveryWordOfADescriptorOneMeaning) {
  std::set<std::pair<std::string, int>> words;
#define WORD(opcode, name, index, meaning)                                             \
  EXPECT_TRUE(words.insert({#opcode, index}).second) << #opcode " " #name " overlaps"; \
  EXPECT_TRUE(index > 0 && index < static_cast<int>(constant::DESCRIPTOR_WORDS)) << #name;
#include "rtl/registers.def"
}

TEST(Registers, GiveEveryBitOfAColumnEntryOneMeaning) {
  std::uint32_t used[constant::COLUMN_WORDS] = {};
#define COLUMN_FIELD(name, word, lsb, width, meaning)                             \
  EXPECT_EQ(used[word] & column_field::name.place(~0U), 0U) << #name " overlaps"; \
  used[word] |= column_field::name.place(~0U);
#include "rtl/registers.def"
}

TEST(Registers, HaveNames) {
  EXPECT_EQ(register_name(static_cast<std::uint32_t>(Reg::DOORBELL)), "DOORBELL");
  EXPECT_EQ(register_name(0xFFC), "0xffc");
  EXPECT_EQ(opcode_name(static_cast<std::uint32_t>(Opcode::LAYER)), "LAYER");
  EXPECT_EQ(opcode_name(99), "0x63");
  EXPECT_EQ(error_name(static_cast<std::uint32_t>(ErrorCode::OVERLAP)), "OVERLAP");
  EXPECT_THAT(error_meaning(static_cast<std::uint32_t>(ErrorCode::OVERLAP)),
              ::testing::HasSubstr("overlap"));
  EXPECT_EQ(error_meaning(77), "");
}

TEST(BitField, PlacesAndReadsWithoutTouchingItsNeighbours) {
  constexpr BitField kBits{0, 8, 4};
  EXPECT_EQ(kBits.limit(), 15U);
  EXPECT_EQ(kBits.place(0xFF), 0xF00U);
  EXPECT_EQ(kBits.get(0xABCDE), 0xCU);
  constexpr BitField kWord{0, 0, 32};
  EXPECT_EQ(kWord.get(kWord.place(0xFFFFFFFFU)), 0xFFFFFFFFU);
}

}  // namespace
}  // namespace crossloop::drivers
