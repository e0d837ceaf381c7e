// crossloop program: chips of every kind, from a device file to codes and status in a file.
#include "host/hdf5.hpp"
#include "tests/command_line.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// The HDF5 library keeps what it allocated once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

constexpr const char* kHead =
    "name = 'mine'\n[conductance]\ng_min_us = 5\ng_max_us = 50\n"
    "[wires]\ndriver_ohm = 0\nrow_ohm = 0\ncolumn_ohm = 0\nsense_ohm = 0\n";

class Program : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<tests::WorkFolder>("program");
    const std::string model = CROSSLOOP_SOURCE_DIR "/models/resnet8_shapes.onnx";
    compiled_ = folder_->run("compile -q " + model +
                             " --calibration-images 16 --tile 64x64c2 --output net.xbar");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override { ASSERT_EQ(compiled_.code, 0) << compiled_.errors; }

  static tests::CommandResult program(const std::string& arguments) {
    return folder_->run("program -q net.xbar " + arguments + " --json p.json");
  }
  static nlohmann::json result() { return folder_->json("p.json"); }

  inline static std::unique_ptr<tests::WorkFolder> folder_;
  inline static tests::CommandResult compiled_;
};

TEST_F(Program, CountsPulsesAndWritesTheChip) {
  const auto run = program("--device-model pulses --chip-seed 7 --output chip.h5");
  ASSERT_EQ(run.code, 0) << run.errors;
  EXPECT_THAT(run.output, AllOf(HasSubstr("mode          pulses"), HasSubstr("verify reads"),
                                HasSubstr("pJ a cell"), HasSubstr("0 failed")));
  const auto report = result().at("programming");
  const auto pulses =
      report.at("set_pulses").get<std::int64_t>() + report.at("reset_pulses").get<std::int64_t>();
  EXPECT_EQ(report.at("verify_reads").get<std::int64_t>(),
            pulses + report.at("cells_programmed").get<std::int64_t>());
  EXPECT_GT(report.at("energy_pj").get<double>(), 0.0);
  const hdf5::Group page =
      hdf5::open_file(*folder_ / "chip.h5").open_group("crossbars").open_group("3");
  EXPECT_THAT(page.read<std::uint16_t>("codes", {64, 64}), SizeIs(4096));
  EXPECT_THAT(page.read<std::uint8_t>("status", {64, 64}), ::testing::Each(1));
}

TEST_F(Program, GivesTheSameChipOnEngineAndRtl) {
  ASSERT_EQ(program("--device-model pulses --chip-seed 7").code, 0);
  const auto engine = result();
  ASSERT_EQ(program("--device-model pulses --chip-seed 7 --on rtl").code, 0);
  EXPECT_EQ(result().at("hash"), engine.at("hash"));
  EXPECT_EQ(result().at("programming"), engine.at("programming"));
}

TEST_F(Program, NamesTheCrossbarsWithCellsThatFailed) {
  tests::write_content(*folder_ / "mine.toml",
                       std::string(kHead) + "[faults]\nstuck_lrs_rate = 0.0001\n");
  ASSERT_EQ(program("--device-model mine.toml").code, 0);
  EXPECT_GT(result().at("programming").at("failures").get<int>(), 20);
  std::int64_t failed = 0;
  const auto unprogrammable = result().at("unprogrammable");
  for (const auto& crossbar : unprogrammable) {
    failed += crossbar.at("failed").get<std::int64_t>();
  }
  EXPECT_EQ(failed, result().at("programming").at("failures").get<std::int64_t>());
}

TEST_F(Program, AgesTheChip) {
  ASSERT_EQ(program("--device-model cmo_hfox").code, 0);
  const auto hour = result();
  EXPECT_EQ(hour.at("chip").at("elapsed_s"), 3600.0);
  ASSERT_EQ(program("--device-model cmo_hfox --elapsed-s 86400").code, 0);
  EXPECT_EQ(result().at("chip").at("elapsed_s"), 86400.0);
  EXPECT_NE(result().at("hash"), hour.at("hash"));
}

TEST_F(Program, TakesAUsersOwnMeasurements) {
  tests::write_content(*folder_ / "levels.csv",
                       "target_us,mean_us,sigma_us\n5,5,0\n20,20,0\n35,35,0\n50,50,0\n");
  tests::write_content(*folder_ / "mine.toml",
                       std::string(kHead) + "[programming]\nlevels_file = 'levels.csv'\n");
  ASSERT_EQ(program("--device-model mine.toml").code, 0);
  const auto exact = result();
  ASSERT_EQ(program("--device-model ideal").code, 0);
  EXPECT_EQ(result().at("hash"), exact.at("hash"));
  tests::write_content(*folder_ / "pages" / "0.csv", "1,2\n3,4\n");
  tests::write_content(*folder_ / "mine.toml",
                       std::string(kHead) + "[measured]\npages = 'pages'\n");
  const auto run = program("--device-model mine.toml");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors,
              HasSubstr("crossbar 0: found a measured page of 2x2 cells, expected 64x64"));
}

TEST_F(Program, RefusesWhatCannotBe) {
  auto run = program("--elapsed-s 5");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors, HasSubstr("nothing in it changes with time"));
  run = program("--device-model wan2022");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors, HasSubstr("compile it with --device wan2022"));
  tests::write_content(*folder_ / "mine.toml", std::string(kHead) + "[nonlinearity]\nalpha = 1\n");
  run = program("--device-model mine.toml");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors, AllOf(HasSubstr("mine.toml:10"), HasSubstr("cannot enter a deployment")));
  run = program("--device-model none");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors, HasSubstr("presets: cmo_hfox, date2022"));
}

}  // namespace
}  // namespace crossloop
