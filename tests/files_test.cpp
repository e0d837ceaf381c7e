#include "host/files.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "host/error.hpp"

namespace crossloop {
namespace {

namespace fs = std::filesystem;

class WriteAtomically : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("files_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(WriteAtomically, LeavesTheOldContentWhenTheWriterThrows) {
  write_file(folder_ / "a.txt", "old");
  EXPECT_THROW(write_atomically(folder_ / "a.txt",
                                [](const fs::path& temporary) {
                                  std::ofstream(temporary) << "half";
                                  throw InputError("writer failed");
                                }),
               InputError);
  const auto bytes = read_file(folder_ / "a.txt");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(WriteAtomically, CreatesMissingFolders) {
  write_file(folder_ / "b" / "c" / "d.txt", "deep");
  EXPECT_EQ(read_file(folder_ / "b" / "c" / "d.txt").size(), 4u);
}

TEST_F(WriteAtomically, NamesTheFolderThatCannotBeMade) {
  write_file(folder_ / "file", "x");
  try {
    write_file(folder_ / "file" / "below", "y");
    FAIL() << "expected InputError";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("file"), std::string::npos);
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

TEST_F(WriteAtomically, IsRefusedBeforehandWhereItWouldFail) {
  EXPECT_NO_THROW(require_writable(folder_ / "new" / "file"));
  EXPECT_THROW(require_writable(folder_), InputError);
  write_file(folder_ / "file", "x");
  EXPECT_THROW(require_writable(folder_ / "file" / "below"), InputError);
}

TEST_F(WriteAtomically, RefusesToReadAFolder) { EXPECT_THROW(read_file(folder_), InputError); }

}  // namespace
}  // namespace crossloop
