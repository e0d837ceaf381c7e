// rtl/crossloop.v, driven through drivers/device.hpp, against the plain model of the engine.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/core_fixture.hpp"

namespace crossloop {
namespace {

using drivers::Device;
using drivers::LayerDescriptor;
using testing_support::draw;
using testing_support::random_bytes;

class CrossloopRtl : public testing_support::CoreTest {
 protected:
  /// Random pages and a random layer over some of them, compared to the last bit.
  void run_random_layer(int round) {
    SCOPED_TRACE("layer " + std::to_string(round));
    const drivers::DeviceInfo& info = device_->info();
    LayerDescriptor layer;
    layer.pages = draw(rng_, 1, 3);
    layer.first_page = draw(rng_, 0, info.pages - layer.pages);
    layer.inputs = draw(rng_, 1, 70);
    layer.outputs = draw(rng_, 1, draw(rng_, 0, 3) == 0 ? info.max_outputs : 20);
    layer.input_bits = draw(rng_, 1, 8);
    layer.skip_zero = draw(rng_, 0, 1) == 1;
    layer.seed = static_cast<std::uint32_t>(rng_());
    layer.first_vector = static_cast<std::uint32_t>(rng_());
    for (int i = 0; i < layer.pages; ++i) {
      load(layer.first_page + i, {.rows = draw(rng_, 1, info.geometry.rows),
                                  .columns = draw(rng_, 1, info.geometry.columns),
                                  .inputs = layer.inputs,
                                  .outputs = layer.outputs,
                                  .noisy = draw(rng_, 0, 2) > 0,
                                  .wide_adc = draw(rng_, 0, 1) == 1});
      if (draw(rng_, 0, 1) == 1) load_inl(layer.first_page + i, draw(rng_, 0, 2) > 0);
    }
    const auto count = static_cast<std::size_t>(draw(rng_, 1, 4) * layer.inputs);
    compare(layer, random_bytes(count, rng_));
  }

  void compare(const LayerDescriptor& layer, const std::vector<std::uint8_t>& vectors) {
    engine::ConversionCounters counters;
    const auto golden = expected(layer, vectors, counters);
    const drivers::Statistics before = device_->statistics();
    ASSERT_EQ(device_->run_layer(layer, vectors), golden);
    const drivers::Statistics after = device_->statistics();
    EXPECT_EQ(after.column_reads - before.column_reads,
              static_cast<std::uint64_t>(counters.column_reads));
    EXPECT_EQ(after.conversions - before.conversions,
              static_cast<std::uint64_t>(counters.conversions));
    EXPECT_EQ(after.clipped_low - before.clipped_low,
              static_cast<std::uint64_t>(counters.clipped_low));
    EXPECT_EQ(after.clipped_high - before.clipped_high,
              static_cast<std::uint64_t>(counters.clipped_high));
    EXPECT_GT(after.cycles_busy, before.cycles_busy);
  }

  /// One noisy full page and a layer over it.
  LayerDescriptor one_page_layer() {
    load(0, {.inputs = 16, .outputs = 4});
    return {.inputs = 16, .outputs = 4, .seed = 7};
  }
};

TEST_F(CrossloopRtl, SaysWhatItIs) {
  start();
  EXPECT_EQ(device_->info().geometry, (drivers::PageGeometry{16, 16, 8}));
  EXPECT_EQ(device_->info().pages, 16);
  EXPECT_EQ(device_->info().window_words, 65536U);
  EXPECT_EQ(device_->info().max_outputs, 1024);
}

TEST_F(CrossloopRtl, MatchesThePlainModelOnRandomLayers) {
  SCOPED_TRACE(testing_support::replay_hint());
  start();
  for (int round = 0; round < 60 && !HasFailure(); ++round) run_random_layer(round);
}

TEST_F(CrossloopRtl, MatchesThePlainModelWhenTheHostStalls) {
  SCOPED_TRACE(testing_support::replay_hint());
  start(0.6);
  for (int round = 0; round < 8 && !HasFailure(); ++round) run_random_layer(round);
}

TEST_F(CrossloopRtl, MatchesThePlainModelOverAxiLiteAlone) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (const double stalls : {0.0, 0.6}) {
    start(stalls, {16, 16, 8}, false);
    for (int round = 0; round < 8 && !HasFailure(); ++round) run_random_layer(round);
  }
}

constexpr testbench::VerilatedGeometry kTwoEngines{16, 16, 8, 2};

TEST_F(CrossloopRtl, MatchesThePlainModelWithTwoEngines) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (const double stalls : {0.0, 0.6}) {
    start(stalls, kTwoEngines);
    EXPECT_EQ(transport_->read(drivers::Reg::ENGINES), 2U);
    for (int round = 0; round < 30 && !HasFailure(); ++round) run_random_layer(round);
  }
}

