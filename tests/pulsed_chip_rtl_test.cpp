// A chip in mode pulses whose cells the RTL writes, against one that the engine's plant writes.
#include <gtest/gtest.h>

#include "host/error.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/measure.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/pulsed_device.hpp"
#include "tests/rtl_random.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using drivers::Reg;
using testing_support::pulsed_device;
using testing_support::SmallCase;

constexpr std::uint64_t kChip = 21;

/// Wires, stuck cells of both kinds, spread and noise.
analog::Device faulty_device() {
  analog::Device device = pulsed_device();
  device.wires = {300.0, 5.0, 5.0, 300.0};
  device.stuck_lrs_rate = 0.01;
  device.stuck_hrs_rate = 0.01;
  return device;
}

/// A core from before WRITE_VERIFY.
class OldTransport : public drivers::Transport {
 public:
  explicit OldTransport(std::unique_ptr<drivers::Transport> inner) : inner_(std::move(inner)) {}
  std::uint32_t read(Reg reg) override {
    if (reg == Reg::OPCODES) throw DeviceError("AXI read refused");
    return inner_->read(reg);
  }
  void write(Reg reg, std::uint32_t value) override { inner_->write(reg, value); }
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override {
    inner_->read_window(word, values);
  }
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override {
    inner_->write_window(word, values);
  }
  bool idle() override { return inner_->idle(); }

 private:
  std::unique_ptr<drivers::Transport> inner_;
};

/// One chip twice: behind a Verilated core, and in the engine.
struct Twins {
  explicit Twins(const analog::Device& device, double stalls = 0.0, bool old = false)
      : test(device), engine(test.deployment.tile, device, kChip) {
    std::unique_ptr<drivers::Transport> core = testbench::make_verilated_device(
        {.geometry = {16, 16, 8}, .seed = 5, .stall_probability = stalls});
    if (old) core = std::make_unique<OldTransport>(std::move(core));
    auto planted = std::make_unique<PlantedTransport>(
        std::move(core), analog::Chip(device, test.deployment.tile.code, kChip));
    transport = planted.get();
    rtl = std::make_unique<DeviceBackend>("rtl", std::move(planted), test.deployment.tile);
    program_all(engine, test.deployment);
    program_all(*rtl, test.deployment);
  }

  std::int32_t crossbars() const {
    return static_cast<std::int32_t>(test.deployment.crossbars.size());
  }
  void program(std::int32_t crossbar) {
    const auto& c = test.deployment.crossbars[static_cast<std::size_t>(crossbar)];
    engine.program(crossbar, c.row_count(), c.column_count(), c.levels);
    rtl->program(crossbar, c.row_count(), c.column_count(), c.levels);
  }
  const analog::ProgrammingReport& report() const { return transport->chip().report(); }

  void expect_equal() {
    EXPECT_EQ(rtl->snapshot(crossbars()).hash(), engine.snapshot(crossbars()).hash());
    EXPECT_EQ(rtl->snapshot(crossbars()).codes, engine.snapshot(crossbars()).codes);
    EXPECT_EQ(report(), engine.chip().report());
    for (std::int32_t i = 0; i < crossbars(); ++i) {
      const auto found = transport->chip().status(static_cast<std::uint32_t>(i));
      const auto expected = engine.chip().status(static_cast<std::uint32_t>(i));
      EXPECT_TRUE(std::equal(found.begin(), found.end(), expected.begin(), expected.end())) << i;
    }
  }

  /// Busy cycles in which five went into each pulse.
  bool core_had_time_for_the_pulses() {
    const auto pulses = static_cast<std::uint64_t>(report().set_pulses + report().reset_pulses);
    return transport->read(Reg::CYCLES_BUSY_LO) >= 5 * pulses;
  }

  SmallCase test;
  EngineBackend engine;
  PlantedTransport* transport = nullptr;
  std::unique_ptr<DeviceBackend> rtl;
};

TEST(PulsedChipRtl, HoldsWhatTheEngineHolds) {
  Twins twins(faulty_device());
  twins.expect_equal();
  EXPECT_TRUE(twins.core_had_time_for_the_pulses());
  EXPECT_GT(twins.report().set_pulses + twins.report().reset_pulses, 5000);
  EXPECT_GT(twins.report().failures, 10);
}

TEST(PulsedChipRtl, HoldsTheSameUnderBackPressure) {
  Twins twins(faulty_device(), 0.5);
  twins.expect_equal();
}

TEST(PulsedChipRtl, IsReprogrammedOnlyWhereLevelsChanged) {
  Twins twins(faulty_device());
  const std::int64_t cells = twins.report().cells_programmed;
  const std::int64_t reads = twins.report().verify_reads;
  twins.test.deployment.crossbars[0].levels[3] ^= 1;
  twins.program(0);
  twins.expect_equal();
  EXPECT_EQ(twins.report().cells_programmed, cells + 1);
  EXPECT_LE(twins.report().verify_reads, reads + 201);
  for (auto& level : twins.test.deployment.crossbars[1].levels) level ^= 2;
  twins.program(1);
  twins.program(1);  // nothing to do
  twins.expect_equal();
  EXPECT_TRUE(twins.core_had_time_for_the_pulses());
}

TEST(PulsedChipRtl, WearsOutTheSameCells) {
  analog::Device device = faulty_device();
  device.endurance = analog::Endurance{.cycles = 60.0, .log10_sigma = 0.3, .fails_to_lrs = false};
  Twins twins(device);
  for (int round = 0; round < 4; ++round) {
    for (auto& level : twins.test.deployment.crossbars[0].levels) level ^= 3;
    twins.program(0);
  }
  twins.expect_equal();
  EXPECT_GT(twins.report().worn, 20);
}

TEST(PulsedChipRtl, IsWrittenInSmallPiecesWhereBudgetsAreLarge) {
  analog::Device device = pulsed_device();
  device.pulses.budget = 400'000;  // five cells in a piece, of columns of 16
  Twins twins(device);
  twins.expect_equal();
  EXPECT_TRUE(twins.core_had_time_for_the_pulses());
}

TEST(PulsedChipRtl, IsWrittenByThePlantWhereTheCoreCannot) {
  Twins twins(faulty_device(), 0.0, true);
  twins.expect_equal();
  EXPECT_FALSE(twins.core_had_time_for_the_pulses());
}

TEST(PulsedChipRtl, LeavesWindowRingAndCountersOfTheHostAlone) {
  std::mt19937 rng(8);
  Twins twins(faulty_device());
  drivers::Device device(*twins.transport);
  const auto& geometry = device.info().geometry;
  device.program(0, drivers::pack_codes(std::vector<std::uint16_t>(256, 43), 16, 16, geometry));
  std::vector<std::uint32_t> words(4000), after(words.size());
  for (auto& value : words) value = testing_support::random_word(rng);
  device.write_words(drivers::constant::RING_WORDS, words);
  const std::uint32_t doorbell = twins.transport->read(Reg::DOORBELL);
  const std::int64_t reads = twins.report().verify_reads;
  device.commit(0, 1000);
  EXPECT_GE(twins.report().verify_reads, reads + 256);
  EXPECT_EQ(device.read_words(drivers::constant::RING_WORDS, words.size()), words);
  EXPECT_EQ(twins.transport->read(Reg::DOORBELL), doorbell + 1);
  EXPECT_EQ(twins.transport->read(Reg::COMPLETED), doorbell + 1);
}

}  // namespace
}  // namespace crossloop::runtime
