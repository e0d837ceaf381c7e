// One crossbar by itself: engine, Verilated core and the plain reference make the same sums.
#include <gmock/gmock.h>

#include "host/compiler/mapping.hpp"
#include "host/error.hpp"
#include "host/runtime/crossbar_mvm.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing_support::ideal_device;
using testing_support::rough_device;
using testing_support::SmallCase;

constexpr std::uint64_t kChip = 21;

std::vector<std::uint8_t> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 rng(seed);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng() % 256);
  return bytes;
}

/// What the reference adds to each accumulator of the layer for one whole input vector.
std::vector<std::int32_t> reference(const SmallCase& test, const Snapshot& snapshot,
                                    std::int32_t id, const MvmOptions& options,
                                    std::uint32_t vector, std::span<const std::uint8_t> input) {
  const auto& crossbar = test.deployment.crossbars[static_cast<std::size_t>(id)];
  const auto& layer = test.deployment.layers[static_cast<std::size_t>(crossbar.layer)];
  const auto codes = upper_left(snapshot.codes[static_cast<std::size_t>(id)], 16,
                                crossbar.row_count(), crossbar.column_count());
  std::vector<std::int32_t> sums(static_cast<std::size_t>(layer.outputs));
  ConversionCounters counters;
  engine::accumulate_page({codes, &crossbar.tables}, static_cast<std::uint32_t>(id),
                          {8, options.skip_zero, options.noise_seed}, vector, input, sums,
                          counters);
  return sums;
}

class CrossbarMvm : public ::testing::Test {
 protected:
  CrossbarMvm() : engine_(test_.deployment.tile, test_.device, kChip) {
    auto planted = std::make_unique<PlantedTransport>(
        testbench::make_verilated_device({.geometry = {16, 16, 8}, .seed = 5}),
        analog::Chip(test_.device, test_.deployment.tile.code, kChip));
    rtl_ = std::make_unique<DeviceBackend>("rtl", std::move(planted), test_.deployment.tile);
    for (Backend* backend : {static_cast<Backend*>(&engine_), static_cast<Backend*>(rtl_.get())}) {
      program_some(*backend, test_.deployment, std::vector{kId});
    }
  }
  /// The last crossbar: output 2 of fc on band 2, inputs 32 to 35.
  static constexpr std::int32_t kId = 9;
  const compiler::Crossbar& crossbar() const { return test_.deployment.crossbars[kId]; }

  SmallCase test_{rough_device()};
  EngineBackend engine_;
  std::unique_ptr<DeviceBackend> rtl_;
};

TEST_F(CrossbarMvm, IsTheSameOnEngineRtlAndReference) {
  ASSERT_EQ(crossbar().row_count(), 4);
  const auto x = random_bytes(5 * 36, 1);
  const MvmOptions options{.input = MvmInput::kInputVector, .noise_seed = 9, .first_vector = 40};
  const MvmResult engine = run_crossbar(test_.deployment, engine_, kId, x, options);
  const MvmResult rtl = run_crossbar(test_.deployment, *rtl_, kId, x, options);
  EXPECT_EQ(engine.values, rtl.values);
  EXPECT_EQ(engine.counters, rtl.counters);
  EXPECT_EQ(engine.counters.column_reads, 5 * 8 * crossbar().column_count());
  EXPECT_GT(rtl.cycles, 0);
  const Snapshot snapshot = engine_.snapshot(kId + 1);
  EXPECT_EQ(snapshot.codes, rtl_->snapshot(kId + 1).codes);
  const std::size_t lines = engine.lines.size();
  for (std::size_t v = 0; v < 5; ++v) {
    const auto sums = reference(test_, snapshot, kId, options, 40 + static_cast<std::uint32_t>(v),
                                std::span(x).subspan(v * 36, 36));
    for (std::size_t i = 0; i < lines; ++i) {
      EXPECT_EQ(engine.values[v * lines + i], sums[static_cast<std::size_t>(engine.lines[i])]);
    }
  }
}

TEST_F(CrossbarMvm, TakesWordLinesInTheirOrder) {
  const auto x = random_bytes(36, 2);
  std::vector<std::uint8_t> word_lines;
  for (const std::int32_t input : crossbar().tables.rows) {
    word_lines.push_back(x[static_cast<std::size_t>(input)]);
  }
  const auto whole =
      run_crossbar(test_.deployment, engine_, kId, x, {.input = MvmInput::kInputVector});
  EXPECT_EQ(run_crossbar(test_.deployment, engine_, kId, word_lines).values, whole.values);
  EXPECT_EQ(run_crossbar(test_.deployment, *rtl_, kId, word_lines).values, whole.values);
}