TEST_F(CrossloopRtl, MatchesThePlainModelAtSixtyFourSquare) {
  SCOPED_TRACE(testing_support::replay_hint());
  start(0.0, {64, 64, 8});
  for (int round = 0; round < 6 && !HasFailure(); ++round) run_random_layer(round);
}

TEST_F(CrossloopRtl, SplitsABatchThatExceedsTheWindow) {
  start();
  load(0, {.inputs = 3000, .outputs = 1024});
  const LayerDescriptor layer{
      .inputs = 3000, .outputs = 1024, .input_bits = 2, .seed = 3, .first_vector = 0xFFFFFFF0U};
  compare(layer, random_bytes(60 * 3000, rng_));
}

TEST_F(CrossloopRtl, LeavesUnusedRowsAndEntriesBeyondTheVectorUndriven) {
  start();
  const drivers::PageGeometry& geometry = device_->info().geometry;
  const std::vector<std::uint16_t> codes(4, 1);
  device_->load_page(2, drivers::pack_codes(codes, 4, 1, geometry));
  const std::vector<std::int32_t> rows{0, drivers::kUnusedRow, 65534, 1};
  const std::vector<drivers::ColumnEntry> columns(1);
  device_->load_table(2, drivers::pack_table(rows, columns, geometry), 0);
  EXPECT_EQ(device_->run_layer({.first_page = 2, .inputs = 2, .outputs = 1},
                               std::vector<std::uint8_t>{3, 5}),
            std::vector<std::int32_t>{8});
}

TEST_F(CrossloopRtl, IgnoresColumnsOfOutputsTheLayerDoesNotHave) {
  start();
  const drivers::PageGeometry& geometry = device_->info().geometry;
  device_->load_page(0, drivers::pack_codes(std::vector<std::uint16_t>{1, 1}, 1, 2, geometry));
  std::vector<drivers::ColumnEntry> columns(2);
  columns[1].output = 3;
  device_->load_table(0, drivers::pack_table(std::vector<std::int32_t>{0}, columns, geometry), 0);
  const std::vector<std::uint8_t> ten{10};
  EXPECT_EQ(device_->run_layer({.inputs = 1, .outputs = 2}, ten),
            (std::vector<std::int32_t>{10, 0}));
  EXPECT_EQ(device_->run_layer({.inputs = 1, .outputs = 4}, ten),
            (std::vector<std::int32_t>{10, 0, 0, 10}));
}

TEST_F(CrossloopRtl, KeepsOutputsFarBeyondTheLayerApartFromItsOwn) {
  start();
  const drivers::PageGeometry& geometry = device_->info().geometry;
  const std::vector<std::uint16_t> codes(16, 1);
  for (const std::uint32_t far : {1U << 10, 1U << 11, 1U << 12, 1U << 13, 1U << 14, 1U << 15}) {
    std::vector<drivers::ColumnEntry> columns(16);
    for (std::size_t i = 1; i < columns.size(); i += 2) {
      columns[i].output = static_cast<int>(far + i % 3);  // low bits of outputs that exist
    }
    device_->load_page(0, drivers::pack_codes(codes, 1, 16, geometry));
    device_->load_table(0, drivers::pack_table(std::vector<std::int32_t>{0}, columns, geometry), 0);
    EXPECT_EQ(device_->run_layer({.inputs = 1, .outputs = 1024}, std::vector<std::uint8_t>{3})[0],
              8 * 3)
        << far;
  }
}

/// Sizes, tables, INL and state of one page are not those of its neighbours. Full, some size, the
/// one with its bits inverted, full: every bit of a size rises and falls.
class CrossloopEnginesRtl : public CrossloopRtl, public ::testing::WithParamInterface<int> {
 protected:
  CrossloopEnginesRtl() { start(0.0, {16, 16, 8, GetParam()}); }
};
INSTANTIATE_TEST_SUITE_P(Engines, CrossloopEnginesRtl, ::testing::Values(1, 2));

