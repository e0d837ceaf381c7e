// The whole hardware path against the engine: plant, driver, Verilated core; 16 x 16 tiles.
#include <gtest/gtest.h>

#include <numeric>

#include "host/error.hpp"
#include "host/runtime/compare.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/measure.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using testing_support::rough_device;
using testing_support::SmallCase;

constexpr std::uint64_t kChip = 21;

std::unique_ptr<DeviceBackend> open_rtl(const SmallCase& test, double stalls = 0.0,
                                        drivers::WaitLimits limits = {}, int seed = 5) {
  auto simulation = testbench::make_verilated_device(
      {.geometry = {16, 16, 8}, .seed = seed, .stall_probability = stalls});
  auto planted = std::make_unique<PlantedTransport>(
      std::move(simulation), analog::Chip(test.device, test.deployment.tile.code, kChip));
  return std::make_unique<DeviceBackend>("rtl", std::move(planted), test.deployment.tile, limits);
}

class Backends : public ::testing::Test {
 protected:
  Backends() : test_(rough_device()), engine_(test_.deployment.tile, test_.device, kChip) {
    rtl_ = open_rtl(test_);
    program_all(engine_, test_.deployment);
    program_all(*rtl_, test_.deployment);
  }
  std::int32_t crossbars() const {
    return static_cast<std::int32_t>(test_.deployment.crossbars.size());
  }
  SmallCase test_;
  EngineBackend engine_;
  std::unique_ptr<DeviceBackend> rtl_;
};

TEST_F(Backends, HoldTheSameCodesAfterProgrammingTheSameChip) {
  EXPECT_EQ(rtl_->snapshot(crossbars()).codes, engine_.snapshot(crossbars()).codes);
  EXPECT_NE(rtl_->snapshot(crossbars()).hash(), 0u);
}

TEST_F(Backends, ReprogramOnlyTheCellsThatChanged) {
  auto& crossbar = test_.deployment.crossbars[0];
  crossbar.levels[3] ^= 1;
  for (Backend* backend : {static_cast<Backend*>(rtl_.get()), static_cast<Backend*>(&engine_)}) {
    backend->program(0, crossbar.row_count(), crossbar.column_count(), crossbar.levels);
  }
  EXPECT_EQ(rtl_->snapshot(1).codes, engine_.snapshot(1).codes);
  const auto& planted = dynamic_cast<PlantedTransport&>(rtl_->transport());
  EXPECT_EQ(planted.cells_programmed(), crossbars() * 256 + 1);
}

TEST_F(Backends, RunTheNewCellsOfACrossbarThatAlreadyRan) {
  ASSERT_GT(test_.deployment.layers[1].crossbars.size(), 1u);
  const auto images = test_.images.slice(0, 1);
  EXPECT_EQ(compare_backends(test_.deployment, *rtl_, engine_, images, {}).mismatches, 0);
  const std::int32_t last = test_.deployment.layers[1].crossbars.back();
  auto& crossbar = test_.deployment.crossbars[static_cast<std::size_t>(last)];
  for (auto& level : crossbar.levels) level ^= 3;
  for (Backend* backend : {static_cast<Backend*>(rtl_.get()), static_cast<Backend*>(&engine_)}) {
    backend->program(last, crossbar.row_count(), crossbar.column_count(), crossbar.levels);
  }
  EXPECT_EQ(compare_backends(test_.deployment, *rtl_, engine_, images, {}).mismatches, 0);
}

/// Ten crossbars on 16 pages: a layer's second batch saves LOAD_PAGE, 16 x 8 words for each page.
TEST_F(Backends, KeepPagesWhereTheyAreWhileThereIsRoom) {
  std::vector<JobResult> results;
  for (const int layer : {0, 1, 0, 1}) {
    const Job job = layer_job(test_.deployment, layer, 0, {}, 0, 1);
    const std::vector<std::uint8_t> x(static_cast<std::size_t>(job.inputs), 200);
    results.push_back(rtl_->run(job, x));
  }
  for (const std::size_t layer : {0u, 1u}) {
    EXPECT_EQ(results[layer].accumulators, results[layer + 2].accumulators);
    const auto pages = static_cast<std::int64_t>(test_.deployment.layers[layer].crossbars.size());
    EXPECT_GE(results[layer].cycles - results[layer + 2].cycles, (pages - 1) * 128);
  }
}

