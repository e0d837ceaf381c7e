#include <gmock/gmock.h>

#include <filesystem>

#include "host/compiler/compile.hpp"
#include "host/error.hpp"
#include "host/files.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kGoodTile =
    "rows = 64\ncolumns = 32\ncell_bits = 2\ncode_bits = 8\nfraction_bits = 5\n"
    "input_bits = 8\nweight_bits = 6\nadc_bits = 7\n";

class ReadTile : public ::testing::Test {
 protected:
  ReadTile()
      : path_(fs::path(::testing::TempDir()) /
              (std::string("read_tile_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml")) {}
  ~ReadTile() override { fs::remove(path_); }

  TileFormat read(const std::string& content) const {
    write_file(path_, content);
    return read_tile(path_, test_device());
  }

  fs::path path_;
};

TEST_F(ReadTile, TakesEveryFieldAndTheReferenceOfTheDevice) {
  const TileFormat tile = read(kGoodTile);
  EXPECT_EQ(tile.rows, 64);
  EXPECT_EQ(tile.columns, 32);
  EXPECT_EQ(tile.weight_bits, 6);
  EXPECT_EQ(tile.adc_bits, 7);
  EXPECT_EQ(tile.code, analog::code_format(test_device(), 2, 8, 5));
  EXPECT_EQ(tile.slices(), 3);
}

TEST_F(ReadTile, RefusesUnknownMissingAndOutOfRangeKeys) {
  EXPECT_THAT([&] { read(kGoodTile + std::string("pages = 4\n")); },
              ThrowsMessage<InputError>(HasSubstr("pages")));
  EXPECT_THAT([&] { read("rows = 64\n"); }, ThrowsMessage<InputError>(HasSubstr("columns")));
  std::string large = kGoodTile;
  large.replace(large.find("64"), 2, "4096");
  EXPECT_THAT([&] { read(large); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("rows"), HasSubstr("512"))));
}

TEST_F(ReadTile, RefusesFractionBitsThatDoNotFitTheCode) {
  std::string fine = kGoodTile;
  fine.replace(fine.find("fraction_bits = 5"), 17, "fraction_bits = 8");
  EXPECT_THROW(read(fine), InputError);
}

TEST(TilePresets, AreReadableAndNamedByTheirSize) {
  const fs::path folder = fs::path(CROSSLOOP_SOURCE_DIR) / "configs" / "tiles";
  int presets = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const TileFormat tile = read_tile(entry.path(), test_device());
    EXPECT_EQ(entry.path().stem(), std::to_string(tile.rows) + "x" + std::to_string(tile.columns) +
                                       "c" + std::to_string(tile.code.cell_bits));
    ++presets;
  }
  EXPECT_GE(presets, 4);
}

}  // namespace
}  // namespace crossloop::compiler