TEST_P(CrossloopEnginesRtl, RunsEveryPageWithItsOwnTables) {
  SCOPED_TRACE(testing_support::replay_hint());
  const drivers::PageGeometry& geometry = device_->info().geometry;
  std::vector<int> rows, columns;
  for (int page = 0; page < device_->info().pages; ++page) {
    rows.push_back(draw(rng_, 1, geometry.rows - 2));
    columns.push_back(draw(rng_, 1, geometry.columns - 2));
  }
  for (int round = 0; round < 4; ++round) {
    for (int page = 0; page < device_->info().pages; ++page) {
      const auto of_round = [round](int full, int size) {
        return round == 1 ? size : round == 2 ? full - 1 - size : full;
      };
      const auto p = static_cast<std::size_t>(page);
      const int high = of_round(geometry.rows, rows[p]);
      const int wide = of_round(geometry.columns, columns[p]);
      load(page, {.rows = high, .columns = wide, .inputs = 16, .outputs = 4});
      load_inl(page, (page + round) % 2 == 0);
      device_->program(page, drivers::pack_codes(pages_[p].page.codes, high, wide, geometry));
      device_->commit(page, 0);
    }
    for (int page = 0; page < device_->info().pages; ++page) {
      SCOPED_TRACE("round " + std::to_string(round) + ", page " + std::to_string(page));
      compare({.first_page = page, .inputs = 16, .outputs = 4, .seed = 3}, random_bytes(16, rng_));
      if (HasFailure()) return;
    }
  }
}

TEST_P(CrossloopEnginesRtl, ReadsBackTheImageItWasGiven) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::vector<std::vector<std::uint32_t>> images;
  for (int page = 0; page < device_->info().pages; ++page) {
    std::vector<std::uint32_t> image(
        static_cast<std::size_t>(device_->info().geometry.image_words()));
    for (std::uint32_t& word : image) word = static_cast<std::uint32_t>(rng_()) & 0xFFFFU;
    device_->load_page(page, image);
    images.push_back(image);
  }
  for (int page = 0; page < device_->info().pages; ++page) {
    ASSERT_EQ(device_->store_page(page), images[static_cast<std::size_t>(page)]) << "page " << page;
  }
}

TEST_F(CrossloopRtl, RunsAProgrammedPageOnlyAfterCommit) {
  start();
  const LayerDescriptor layer = one_page_layer();
  const std::vector<std::uint32_t> image = device_->store_page(0);
  const std::vector<std::uint8_t> vectors = random_bytes(16, rng_);
  device_->program(0, image);
  EXPECT_THROW(device_->run_layer(layer, vectors), DeviceError);
  EXPECT_EQ(device_->store_page(0), image);
  device_->commit(0, 0);
  compare(layer, vectors);
}

TEST_P(CrossloopEnginesRtl, ShowsAFlippedArrayBitAsAMismatch) {
  const int page = draw(rng_, 0, 15);
  load(page, {.inputs = 16, .outputs = 4, .noisy = false});
  auto& loaded = pages_[static_cast<std::size_t>(page)];
  for (auto& column : loaded.page.tables.columns) column = {.gain = 1, .bits = 12};
  device_->load_table(page, testing_support::table_words(loaded.page.tables, {16, 16, 8}),
                      loaded.crossbar);
  const LayerDescriptor layer{.first_page = page, .inputs = 16, .outputs = 4};
  const std::vector<std::uint8_t> ones(16, 1);
  engine::ConversionCounters counters;
  const auto golden = expected(layer, ones, counters);
  ASSERT_EQ(device_->run_layer(layer, ones), golden);
  transport_->flip_array_bit(page, 5, 6, 3);
  EXPECT_NE(device_->run_layer(layer, ones), golden);
  transport_->flip_array_bit(page, 5, 6, 3);
  EXPECT_EQ(device_->run_layer(layer, ones), golden);
  EXPECT_THROW(transport_->flip_array_bit(16, 0, 0, 0), InputError);
  EXPECT_THROW(transport_->flip_array_bit(0, 0, 8, 0), InputError);
}

TEST_F(CrossloopRtl, ForgetsPagesAndStatisticsOnSoftReset) {
  start();
  const LayerDescriptor layer = one_page_layer();
  device_->soft_reset();
  EXPECT_EQ(device_->statistics(), drivers::Statistics{});
  EXPECT_THROW(device_->run_layer(layer, std::vector<std::uint8_t>(16, 1)), DeviceError);
}

TEST(VerilatedDevice, NamesTheGeometriesBuiltIn) {
  try {
    testbench::make_verilated_device({.geometry = {48, 64, 8}});
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr("48x64"),
                                               ::testing::HasSubstr("16x16 with 8-bit codes"),
                                               ::testing::HasSubstr("128x128")));
  }
  EXPECT_THROW(testbench::make_verilated_device({.geometry = {16, 16, 8}, .seed = 0}), InputError);
  EXPECT_THROW(
      testbench::make_verilated_device({.geometry = {16, 16, 8}, .stall_probability = 1.0}),
      InputError);
}

}  // namespace
}  // namespace crossloop
