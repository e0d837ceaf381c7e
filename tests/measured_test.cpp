#include "host/analog/measured.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/analog/device.hpp"
#include "host/hdf5.hpp"
#include "host/npy_file.hpp"
#include "tests/input_error.hpp"

// The HDF5 library keeps what it allocated once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace crossloop::analog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

class Measured : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_ / "pages"); }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  std::string level_error(const std::string& text) const {
    return error_of([&] { read_level_statistics(write("levels.csv", text)); });
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) /
      ("measured_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(Measured, LevelsComeLineByLine) {
  const auto levels = read_level_statistics(
      write("levels.csv", "# chip 12\ntarget_us,mean_us,sigma_us\n5, 5.2, 0.4\n50,48.1,1.3\n"));
  EXPECT_THAT(levels,
              ElementsAre(LevelStatistics{5.0, 5.2, 0.4}, LevelStatistics{50.0, 48.1, 1.3}));
}

TEST_F(Measured, LevelsAreRefusedWithTheirPlace) {
  const std::string header = "target_us,mean_us,sigma_us\n";
  EXPECT_THAT(level_error("5,5,1\n"),
              AllOf(HasSubstr("levels.csv: line 1"), HasSubstr("expected the header target_us")));
  EXPECT_THAT(level_error(header + "5,5\n"), HasSubstr("line 2: found 2 numbers, expected 3"));
  EXPECT_THAT(level_error(header + "5,5,1\n5,5,1\n"), HasSubstr("rising targets"));
  EXPECT_THAT(level_error(header + "5,-5,1\n"), HasSubstr("found -5"));
  EXPECT_THAT(level_error(header + "5,nan,1\n"), HasSubstr("found nan"));
  EXPECT_THAT(level_error(header + "5,five,1\n"), HasSubstr("found \"five\""));
  EXPECT_THAT(level_error(header), HasSubstr("found no numbers"));
  EXPECT_THAT(level_error(""), HasSubstr("found no numbers"));
}

TEST_F(Measured, PagesComeFromAFolder) {
  write("pages/3.csv", "1,2,3\n4,5,6\n");
  write("pages/notes.txt", "of no interest");
  write_npy(folder_ / "pages" / "12.npy", std::vector<std::int64_t>{1, 2},
            std::vector<double>{0.1, 50.0});
  const ConductancePages pages = read_conductance_pages(folder_ / "pages");
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages.at(3).rows, 2);
  EXPECT_EQ(pages.at(3).columns, 3);
  EXPECT_THAT(pages.at(3).conductance_us, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(pages.at(12).conductance_us, ElementsAre(0.1, 50.0));
}

TEST_F(Measured, PagesComeFromAnHdf5File) {
  {
    const hdf5::Group crossbars = hdf5::create_file(folder_ / "a.h5").create_group("crossbars");
    crossbars.create_group("7").write("conductance_us",
                                      std::span<const double>(std::vector<double>{1, 2.5}), {2, 1});
    crossbars.create_group("8").write("conductance_us",
                                      std::span<const float>(std::vector<float>{3}), {1, 1});
  }
  const ConductancePages pages = read_conductance_pages(folder_ / "a.h5");
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages.at(7).rows, 2);
  EXPECT_THAT(pages.at(7).conductance_us, ElementsAre(1.0, 2.5));
  EXPECT_THAT(pages.at(8).conductance_us, ElementsAre(3.0));
}

