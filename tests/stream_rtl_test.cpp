// The AXI4-Stream ports of rtl/crossloop.v: what goes by them, what the registers refuse, how fast.
#include <Vcrossloop_16.h>
#include <Vcrossloop_16___024root.h>
#include <gmock/gmock.h>

#include "testbench/verilated_core.hpp"
#include "tests/control_fixture.hpp"

namespace crossloop {
namespace {

using drivers::LayerDescriptor;
using drivers::Reg;
using testing_support::kWindow;
using testing_support::random_bytes;
using testing_support::random_word;
namespace constant = drivers::constant;
namespace field = drivers::field;

using Core = testbench::VerilatedCore<Vcrossloop_16>;

std::vector<std::uint32_t> random_words(std::size_t count, std::mt19937& rng) {
  std::vector<std::uint32_t> words(count);
  for (auto& word : words) word = random_word(rng);
  return words;
}

std::vector<std::uint32_t> words_at(drivers::Transport& device, std::uint32_t word,
                                    std::size_t count) {
  std::vector<std::uint32_t> words(count);
  device.read_window(word, words);
  return words;
}

/// One core whose bulk data go by stream, one that has AXI4-Lite alone.
class StreamRtl : public ::testing::TestWithParam<double> {
 protected:
  Core core(bool streams) const {
    return Core({.geometry = {16, 16, 8},
                 .seed = testing_support::bench_seed() + 1,
                 .stall_probability = GetParam(),
                 .streams = streams});
  }
  std::mt19937 rng_{static_cast<std::uint32_t>(testing_support::bench_seed())};
};

TEST_P(StreamRtl, CarriesImagesInAndResultsOutAsAxiLiteDoes) {
  SCOPED_TRACE(testing_support::replay_hint());
  Core by_stream = core(true), by_lite = core(false);
  drivers::Device streams(by_stream), lite(by_lite);
  const drivers::PageGeometry& geometry = streams.info().geometry;
  const LayerDescriptor layer{.inputs = 40, .outputs = 12, .seed = 5};
  for (int round = 0; round < 4; ++round) {
    const auto page = testing_support::random_page(
        {.rows = 16, .columns = 16, .code_bits = 8, .inputs = 40, .outputs = 12}, rng_);
    const auto vectors = random_bytes(40 * 25, rng_);
    std::vector<std::vector<std::int32_t>> results;
    for (drivers::Device* device : {&streams, &lite}) {
      device->load_page(0, drivers::pack_codes(page.codes, 16, 16, geometry));
      device->load_table(0, testing_support::table_words(page.tables, geometry), 3);
      results.push_back(device->run_layer(layer, vectors));
    }
    ASSERT_EQ(results[0], results[1]) << "round " << round;
    ASSERT_EQ(streams.store_page(0), lite.store_page(0));
  }
  EXPECT_NE(by_stream.read(Reg::STREAM_READ), 0U);  // it was indeed the stream
  EXPECT_EQ(by_lite.read(Reg::STREAM_READ), 0U);
}

TEST_P(StreamRtl, WritesAndReadsAnyPlaceOfTheWindow) {
  SCOPED_TRACE(testing_support::replay_hint());
  Core device = core(true);
  for (const std::size_t count : {17U, 128U, 1000U}) {
    for (const std::uint32_t word : {0U, 5U, kWindow - static_cast<std::uint32_t>(count)}) {
      const auto sent = random_words(count, rng_);
      device.write_window(word, sent);
      ASSERT_EQ(device.read(Reg::STREAM_WRITE), word + count);
      ASSERT_EQ(words_at(device, word, count), sent);
      ASSERT_EQ(device.read(Reg::STREAM_READ), word + count);
      ASSERT_EQ(device.read(Reg::STREAM_LENGTH), 0U);
      // And word by word over AXI4-Lite.
      ASSERT_EQ(words_at(device, word + 3, 1).front(), sent[3]);
    }
  }
}

TEST_P(StreamRtl, DropsWhatLiesBeyondTheWindowAndSaysSo) {
  SCOPED_TRACE(testing_support::replay_hint());
  Core device = core(true);
  const auto sent = random_words(20, rng_);
  device.write_window(0, std::vector<std::uint32_t>(20, 7));
  EXPECT_THROW(device.write_window(kWindow - 18, sent), DeviceError);
  EXPECT_EQ(device.read(Reg::STREAM_STATUS), field::STREAM_STATUS_OVERRUN.place(1));
  EXPECT_EQ(device.read(Reg::STREAM_WRITE), kWindow);
  EXPECT_EQ(words_at(device, kWindow - 18, 18),
            std::vector<std::uint32_t>(sent.begin(), sent.begin() + 18));
  EXPECT_EQ(words_at(device, 0, 20), std::vector<std::uint32_t>(20, 7));  // nothing wrapped
  device.write(Reg::STREAM_WRITE, 128);
  EXPECT_EQ(device.read(Reg::STREAM_STATUS), 0U);
}

TEST_P(StreamRtl, RefusesRangesOutsideTheWindow) {
  Core device = core(true);
  device.write(Reg::STREAM_WRITE, 200);
  device.write(Reg::STREAM_READ, kWindow - 4);
  for (const std::uint32_t word : {kWindow, kWindow + 300, 0xFFFFFFFFU}) {
    EXPECT_THROW(device.write(Reg::STREAM_WRITE, word), DeviceError);
    EXPECT_THROW(device.write(Reg::STREAM_READ, word), DeviceError);
  }
  EXPECT_THROW(device.write(Reg::STREAM_LENGTH, 5), DeviceError);
  EXPECT_THROW(device.write(Reg::STREAM_LENGTH, 0xFFFFFFFF), DeviceError);
  EXPECT_THROW(device.write(Reg::STREAM_STATUS, 0), DeviceError);
  EXPECT_EQ(device.read(Reg::STREAM_WRITE), 200U);
  EXPECT_EQ(device.read(Reg::STREAM_READ), kWindow - 4);
  EXPECT_EQ(device.read(Reg::STREAM_LENGTH), 0U);
  device.write(Reg::STREAM_LENGTH, 0);  // nothing to send
  EXPECT_THROW(words_at(device, kWindow - 20, 21), DeviceError);
  EXPECT_EQ(words_at(device, kWindow - 20, 20).size(), 20U);
}

TEST_P(StreamRtl, KeepsTheWordOnOfferAcrossASoftReset) {
  Core device = core(true);
  std::vector<std::uint32_t> sent = random_words(40, rng_);
  device.write_window(300, sent);
  device.write(Reg::STREAM_READ, 300);
  device.write(Reg::STREAM_LENGTH, 40);
  EXPECT_EQ(device.read(Reg::STREAM_LENGTH), 40U);
  EXPECT_THROW(device.write(Reg::STREAM_LENGTH, 1), DeviceError);  // one after the other
  EXPECT_THROW(device.write(Reg::STREAM_READ, 0), DeviceError);
  device.write(Reg::CTRL, field::CTRL_RESTART.place(1));
  EXPECT_EQ(device.read(Reg::STREAM_LENGTH), 40U);
  device.write(Reg::CTRL, field::CTRL_SOFT_RESET.place(1));
  EXPECT_EQ(device.read(Reg::STREAM_LENGTH), 1U);
  EXPECT_EQ(device.read(Reg::STREAM_WRITE), 0U);
  EXPECT_TRUE(device.model().m_axis_tvalid_o);
  EXPECT_EQ(device.model().m_axis_tdata_o, sent[0]);
  device.model().m_axis_tready_i = 1;
  EXPECT_EQ(device.read(Reg::STREAM_READ), 0U);
  EXPECT_FALSE(device.model().m_axis_tvalid_o);
  EXPECT_EQ(device.read(Reg::STREAM_LENGTH), 0U);
  device.model().m_axis_tready_i = 0;
  EXPECT_EQ(words_at(device, 300, 40), sent);
}

INSTANTIATE_TEST_SUITE_P(Stalls, StreamRtl, ::testing::Values(0.0, 0.6),
                         [](const auto& at) { return at.param > 0 ? "Random" : "None"; });

TEST(StreamCyclesRtl, MoveAWordACycle) {
  constexpr std::uint32_t kCount = 4096;
  const auto cycles = [](bool streams, bool out) {
    Core device({.geometry = {16, 16, 8}, .streams = streams});
    std::vector<std::uint32_t> words(kCount);
    const std::uint64_t before = device.cycles();
    if (out) device.read_window(1000, words);
    if (!out) device.write_window(1000, words);
    return device.cycles() - before;
  };
  // The registers of a transfer and the way through the core come on top.
  EXPECT_EQ(cycles(true, false), kCount + 5);
  EXPECT_EQ(cycles(true, true), kCount + 5);
  EXPECT_EQ(cycles(false, false), kCount + 1);
  EXPECT_EQ(cycles(false, true), 2 * kCount + 1);
}

}  // namespace
}  // namespace crossloop