TEST_F(Backends, ProgramUnderBackPressure) {
  for (int seed = 1; seed <= 10; ++seed) {
    auto stalled = open_rtl(test_, 0.6, {}, seed);
    program_all(*stalled, test_.deployment);
    ASSERT_EQ(stalled->snapshot(crossbars()).codes, engine_.snapshot(crossbars()).codes)
        << "seed " << seed;
  }
}

TEST_F(Backends, RefuseVectorsThatAreNotWhole) {
  Job job = layer_job(test_.deployment, 0, 0, {}, 0, 1);
  const std::vector<std::uint8_t> vectors(static_cast<std::size_t>(job.inputs) + 1, 1);
  EXPECT_THROW(rtl_->run(job, vectors), InputError);
  job.inputs = 0;
  EXPECT_THROW(rtl_->run(job, vectors), InputError);
}

TEST_F(Backends, AgreeOnWholeImagesWithErrorsAndNoiseOn) {
  const auto result =
      compare_backends(test_.deployment, *rtl_, engine_, test_.images.slice(0, 6), {});
  EXPECT_EQ(result.mismatches, 0);
  EXPECT_EQ(result.images, 6);
  EXPECT_EQ(result.integers, 6 * 2 * (4 * 9 + 3));
  EXPECT_GT(result.cycles, 0);
}

TEST(BackendVariants, AgreeOnEveryMappingAndEncoding) {
  testing_support::SmallOptions semi_folded, copies;
  semi_folded.compile.placement.mapping = compiler::Mapping::kSemiFolded;
  copies.compile.crossbar_budget = 40;
  for (testing_support::SmallOptions options : {semi_folded, copies}) {
    for (const auto encoding : {compiler::Encoding::kDifferential, compiler::Encoding::kOffset}) {
      options.encoding = encoding;
      const SmallCase test(rough_device(), 3, options);
      const auto& layer = test.deployment.layers[0];
      ASSERT_GT(layer.parts * layer.columns_per_vector, 1);
      EngineBackend engine(test.deployment.tile, test.device, kChip);
      const auto rtl = open_rtl(test);
      program_all(engine, test.deployment);
      program_all(*rtl, test.deployment);
      const auto result =
          compare_backends(test.deployment, *rtl, engine, test.images.slice(0, 2), {});
      EXPECT_EQ(result.mismatches, 0);
      EXPECT_GE(result.integers, 2 * 2 * (4 * 9 + 3));
    }
  }
}

TEST_F(Backends, AgreeUnderBackPressure) {
  auto stalled = open_rtl(test_, 0.3);
  stalled->restore(engine_.snapshot(crossbars()));
  const auto result =
      compare_backends(test_.deployment, *stalled, engine_, test_.images.slice(0, 1), {});
  EXPECT_EQ(result.mismatches, 0);
}

TEST_F(Backends, MeasureTheSameThroughTheReadOutPath) {
  Measurement from_rtl, from_engine;
  measure(test_.deployment, *rtl_, {}, {}, from_rtl);
  measure(test_.deployment, engine_, {}, {}, from_engine);
  for (std::size_t id = 0; id < from_rtl.pages.size(); ++id) {
    EXPECT_EQ(from_rtl.pages[id].codes, from_engine.pages[id].codes) << "crossbar " << id;
  }
}

TEST_F(Backends, SwapMoreCrossbarsThanTheDeviceHasPages) {
  const int pages = rtl_->device().info().pages;
  const auto& crossbar = test_.deployment.crossbars[0];
  Job job;
  job.inputs = crossbar.row_count();
  job.outputs = test_.deployment.layers[0].outputs;
  auto tables = crossbar.tables;
  std::iota(tables.rows.begin(), tables.rows.end(), 0);
  for (int id = 0; id < pages + 5; ++id) {
    for (Backend* backend : {static_cast<Backend*>(rtl_.get()), static_cast<Backend*>(&engine_)}) {
      backend->program(100 + id, crossbar.row_count(), crossbar.column_count(), crossbar.levels);
    }
    job.pages.push_back({100 + id, &tables});
  }
  const std::vector<std::uint8_t> vectors(static_cast<std::size_t>(4 * job.inputs), 201);
  EXPECT_EQ(rtl_->run(job, vectors).accumulators, engine_.run(job, vectors).accumulators);
}

