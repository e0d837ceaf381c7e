#include "host/matrix_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <vector>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/npy_file.hpp"

namespace crossloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MatrixFile : public ::testing::Test {
 protected:
  ~MatrixFile() override { std::filesystem::remove_all(folder_); }

  Eigen::MatrixXd read(const std::string& text) const {
    write_file(folder_ / "m.csv", text);
    return read_matrix(folder_ / "m.csv");
  }
  /// The message after "m.csv: ".
  std::string refusal(const std::string& text) const {
    try {
      read(text);
    } catch (const InputError& error) {
      const std::string prefix = (folder_ / "m.csv").string() + ": ";
      EXPECT_THAT(error.what(), ::testing::StartsWith(prefix));
      return std::string(error.what()).substr(prefix.size());
    }
    return "accepted";
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("crossloop_matrix_" + std::to_string(::getpid()));
};

TEST_F(MatrixFile, ReadsNumbersBetweenCommas) {
  Eigen::MatrixXd expected(2, 3);
  expected << 1, -2.5, 3e-6, 0.5, 7, 1e300;
  EXPECT_EQ(read("1,-2.5,3e-6\n.5,+7,1E300\n"), expected);
  EXPECT_EQ(read("\xEF\xBB\xBF# in siemens\r\n 1 ,\t-2.5,3e-6\r\n\r\n  # half\r\n.5,+7,1e300"),
            expected);
  const Eigen::MatrixXd odd = read("nan,inf,-inf\n");
  EXPECT_TRUE(std::isnan(odd(0, 0)));
  EXPECT_EQ(odd(0, 2), -std::numeric_limits<double>::infinity());
}

TEST_F(MatrixFile, SaysWhereNoNumberIs) {
  const std::string expected = ", expected a number; numbers are separated by commas";
  EXPECT_EQ(refusal("1,2\n# no\n3,x4\n"), "line 3, number 2: found \"x4\"" + expected);
  EXPECT_EQ(refusal("1,2,\n"), "line 1, number 3: found nothing" + expected);
  EXPECT_EQ(refusal("1,,2\n"), "line 1, number 2: found nothing" + expected);
  for (const std::string text : {"1;2", "1 2", "0x10", "1e", "+-1", "+", "\"1\"", "1#2", "2k"}) {
    EXPECT_THAT(refusal(text), HasSubstr("found \"" + text + "\"" + expected));
  }
  EXPECT_THAT(refusal(std::string("\x01\xFF\0 1", 5)), HasSubstr("found \"??? 1\""));
  EXPECT_THAT(refusal(std::string(100, 'a')), HasSubstr("\"" + std::string(32, 'a') + "...\""));
  EXPECT_EQ(refusal("1,1e999"), "line 1, number 2: \"1e999\" is beyond a double's range");
}

TEST_F(MatrixFile, RefusesFilesThatAreNoMatrix) {
  EXPECT_EQ(refusal("# a\n\n1,2,3\n4,5\n"), "line 4: found 2 numbers, expected 3 as in line 3");
  for (const std::string text : {"", "\n", "# only\n  # comments\n"}) {
    EXPECT_EQ(refusal(text), "found no numbers, expected a line of them for each row");
  }
  EXPECT_THROW(read_matrix(folder_ / "none.csv"), InputError);
  EXPECT_THROW(read_matrix(folder_ / "m.txt"), InputError);
  EXPECT_THROW(read_matrix(folder_ / "m"), InputError);
}

TEST_F(MatrixFile, ReadsWhatItWrote) {
  Eigen::MatrixXd matrix(2, 3);
  matrix << 1.0 / 3.0, 5e-5, -1e-300, 0.1, 0, 12345678.9;
  for (const char* const name : {"m.csv", "m.npy"}) {
    write_matrix(folder_ / name, matrix);
    EXPECT_EQ(read_matrix(folder_ / name), matrix) << name;
  }
}

TEST_F(MatrixFile, TakesNpyOfTwoAxes) {
  const std::filesystem::path path = folder_ / "m.npy";
  const auto refuse = [&](const std::vector<std::int64_t>& shape, std::size_t count) {
    write_npy(path, shape, std::vector<double>(count));
    try {
      read_matrix(path);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refuse({4}, 4), HasSubstr("found an array of shape (4), expected two axes"));
  EXPECT_THAT(refuse({2, 1, 2}, 4), HasSubstr("shape (2, 1, 2), expected two axes"));
  EXPECT_THAT(refuse({0, 3}, 0), HasSubstr("shape (0, 3), expected at least one value"));
  write_npy(path, std::vector<std::int64_t>{1, 2}, std::vector<float>{0.1F, 2});
  EXPECT_EQ(read_matrix(path)(0, 0), double{0.1F});
}

TEST_F(MatrixFile, ReadsVectorsLyingAndStanding) {
  write_file(folder_ / "v.csv", "1,2,3\n");
  EXPECT_THAT(read_vector(folder_ / "v.csv"), ElementsAre(1, 2, 3));
  write_file(folder_ / "v.csv", "1\n2\n3\n");
  EXPECT_THAT(read_vector(folder_ / "v.csv"), ElementsAre(1, 2, 3));
  write_npy(folder_ / "v.npy", std::vector<std::int64_t>{2}, std::vector<double>{4, 5});
  EXPECT_THAT(read_vector(folder_ / "v.npy"), ElementsAre(4, 5));
  write_file(folder_ / "v.csv", "1,2\n3,4\n");
  EXPECT_THROW(read_vector(folder_ / "v.csv"), InputError);
}

}  // namespace
}  // namespace crossloop
