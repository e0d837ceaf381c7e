// The GTKWave save file against the waves of every core.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "testbench/verilated_device.hpp"
#include "tests/wave_file.hpp"

namespace crossloop::testbench {
namespace {

/// The signals of testbench/crossloop.gtkw: lines that are neither a setting, nor flags, nor the
/// title of a group.
std::vector<std::string> saved_signals() {
  std::ifstream stream(CROSSLOOP_SOURCE_DIR "/testbench/crossloop.gtkw");
  std::vector<std::string> signals;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("TOP")) {
      signals.push_back(line);
    } else {
      EXPECT_TRUE(line.starts_with("[") || line.starts_with("@") || line.starts_with("-")) << line;
    }
  }
  return signals;
}

/// "g_lane[0].u_lane.code" of "g_lane[0].u_lane.code[11:0]"; what ends in no range stays.
std::string name_of(const std::string& signal) {
  return signal.ends_with("]") ? signal.substr(0, signal.find_last_of('[')) : signal;
}

std::set<std::string> waves_of(const VerilatedGeometry& geometry) {
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) /
      ("waves_" + std::to_string(geometry.rows) + "_" + std::to_string(::getpid()) + ".fst");
  make_verilated_device({.geometry = geometry, .trace = path});
  auto signals = tests::read_waves(path).signals;
  std::filesystem::remove(path);
  return signals;
}

TEST(SavedWaves, NameSignalsOfEveryCore) {
  const auto saved = saved_signals();
  ASSERT_GT(saved.size(), 100U);
  std::set<std::string> anywhere;
  for (const VerilatedGeometry& geometry : verilated_geometries()) {
    if (geometry.engines > 1) continue;  // built without waves
    const auto signals = waves_of(geometry);
    std::map<std::string, int> found;  // by name without range
    for (const std::string& signal : saved) {
      found[name_of(signal)] += static_cast<int>(signals.count(signal));
      if (signals.contains(signal)) anywhere.insert(signal);
    }
    for (const auto& [name, count] : found) {
      EXPECT_EQ(count, 1) << name << " in the core of " << geometry.rows << " rows";
    }
  }
  // A signal with several ranges: each is that of some core.
  for (const std::string& signal : saved) EXPECT_TRUE(anywhere.contains(signal)) << signal;
}

}  // namespace
}  // namespace crossloop::testbench