TEST_F(Backends, AFaultyCellInTheRtlIsFoundAndNamed) {
  auto snapshot = engine_.snapshot(crossbars());
  constexpr int kRow = 2;
  constexpr int kColumn = 5;
  snapshot.codes[0][kRow * 16 + kColumn] ^= 0x80;
  rtl_->restore(snapshot);
  const auto replay = std::filesystem::path(::testing::TempDir()) / "backend_rtl_test_replay.json";
  const auto result =
      compare_backends(test_.deployment, *rtl_, engine_, test_.images.slice(0, 1), {}, replay);
  EXPECT_GT(result.mismatches, 0);
  ASSERT_TRUE(result.first.has_value());
  EXPECT_EQ(result.first->crossbar, 0);
  EXPECT_EQ(result.first->column, kColumn);
  EXPECT_GE(result.first->bit, 0);
  EXPECT_TRUE(std::filesystem::exists(replay));
  std::filesystem::remove(replay);
}

TEST_F(Backends, AWrongRoundingInTheEngineIsFound) {
  EngineBackend faulty(test_.deployment.tile, test_.device, kChip,
                       {.fault = engine::Fault::kAdcTruncates});
  faulty.restore(engine_.snapshot(crossbars()));
  const auto result =
      compare_backends(test_.deployment, *rtl_, faulty, test_.images.slice(0, 1), {});
  EXPECT_GT(result.mismatches, 0);
  ASSERT_TRUE(result.first.has_value());
  EXPECT_GE(result.first->column, 0);
}

TEST_F(Backends, RefuseACrossbarThatWasNeverProgrammed) {
  Job job = layer_job(test_.deployment, 0, 0, {}, 0, 1);
  job.pages[0].crossbar = 77;
  const std::vector<std::uint8_t> vectors(static_cast<std::size_t>(job.inputs), 1);
  EXPECT_THROW(rtl_->run(job, vectors), InputError);
  EXPECT_THROW(engine_.run(job, vectors), InputError);
}

/// A simulation that can be told to stop answering: the doorbell rings unheard.
class DyingTransport : public drivers::Transport {
 public:
  explicit DyingTransport(std::unique_ptr<drivers::Transport> inner) : inner_(std::move(inner)) {}
  std::uint32_t read(drivers::Reg reg) override { return inner_->read(reg); }
  void write(drivers::Reg reg, std::uint32_t value) override {
    if (alive || reg != drivers::Reg::DOORBELL) inner_->write(reg, value);
  }
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override {
    inner_->read_window(word, values);
  }
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override {
    inner_->write_window(word, values);
  }
  bool idle() override { return alive && inner_->idle(); }
  bool alive = true;

 private:
  std::unique_ptr<drivers::Transport> inner_;
};

TEST(DeviceBackend, ReportsADeviceThatStopsAnswering) {
  SmallCase test(rough_device());
  auto dying =
      std::make_unique<DyingTransport>(testbench::make_verilated_device({.geometry = {16, 16, 8}}));
  DyingTransport& device = *dying;
  DeviceBackend backend("rtl", std::move(dying), test.deployment.tile, {.seconds = 1.0});
  program_all(backend, test.deployment);
  device.alive = false;
  try {
    run_images(test.deployment, backend, test.images.slice(0, 1), {});
    FAIL() << "expected DeviceTimeout";
  } catch (const drivers::DeviceTimeout& error) {
    EXPECT_EQ(error.code(), ExitCode::kDeviceFailure);
    EXPECT_NE(std::string(error.what()).find("DOORBELL"), std::string::npos) << error.what();
  }
}

TEST(PlantedTransport, ReportsADeviceThatStopsAnsweringAtCommit) {
  SmallCase test(rough_device());
  auto dying =
      std::make_unique<DyingTransport>(testbench::make_verilated_device({.geometry = {16, 16, 8}}));
  DyingTransport& device = *dying;
  auto planted = std::make_unique<PlantedTransport>(
      std::move(dying), analog::Chip(test.device, test.deployment.tile.code, kChip));
  DeviceBackend backend("rtl", std::move(planted), test.deployment.tile, {.seconds = 1.0});
  device.alive = false;
  EXPECT_THROW(program_all(backend, test.deployment), DeviceError);
}

TEST(DeviceBackend, RefusesADeviceWithOtherTiles) {
  SmallCase test(rough_device());
  test.deployment.tile.columns = 24;
  EXPECT_THROW(open_rtl(test), InputError);
}

TEST(PlantedTransport, RefusesAChipWithOtherCodes) {
  SmallCase test(rough_device());
  auto format = test.deployment.tile.code;
  format.bits = 9;
  EXPECT_THROW(PlantedTransport(testbench::make_verilated_device({.geometry = {16, 16, 8}}),
                                analog::Chip(test.device, format, 1)),
               InputError);
}

}  // namespace
}  // namespace crossloop::runtime