/// Signs and shifts of the column table make the outputs of the columns.
TEST_F(CrossbarMvm, ColumnsRecombineToOutputs) {
  const auto x = random_bytes(static_cast<std::size_t>(crossbar().row_count()), 3);
  const auto outputs = run_crossbar(test_.deployment, engine_, kId, x);
  const auto columns =
      run_crossbar(test_.deployment, engine_, kId, x, {.output = MvmOutput::kColumns});
  EXPECT_EQ(run_crossbar(test_.deployment, *rtl_, kId, x, {.output = MvmOutput::kColumns}).values,
            columns.values);
  ASSERT_EQ(columns.values.size(), crossbar().tables.columns.size());
  std::vector<std::int32_t> sums(3, 0);
  for (std::size_t j = 0; j < columns.values.size(); ++j) {
    const auto& column = crossbar().tables.columns[j];
    const std::int32_t part = columns.values[j] << column.left_shift;
    sums[static_cast<std::size_t>(column.output)] += column.negative ? -part : part;
  }
  for (std::size_t i = 0; i < outputs.lines.size(); ++i) {
    EXPECT_EQ(outputs.values[i], sums[static_cast<std::size_t>(outputs.lines[i])]);
  }
}

/// One bit line by hand: cells 3 and 1 on an ideal tile, ADC of one level a code.
TEST(CrossbarMvmByHand, IsTheSumOfLevelsTimesInputs) {
  SmallCase test(ideal_device());
  auto& crossbar = test.deployment.crossbars[0];
  crossbar.tables.rows = {4, 0};
  crossbar.tables.columns = {{.output = 2, .slice = 1, .left_shift = 2},
                             {.output = 0, .negative = true}};
  for (auto& column : crossbar.tables.columns) {
    column.reference = test.deployment.tile.code.reference;
    column.shift = 13;  // 2^5 codes a level, gain 2^8
  }
  crossbar.levels = {3, 0, 1, 2};
  EngineBackend engine(test.deployment.tile, test.device, 1);
  program_some(engine, test.deployment, std::vector{0});
  const std::vector<std::uint8_t> x = {5, 10};
  const auto outputs = run_crossbar(test.deployment, engine, 0, x);
  EXPECT_THAT(outputs.lines, ElementsAre(0, 2));
  EXPECT_THAT(outputs.values, ElementsAre(-20, (15 + 10) * 4));
  const auto columns = run_crossbar(test.deployment, engine, 0, x, {.output = MvmOutput::kColumns});
  EXPECT_THAT(columns.lines, ElementsAre(0, 1));
  EXPECT_THAT(columns.values, ElementsAre(25, 20));
}

TEST(CrossbarMvmOffset, AddsTheUnitTermsOfTheOffsetEncoding) {
  std::mt19937 rng(3);
  auto net = testing_support::small_network(rng);
  const auto device = ideal_device();
  auto tile = testing_support::small_tile(device);
  tile.encoding = compiler::Encoding::kOffset;
  const auto images = testing_support::small_images(40, rng);
  const auto deployment = compiler::compile(net, tile, device, images);
  EngineBackend engine(tile, device, 1);
  program_all(engine, deployment);
  const auto crossbars = static_cast<std::int32_t>(deployment.crossbars.size());
  ASSERT_GT(crossbars, 2);
  for (std::int32_t id = 0; id < crossbars; ++id) {
    const auto& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    const double unit =
        deployment.layers[static_cast<std::size_t>(crossbar.layer)].accumulator_unit;
    const auto x = random_bytes(static_cast<std::size_t>(2 * crossbar.row_count()), 4);
    const auto found = run_crossbar(deployment, engine, id, x);
    const auto exact = exact_products(deployment, id, x, MvmInput::kWordLines);
    ASSERT_EQ(found.values.size(), exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_EQ(found.values[i] * unit, exact[i]);
  }
}

TEST_F(CrossbarMvm, RefusesWhatItCannotRun) {
  const auto x = random_bytes(36, 1);
  EXPECT_THAT(
      [&] { run_crossbar(test_.deployment, engine_, 10, x); },
      ThrowsMessage<InputError>(HasSubstr("crossbar 10: the deployment has crossbars 0 to 9")));
  EXPECT_THAT([&] { run_crossbar(test_.deployment, engine_, -1, x); },
              ThrowsMessage<InputError>(HasSubstr("crossbar -1")));
  EXPECT_THAT([&] { run_crossbar(test_.deployment, engine_, 8, x); },
              ThrowsMessage<InputError>(HasSubstr("never programmed")));
  EXPECT_THAT([&] { run_crossbar(test_.deployment, engine_, kId, std::span(x).first(35)); },
              ThrowsMessage<InputError>(HasSubstr("35 bytes are not whole vectors")));
}

}  // namespace
}  // namespace crossloop::runtime