TEST_F(Measured, PagesAreRefusedWithTheirPlace) {
  const auto folder_error = [&](const std::string& name, const std::string& text) {
    write("pages/" + name, text);
    const std::string error = error_of([&] { read_conductance_pages(folder_ / "pages"); });
    fs::remove(folder_ / "pages" / name);
    return error;
  };
  EXPECT_THAT(folder_error("one.csv", "1\n"), HasSubstr("expected the number of a crossbar"));
  EXPECT_THAT(folder_error("1.csv", "1,2\n3\n"), HasSubstr("line 2: found 1 numbers"));
  EXPECT_THAT(folder_error("1.csv", "1,-2\n"), AllOf(HasSubstr("cell (0, 1)"), HasSubstr("-2")));
  EXPECT_THAT(folder_error("1.csv", "1,inf\n"), HasSubstr("found inf"));
  EXPECT_THAT(folder_error("1.csv", "5e-6,2e-5\n"), HasSubstr("are these siemens?"));
  EXPECT_THAT(folder_error("1.txt", "1\n"), HasSubstr("found no pages"));
  write("pages/4.csv", "1\n");
  write("pages/04.csv", "1\n");
  EXPECT_THAT(error_of([&] { read_conductance_pages(folder_ / "pages"); }),
              HasSubstr("crossbar 4 has two files"));
  EXPECT_THAT(error_of([&] { read_conductance_pages(folder_ / "none"); }),
              HasSubstr("no such file or folder"));
  EXPECT_THAT(error_of([&] { read_conductance_pages(write("b.h5", "text")); }),
              HasSubstr("not an HDF5 file"));
  { hdf5::create_file(folder_ / "c.h5").create_group("crossbars").create_group("1"); }
  EXPECT_THAT(error_of([&] { read_conductance_pages(folder_ / "c.h5"); }),
              AllOf(HasSubstr("/crossbars/1/conductance_us"), HasSubstr("missing")));
  {
    const hdf5::Group crossbars = hdf5::create_file(folder_ / "d.h5").create_group("crossbars");
    for (const char* name : {"4", "04"}) {
      crossbars.create_group(name).write("conductance_us", std::vector<double>{1, 2});
    }
  }
  EXPECT_THAT(error_of([&] { read_conductance_pages(folder_ / "d.h5"); }),
              HasSubstr("found shape (2), expected rows x columns"));
  {
    const hdf5::Group page =
        hdf5::create_file(folder_ / "e.h5").create_group("crossbars").create_group("4");
    const std::vector<double> values(1025, 1.0);
    page.write("conductance_us", std::span<const double>(values), {1025, 1});
  }
  EXPECT_THAT(error_of([&] { read_conductance_pages(folder_ / "e.h5"); }),
              HasSubstr("found shape (1025, 1), expected rows x columns of 1 to 1024"));
}

TEST_F(Measured, FilesAreFoundBesideTheDeviceThatNamesThem) {
  write("levels.csv", "target_us,mean_us,sigma_us\n1,1,0.1\n11,10,0.2\n");
  write("pages/0.csv", "1,2\n3,4\n");
  const std::string text =
      "name = 'mine'\n[conductance]\ng_min_us = 1\ng_max_us = 11\n"
      "[wires]\ndriver_ohm = 0\nrow_ohm = 0\ncolumn_ohm = 0\nsense_ohm = 0\n";
  const Device by_level =
      read_device(write("a.toml", text + "[programming]\nlevels_file = 'levels.csv'\n"));
  EXPECT_EQ(by_level.measured_levels.size(), 2u);
  const Device by_page = read_device(write("b.toml", text + "[measured]\npages = 'pages'\n"));
  EXPECT_EQ(by_page.measured_pages->at(0).rows, 2);
  EXPECT_THAT(error_of([&] {
                read_device(write("c.toml", text + "[measured]\npages = 'pages'\n"
                                                   "[faults]\nstuck_lrs_rate = 0.1\n"));
              }),
              AllOf(HasSubstr("key 'measured'"), HasSubstr("expected no")));
  EXPECT_THAT(error_of([&] {
                read_device(write("d.toml", text + "[programming]\nlevels_file = 'levels.csv'\n"
                                                   "error_sigma_us = [1]\n"));
              }),
              HasSubstr("both are the programming error"));
}

}  // namespace
}  // namespace crossloop::analog
