// The table `converter` of a device file and the INL files it names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "host/analog/converter.hpp"
#include "host/analog/inl_file.hpp"
#include "host/error.hpp"

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ConverterFile : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  Converter read(const std::string& text) const {
    auto file = ConfigTable::parse_text(text, (folder_ / "mine.toml").string());
    return read_converter(file.table("converter"));
  }
  std::string error_of(const std::string& keys) const {
    try {
      read("[converter]\n" + keys);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  }
  void write_inl(const std::string& text) const { std::ofstream(folder_ / "inl.csv") << text; }
  std::string error_of_inl(const std::string& text) const {
    write_inl(text);
    return error_of("adc_inl_file = 'inl.csv'\n");
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("converter_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(ConverterFile, GivesEveryNumberItsPlace) {
  EXPECT_EQ(read(""), Converter{});
  const Converter found = read(
      "[converter]\nadc_gain_sigma = 0.1\nadc_column_gain_sigma = 0.2\nadc_offset_sigma_lsb = 3\n"
      "adc_noise_lsb = 4\nadc_inl_lsb = 5\ndac_gain_sigma = 0.06\ndac_off_level_sigma = 0.07\n"
      "dac_bits = 1\n");
  const Converter expected{.adc_gain_sigma = 0.1,
                           .adc_column_gain_sigma = 0.2,
                           .adc_offset_sigma_lsb = 3.0,
                           .adc_noise_lsb = 4.0,
                           .adc_inl_lsb = 5.0,
                           .dac_gain_sigma = 0.06,
                           .dac_off_level_sigma = 0.07};
  EXPECT_EQ(found, expected);
}

TEST_F(ConverterFile, RefusesNumbersOutOfRangeNamingKeyLineAndRange) {
  for (const char* key :
       {"adc_gain_sigma", "adc_column_gain_sigma", "adc_offset_sigma_lsb", "adc_noise_lsb",
        "adc_inl_lsb", "dac_gain_sigma", "dac_off_level_sigma"}) {
    for (const char* value : {"nan", "inf", "-inf", "-0.001", "1e6", "'much'"}) {
      EXPECT_THAT(error_of(std::string("\n") + key + " = " + value + "\n"),
                  AllOf(HasSubstr(".toml:3: key 'converter." + std::string(key) + "': found"),
                        HasSubstr("expected a number from 0 to ")))
          << key << " = " << value;
    }
  }
  EXPECT_THAT(error_of("adc_inl_lsb = 0.3\n"),
              AllOf(HasSubstr("'converter.adc_inl_lsb': found 0.3"), HasSubstr("0.5 to 127")));
  EXPECT_THAT(error_of("adc_gian_sigma = 0.3\n"), HasSubstr("adc_gian_sigma"));
}

TEST_F(ConverterFile, RefusesAnyDacOfMoreThanOneBitAndSaysWhy) {
  for (const char* bits : {"0", "2", "-1", "8"}) {
    EXPECT_THAT(error_of(std::string("dac_bits = ") + bits + "\n"),
                AllOf(HasSubstr("mine.toml:2"),
                      HasSubstr("'converter.dac_bits': found " + std::string(bits)),
                      HasSubstr("one bit a phase")));
  }
  EXPECT_THAT(error_of("dac_bits = 1.5\n"), HasSubstr("'converter.dac_bits'"));
}

TEST_F(ConverterFile, ReadsAnInlOf256CorrectionsBesideTheDeviceFile) {
  std::string text = "# LSB\n";
  for (int i = 0; i < 256; ++i)
    text += std::to_string(i / 4.0 - 30.0) + (i % 16 == 15 ? "\n" : ", ");
  write_inl(text);
  const auto inl = read("[converter]\nadc_inl_file = 'inl.csv'\n").adc_inl_table;
  ASSERT_TRUE(inl.has_value());
  EXPECT_EQ((*inl)[0], -30);
  EXPECT_EQ((*inl)[1], -30);  // -29.75
  EXPECT_EQ((*inl)[255], 34);
}

TEST_F(ConverterFile, ReadsAnInlOfPairsWithStraightLinesBetween) {
  write_inl("# code, inl\n0, 0\n\n100 10 # peak\n255, -5.5\n");
  const auto inl = read_inl_file(folder_ / "inl.csv");
  EXPECT_EQ(inl[0], 0);
  EXPECT_EQ(inl[50], 5);
  EXPECT_EQ(inl[100], 10);
  EXPECT_EQ(inl[131], 7);  // 10 - 31 * 15.5 / 155 = 6.9
  EXPECT_EQ(inl[255], -6);
}

TEST_F(ConverterFile, RefusesABadInlFileNamingLineFoundAndExpected) {
  std::string short_by_one;
  for (int i = 0; i < 255; ++i) short_by_one += "1\n";
  EXPECT_THAT(error_of_inl(short_by_one),
              AllOf(HasSubstr("mine.toml:2: key 'converter.adc_inl_file'"),
                    HasSubstr("inl.csv: found 255 numbers, expected 256 corrections")));
  EXPECT_THAT(error_of_inl(short_by_one + "much\n"), HasSubstr("inl.csv:256: found \"much\""));
  EXPECT_THAT(error_of_inl(short_by_one + "nan\n"), HasSubstr("inl.csv:256: found \"nan\""));
  EXPECT_THAT(error_of_inl(short_by_one + "127.5\n"),
              AllOf(HasSubstr("inl.csv:256: found correction 127.5"), HasSubstr("-127 to 127")));
  EXPECT_THAT(error_of_inl(""), HasSubstr("found 0 codes"));
  EXPECT_THAT(error_of_inl("0 1\n"), HasSubstr("expected at least those of codes 0 and 255"));
  EXPECT_THAT(error_of_inl("0 1\n7 2\n7 3\n255 0\n"), HasSubstr("inl.csv:3: found code 7"));
  EXPECT_THAT(error_of_inl("0 1\n255 2\n256 3\n"), HasSubstr("an integer from 0 to 255"));
  EXPECT_THAT(error_of_inl("1 1\n255 2\n"), HasSubstr("inl.csv:1: found first code 1"));
  EXPECT_THAT(error_of_inl("0 1\n254 2\n"), HasSubstr("inl.csv:2: found last code 254"));
  EXPECT_THAT(error_of_inl("0 0.2\n255 -0.4\n"), HasSubstr("all round to 0 LSB"));
  EXPECT_THAT(error_of("adc_inl_file = 'none.csv'\n"), HasSubstr("none.csv"));
}

TEST_F(ConverterFile, RefusesBothADrawnInlAndAFile) {
  write_inl("0 0\n255 3\n");
  EXPECT_THAT(error_of("adc_inl_lsb = 2\nadc_inl_file = 'inl.csv'\n"),
              AllOf(HasSubstr("mine.toml:3"), HasSubstr("converter.adc_inl_lsb"),
                    HasSubstr("expected one of them")));
}

}  // namespace
}  // namespace crossloop::analog
