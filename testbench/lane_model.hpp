// A lane for the runtime over one Verilated model of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/error.hpp"
#include "host/lanes/lane.hpp"
#include "testbench/lane_driver.hpp"

namespace crossloop::testbench {

/// Of all Verilated lanes of this program.
inline constexpr lanes::LaneShape kLaneShape{CROSSLOOP_LANE_GROUP, CROSSLOOP_LANE_MULTIPLIERS,
                                             CROSSLOOP_LANE_CHANNELS, CROSSLOOP_LANE_DEPTH};

/// Programs and runs one `Model`, powered up with random state (seed 1).
template <class Model>
class VerilatedLane final : public lanes::Lane {
 public:
  explicit VerilatedLane(lanes::LaneKind kind) : kind_(kind), driver_(1) {}
  lanes::LaneKind kind() const override { return kind_; }
  lanes::LaneShape shape() const override { return kLaneShape; }
  Model& model() { return *driver_.dut(); }

  lanes::LaneRun run(const lanes::LaneProgram& program,
                     std::span<const std::uint8_t> vectors) override {
    const std::size_t count = lanes::check_run(*this, program, vectors.size());
    const auto inputs = static_cast<std::size_t>(program.inputs);
    std::vector<std::vector<std::uint8_t>> windows;
    for (std::size_t v = 0; v < count; ++v) {
      windows.push_back(lanes::gather_groups(program, vectors.subspan(v * inputs, inputs)));
    }
    lanes::LaneRun run;
    run.sums.resize(count * static_cast<std::size_t>(program.outputs));
    for (const lanes::LaneTile& tile : program.tiles) run_tile(program, tile, windows, run);
    return run;
  }

 private:
  void run_tile(const lanes::LaneProgram& program, const lanes::LaneTile& tile,
                std::span<const std::vector<std::uint8_t>> windows, lanes::LaneRun& run) {
    driver_.clear_counters();
    driver_.start(program, tile, windows);
    // No beat of any lane takes longer than a group of a dense one.
    const std::uint64_t limit = (windows.size() + 1) *
                                static_cast<std::uint64_t>(program.groups + 1) *
                                static_cast<std::uint64_t>(kLaneShape.group + 4);
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

  lanes::LaneKind kind_;
  LaneDriver<Model> driver_;
};

/// A lane of `kind` over the model for it, after prepare(lane).
template <class Dense, class Sparse, class Balanced, class Prepare>
std::unique_ptr<lanes::Lane> make_lane(lanes::LaneKind kind, const Prepare& prepare) {
  const auto made = [&]<class Model>(std::unique_ptr<VerilatedLane<Model>> lane) {
    prepare(*lane);
    return std::unique_ptr<lanes::Lane>(std::move(lane));
  };
  switch (kind) {
    case lanes::LaneKind::kDense:
      return made(std::make_unique<VerilatedLane<Dense>>(kind));
    case lanes::LaneKind::kSparse:
      return made(std::make_unique<VerilatedLane<Sparse>>(kind));
    case lanes::LaneKind::kBalanced:
      break;
  }
  return made(std::make_unique<VerilatedLane<Balanced>>(kind));
}

}  // namespace crossloop::testbench
