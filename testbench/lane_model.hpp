// A lane for the runtime over one Verilated model of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/error.hpp"
#include "host/lanes/lane.hpp"
#include "testbench/lane_driver.hpp"

namespace crossloop::testbench {

using lanes::LaneKind;
using lanes::LaneProgram;
using lanes::LaneRun;
using lanes::LaneShape;
using lanes::LaneTile;

inline constexpr LaneShape kShape{CROSSLOOP_LANE_GROUP, CROSSLOOP_LANE_MULTIPLIERS,
                                  CROSSLOOP_LANE_CHANNELS, CROSSLOOP_LANE_DEPTH};

template <class Model>
class VerilatedLane final : public lanes::Lane {
 public:
  explicit VerilatedLane(LaneKind kind) : kind_(kind), driver_(1) {}
  LaneKind kind() const override { return kind_; }
  LaneShape shape() const override { return kShape; }
  Model& model() { return *driver_.dut(); }

  LaneRun run(const LaneProgram& program, std::span<const std::uint8_t> vectors) override {
    const std::size_t count = lanes::check_run(*this, program, vectors.size());
    const auto inputs = static_cast<std::size_t>(program.inputs);
    std::vector<std::vector<std::uint8_t>> windows;
    for (std::size_t v = 0; v < count; ++v) {
      windows.push_back(lanes::gather_groups(program, vectors.subspan(v * inputs, inputs)));
    }
    LaneRun run;
    run.sums.resize(count * static_cast<std::size_t>(program.outputs));
    for (const LaneTile& tile : program.tiles) run_tile(program, tile, windows, run);
    return run;
  }

 private:
  void run_tile(const LaneProgram& program, const LaneTile& tile,
                std::span<const std::vector<std::uint8_t>> windows, LaneRun& run) {
    driver_.clear_counters();
    driver_.start(program, tile, windows);
    // No beat of any lane takes longer than a group of a dense one.
    const std::uint64_t limit = (windows.size() + 1) *
                                static_cast<std::uint64_t>(program.groups + 1) *
                                static_cast<std::uint64_t>(kShape.group + 4);
    for (std::uint64_t cycle = 0; !driver_.done(); ++cycle) {
      if (cycle > limit) throw DeviceError("layer " + program.layer + ": the lane has stalled");
      driver_.cycle({});
    }
    for (std::size_t v = 0; v < windows.size(); ++v) {
      std::copy_n(driver_.sums()[v].begin(), tile.outputs,
                  run.sums.begin() +
                      static_cast<std::ptrdiff_t>(v * static_cast<std::size_t>(program.outputs)) +
                      tile.first_output);
    }
    run.counters += driver_.counters();
  }

  LaneKind kind_;
  LaneDriver<Model> driver_;
};

}  // namespace crossloop::testbench
