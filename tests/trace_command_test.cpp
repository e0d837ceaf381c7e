// --trace on measure and program, and what an interrupted run leaves of the waves. That of run is
// in run_command_test.cpp, that of loop in loop_command_test.cpp.
#include <csignal>
#include <thread>

#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "tests/command_line.hpp"
#include "tests/wave_file.hpp"

namespace crossloop {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// The HDF5 library keeps what it allocated once.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

/// A folder of its own for each test, with an untrained linear network on 16 x 16 tiles.
class TraceCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    tests::write_digits(folder_.path());
    network::write_onnx(network::make_network("linear", {1, 8, 8}, 10, 1), folder_ / "net.onnx");
    const auto compiled = folder_.run(
        "compile -q net.onnx --data digits --calibration-images 16 --tile 16x16c2 "
        "--device demo --output net.xbar");
    ASSERT_EQ(compiled.code, 0) << compiled.errors;
  }

  nlohmann::json json_of(const std::string& arguments) const {
    const auto result = folder_.run(arguments + " -q --json result.json");
    EXPECT_EQ(result.code, 0) << result.errors;
    return folder_.json("result.json");
  }
  /// Files whose names hold "waves", as of every run here.
  std::vector<std::string> wave_files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename();
      if (name.find("waves") != std::string::npos) names.push_back(name);
    }
    return names;
  }
  /// Starts the program, sends `signal` once it writes waves; returns what waitpid() says.
  int signalled(const std::string& arguments, int signal) const {
    const std::string line = "cd '" + folder_.path().string() + "' && exec '" + CROSSLOOP_PROGRAM +
                             "' " + arguments + " >.stdout 2>.stderr";
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    const std::string part = ".waves.fst." + std::to_string(child) + ".part";
    while (!std::filesystem::exists(folder_ / part)) {
      if (::waitpid(child, &status, WNOHANG) != 0) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::kill(child, signal);
    ::waitpid(child, &status, 0);
    return status;
  }

  tests::WorkFolder folder_{"trace"};
};

constexpr const char* kLongRun =
    "measure -q net.xbar --on rtl --trace waves.fst --output long.h5 --repeats 1024";

TEST_F(TraceCommand, MeasureWritesWavesAndMeasuresTheSame) {
  const std::string measure =
      "measure net.xbar --chip-seed 7 --repeats 2 --max-standard-error 4 --on rtl --output ";
  const auto plain = json_of(measure + "plain.h5");
  const auto traced = json_of(measure + "traced.h5 --trace waves.fst");
  for (const char* key : {"cycles", "vectors", "max_standard_error", "weight_error"}) {
    EXPECT_EQ(traced.at(key), plain.at(key)) << key;
  }
  EXPECT_THAT(wave_files(), ElementsAre("waves.fst"));
  const auto waves = tests::read_waves(folder_ / "waves.fst");
  EXPECT_GT(waves.last_time, 2 * traced.at("cycles").get<std::uint64_t>());  // two edges a cycle
  EXPECT_THAT(waves.signals, Contains("TOP.crossloop.u_engines.g_engine[0].u_tile.state_q[1:0]"));
}

TEST_F(TraceCommand, ProgramWritesWavesOfTheSameChip) {
  const std::string program = "program net.xbar --chip-seed 7 --on rtl";
  const auto plain = json_of(program);
  const auto traced = json_of(program + " --trace waves.fst");
  EXPECT_EQ(traced.at("hash"), plain.at("hash"));
  EXPECT_THAT(wave_files(), ElementsAre("waves.fst"));
  // 20 crossbars of 16 columns with 8 planes of one word, over AXI4-Lite and then into the array.
  EXPECT_GT(tests::read_waves(folder_ / "waves.fst").last_time, 2U * 20 * 16 * 8);
}

TEST_F(TraceCommand, RefusesWavesWhereNothingRunsOnRtl) {
  for (const char* command : {"measure net.xbar --output m.h5", "program net.xbar"}) {
    const auto result = folder_.run(std::string(command) + " -q --trace waves.fst");
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_THAT(result.errors, HasSubstr("nothing runs on RTL")) << command;
  }
  EXPECT_THAT(wave_files(), IsEmpty());
}

TEST_F(TraceCommand, AnInterruptedRunLeavesWholeWavesUpToThere) {
  const int status = signalled(kLongRun, SIGINT);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(tests::content_of(folder_ / ".stderr"), HasSubstr(": interrupted\n"));
  EXPECT_THAT(wave_files(), ElementsAre("waves.fst"));
  EXPECT_GT(tests::read_waves(folder_ / "waves.fst").last_time, 0U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "long.h5"));
}

TEST_F(TraceCommand, AKilledRunLeavesNothingUnderTheNameOfTheWaves) {
  const int status = signalled(kLongRun, SIGKILL);
  ASSERT_TRUE(WIFSIGNALED(status));
  for (const std::string& name : wave_files()) {
    EXPECT_THAT(name, AllOf(StartsWith(".waves.fst."), HasSubstr(".part"))) << name;
  }
  EXPECT_FALSE(wave_files().empty());
}

}  // namespace
}  // namespace crossloop
