// Chips whose converters have errors: engine and hardware path stay equal to the last bit, and the
// host sees nothing but what it reads. 16 x 16 tiles.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "host/runtime/compare.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/measure.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using analog::Converter;
using analog::InlTable;
using testing_support::ideal_device;
using testing_support::rough_device;
using testing_support::SmallCase;

constexpr std::uint64_t kChip = 21;

InlTable step_at_the_middle() {
  InlTable table{};
  std::fill(table.begin() + 128, table.end(), std::int8_t{-3});
  return table;
}

const Converter kEveryError{.adc_gain_sigma = 0.08,
                            .adc_column_gain_sigma = 0.03,
                            .adc_offset_sigma_lsb = 2.0,
                            .adc_noise_lsb = 0.8,
                            .adc_inl_lsb = 4.0,
                            .dac_gain_sigma = 0.05,
                            .dac_off_level_sigma = 0.02};

analog::Device with(analog::Device device, const Converter& converter) {
  device.converter = converter;
  return device;
}

/// One chip twice: behind the registers of a Verilated core, and in the engine.
struct Twins {
  explicit Twins(const analog::Device& device, double stalls = 0.0)
      : test(device), engine(test.deployment.tile, device, kChip) {
    auto simulation = testbench::make_verilated_device(
        {.geometry = {16, 16, 8}, .seed = 5, .stall_probability = stalls});
    auto planted = std::make_unique<PlantedTransport>(
        std::move(simulation), analog::Chip(device, test.deployment.tile.code, kChip));
    rtl = std::make_unique<DeviceBackend>("rtl", std::move(planted), test.deployment.tile);
  }
  Twins& programmed() {
    program_all(engine, test.deployment);
    program_all(*rtl, test.deployment);
    return *this;
  }
  std::int64_t mismatches(int images) {
    return compare_backends(test.deployment, *rtl, engine, test.images.slice(0, images), {})
        .mismatches;
  }
  std::vector<std::int32_t> logits() {
    return run_images(test.deployment, engine, test.images, {});
  }
  std::int32_t crossbars() const {
    return static_cast<std::int32_t>(test.deployment.crossbars.size());
  }
  SmallCase test;
  EngineBackend engine;
  std::unique_ptr<DeviceBackend> rtl;
};

TEST(Converters, LeaveRtlAndEngineEqualWithEveryErrorOn) {
  Twins twins(with(rough_device(), kEveryError));
  twins.programmed();
  EXPECT_EQ(twins.rtl->snapshot(twins.crossbars()).codes,
            twins.engine.snapshot(twins.crossbars()).codes);
  EXPECT_EQ(twins.mismatches(6), 0);
}

TEST(Converters, LeaveThemEqualUnderBackPressure) {
  EXPECT_EQ(Twins(with(rough_device(), kEveryError), 0.3).programmed().mismatches(1), 0);
}

TEST(Converters, LeaveThemEqualOnACrossbarProgrammedAgain) {
  Twins twins(with(rough_device(), kEveryError));
  twins.programmed();
  EXPECT_EQ(twins.mismatches(1), 0);
  auto& crossbar = twins.test.deployment.crossbars[0];
  for (auto& level : crossbar.levels) level ^= 3;
  twins.programmed();
  EXPECT_EQ(twins.mismatches(1), 0);
}

TEST(Converters, LeaveThemEqualOnARestoredSnapshot) {
  Twins twins(with(rough_device(), kEveryError));
  program_all(twins.engine, twins.test.deployment);
  twins.rtl->restore(twins.engine.snapshot(twins.crossbars()));
  EXPECT_EQ(twins.mismatches(2), 0);
}

TEST(Converters, AreMeasuredTheSameOnBoth) {
  Twins twins(with(rough_device(), kEveryError));
  twins.programmed();
  const MeasureOptions options{.max_standard_error = 2.0};
  for (const std::int32_t id : {0, 1}) {
    EXPECT_EQ(measure_crossbar(twins.test.deployment, *twins.rtl, id, options).codes,
              measure_crossbar(twins.test.deployment, twins.engine, id, options).codes);
  }
}

TEST(Converters, EachMoveTheOutputAloneAndLeaveTheTwinsEqual) {
  const auto without = Twins(ideal_device()).programmed().logits();
  const Converter alone[] = {{.adc_gain_sigma = 0.08},      {.adc_column_gain_sigma = 0.05},
                             {.adc_offset_sigma_lsb = 2.0}, {.adc_noise_lsb = 1.0},
                             {.adc_inl_lsb = 4.0},          {.adc_inl_table = step_at_the_middle()},
                             {.dac_gain_sigma = 0.05},      {.dac_off_level_sigma = 0.05}};
  int number = 0;
  for (const Converter& converter : alone) {
    Twins twins(with(ideal_device(), converter));
    twins.programmed();
    EXPECT_NE(twins.logits(), without) << "error " << number;
    EXPECT_EQ(twins.mismatches(1), 0) << "error " << number;
    ++number;
  }
}

