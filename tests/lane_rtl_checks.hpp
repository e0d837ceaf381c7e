// A Verilated lane against its twin: every handshake of every cycle, every sum, every counter.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "host/lanes/twin_lane.hpp"
#include "testbench/lane_driver.hpp"
#include "tests/random_lane_layers.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop::testing_support {

/// Chances in percent that a port goes on in a cycle.
struct LaneTraffic {
  unsigned act = 100;
  unsigned weight = 100;
  unsigned sum = 100;
};

inline testbench::LaneGates random_gates(const LaneTraffic& traffic, std::mt19937& rng) {
  testbench::LaneGates gates{chance(rng, traffic.act), 0, chance(rng, traffic.sum)};
  for (int c = 0; c < 64; ++c) {
    gates.weight |= std::uint64_t{chance(rng, traffic.weight)} << c;
  }
  return gates;
}

template <class Model>
class LaneChecks {
 public:
  LaneChecks(lanes::LaneKind kind, const lanes::LaneShape& shape)
      : kind_(kind),
        shape_(shape),
        driver_(bench_seed()),
        twin_(lanes::make_timing(kind, shape)),
        rng_(static_cast<unsigned>(bench_seed())) {}

  /// Random layers under `traffic`, one behind the other without a reset.
  void run_layers(int layers, const LaneTraffic& traffic) {
    for (int i = 0; i < layers && !::testing::Test::HasFailure(); ++i) {
      const LaneLayer layer = random_lane_layer(kind_, shape_, rng_);
      const auto vectors =
          random_acts(static_cast<std::size_t>(layer.geometry.inputs() * pick(rng_, 1, 4)), rng_);
      run_layer(layer, vectors, traffic);
    }
  }

  void run_layer(const LaneLayer& layer, std::span<const std::uint8_t> vectors,
                 const LaneTraffic& traffic) {
    const auto program = lanes::encode(kind_, shape_, layer.geometry, layer.weights);
    const auto inputs = static_cast<std::size_t>(program.inputs);
    std::vector<std::vector<std::uint8_t>> windows;
    for (std::size_t v = 0; v < vectors.size(); v += inputs) {
      windows.push_back(lanes::gather_groups(program, vectors.subspan(v, inputs)));
    }
    const auto expected = plain_product(layer, vectors);
    for (const lanes::LaneTile& tile : program.tiles) {
      run_tile(program, tile, windows, traffic);
      if (::testing::Test::HasFailure()) return;
      for (std::size_t v = 0; v < windows.size(); ++v) {
        for (int c = 0; c < tile.outputs; ++c) {
          const auto output = static_cast<std::size_t>(tile.first_output + c);
          ASSERT_EQ(driver_.sums()[v][static_cast<std::size_t>(c)],
                    expected[v * static_cast<std::size_t>(program.outputs) + output])
              << "output " << output << " of window " << v;
        }
      }
    }
  }

  /// Counters of the lane against those of tile_counters(), always supplied.
  void run_at_full_speed() {
    const LaneLayer layer = random_lane_layer(kind_, shape_, rng_);
    const auto program = lanes::encode(kind_, shape_, layer.geometry, layer.weights);
    const std::vector<std::vector<std::uint8_t>> windows(
        3,
        lanes::gather_groups(program, random_acts(static_cast<std::size_t>(program.inputs), rng_)));
    for (const lanes::LaneTile& tile : program.tiles) {
      driver_.clear_counters();
      driver_.start(program, tile, windows);
      while (!driver_.done()) {
        ASSERT_LT(driver_.dut().cycles(), 1'000'000U) << "stalled";
        driver_.cycle({});
      }
      EXPECT_EQ(driver_.counters(), lanes::tile_counters(program, tile, windows.size()));
    }
  }

 private:
  void run_tile(const lanes::LaneProgram& program, const lanes::LaneTile& tile,
                std::span<const std::vector<std::uint8_t>> windows, const LaneTraffic& traffic) {
    driver_.start(program, tile, windows);
    const std::uint64_t start = driver_.dut().cycles();
    while (!driver_.done()) {
      ASSERT_LT(driver_.dut().cycles() - start, 1'000'000U) << "stalled";
      const testbench::LaneCycle seen = driver_.cycle(random_gates(traffic, rng_));
      ASSERT_EQ(seen.outputs, twin_->step(seen.inputs)) << "cycle " << driver_.dut().cycles();
      ASSERT_EQ(driver_.counters(), twin_->counters()) << "cycle " << driver_.dut().cycles();
    }
    for (std::size_t v = 0; v < windows.size(); ++v) {
      ASSERT_EQ(driver_.sums()[v], lanes::tile_sums(program, tile, windows[v])) << "window " << v;
    }
  }

  lanes::LaneKind kind_;
  lanes::LaneShape shape_;
  testbench::LaneDriver<Model> driver_;
  std::unique_ptr<lanes::LaneTiming> twin_;
  std::mt19937 rng_;
};

/// What every lane is held to.
template <class Model>
void check_lane(lanes::LaneKind kind, const lanes::LaneShape& shape, const LaneTraffic& traffic,
                int layers) {
  SCOPED_TRACE(replay_hint());
  LaneChecks<Model>(kind, shape).run_layers(layers, traffic);
}

}  // namespace crossloop::testing_support