TEST(Converters, ScaleTheMeasuredCodesByTheGainOfTheAdc) {
  auto device = ideal_device();
  device.converter.adc_gain_sigma = 0.1;
  Twins twins(device);
  twins.programmed();
  const auto& crossbar = twins.test.deployment.crossbars[0];
  const auto page = measure_crossbar(twins.test.deployment, *twins.rtl, 0,
                                     {.repeats = 32, .max_standard_error = 1.0});
  const auto state = analog::converter_state(device.converter, kChip, 0, {16, 16, 8});
  EXPECT_GT(std::abs(state.gain[0] - 65536), 1000);
  for (std::size_t i = 0; i < page.codes.size(); ++i) {
    const auto& column = crossbar.tables.columns[i % crossbar.tables.columns.size()];
    const double swing = twins.test.deployment.tile.code.nominal(crossbar.levels[i]) -
                         static_cast<double>(column.reference);
    EXPECT_NEAR(page.codes[i], column.reference + swing * state.gain[0] / 65536.0, 0.3);
  }
}

TEST(Converters, StayHiddenFromTheHost) {
  Twins bent(with(ideal_device(), kEveryError)), straight(ideal_device());
  const Job job = layer_job(bent.test.deployment, 0, 0, {}, 0, 1);
  const std::vector<std::uint8_t> vectors(static_cast<std::size_t>(3 * job.inputs), 201);
  for (Twins* twins : {&bent, &straight}) {
    program_all(*twins->rtl, twins->test.deployment);
    twins->rtl->run(job, vectors);
  }
  EXPECT_NE(bent.rtl->run(job, vectors).accumulators, straight.rtl->run(job, vectors).accumulators);
  // As many descriptors and cycles as without, and the tables still in the window as written.
  for (const auto reg : {drivers::Reg::DOORBELL, drivers::Reg::COMPLETED, drivers::Reg::ERROR}) {
    EXPECT_EQ(bent.rtl->transport().read(reg), straight.rtl->transport().read(reg));
  }
  EXPECT_EQ(bent.rtl->run(job, vectors).cycles, straight.rtl->run(job, vectors).cycles);
  const std::vector<std::int32_t> rows(16, 3);
  const std::vector<drivers::ColumnEntry> columns(16);
  const auto table = drivers::pack_table(rows, columns, bent.rtl->device().info().geometry);
  std::vector<std::uint32_t> mine(65536 - drivers::constant::RING_WORDS);
  std::iota(mine.begin(), mine.end(), 7);
  const auto window = [&](Twins& twins) {
    twins.rtl->transport().write_window(drivers::constant::RING_WORDS, mine);
    twins.rtl->device().load_table(2, table, 0);
    std::vector<std::uint32_t> words(65536);
    twins.rtl->transport().read_window(0, words);
    return words;
  };
  EXPECT_EQ(window(bent), window(straight));
}

TEST(Converters, LetTheDeviceRefuseABadTableItself) {
  Twins twins(with(ideal_device(), kEveryError));
  auto& transport = twins.rtl->transport();
  const std::uint32_t number = transport.read(drivers::Reg::DOORBELL);
  std::vector<std::uint32_t> descriptor(drivers::constant::DESCRIPTOR_WORDS);
  descriptor[0] = static_cast<std::uint32_t>(drivers::Opcode::LOAD_TABLE);
  descriptor[drivers::word::LOAD_TABLE_SOURCE] = 65530;  // beyond the window
  descriptor[drivers::word::LOAD_TABLE_ROWS] = descriptor[drivers::word::LOAD_TABLE_COLUMNS] = 1;
  transport.write_window(number % drivers::constant::RING_ENTRIES * 16, descriptor);
  transport.write(drivers::Reg::DOORBELL, number + 1);
  while (transport.read(drivers::Reg::ERROR) == 0) ASSERT_TRUE(transport.idle());
  EXPECT_EQ(transport.read(drivers::Reg::ERROR),
            static_cast<std::uint32_t>(drivers::ErrorCode::BAD_WINDOW));
  EXPECT_EQ(transport.read(drivers::Reg::ERROR_INDEX), number);
  twins.rtl->device().restart();
  EXPECT_EQ(twins.programmed().mismatches(1), 0);
}

}  // namespace
}  // namespace crossloop::runtime
