// The controller of rtl/crossloop.v: bad descriptors, reset and restart, the ring, the bus.
#include <gmock/gmock.h>

#include "tests/control_fixture.hpp"

namespace crossloop {
namespace {

using drivers::ErrorCode;
using drivers::LayerDescriptor;
using drivers::Opcode;
using drivers::Reg;
using testing_support::CrossloopControlRtl;
using testing_support::kImage;
using testing_support::kTable;
using testing_support::kWindow;
using testing_support::random_bytes;
using testing_support::Words;
namespace constant = drivers::constant;
namespace reset = drivers::reset;
namespace word = drivers::word;

TEST_F(CrossloopControlRtl, RefusesUnknownOpcodes) {
  EXPECT_EQ(error_of(static_cast<Opcode>(reset::OPCODES + 1), {}), ErrorCode::BAD_OPCODE);
  EXPECT_EQ(error_of(static_cast<Opcode>(0x80000001), {}), ErrorCode::BAD_OPCODE);
  EXPECT_EQ(error_of(Opcode::NOP, {}), ErrorCode::NONE);
}

TEST_F(CrossloopControlRtl, RefusesEveryUnusedWordThatIsSet) {
  load(0, {.inputs = 16, .outputs = 5});
  const std::map<Opcode, std::uint32_t> first_unused{
      {Opcode::NOP, 1},        {Opcode::LOAD_PAGE, 3}, {Opcode::STORE_PAGE, 3},
      {Opcode::LOAD_TABLE, 6}, {Opcode::PROGRAM, 3},   {Opcode::COMMIT, 3},
      {Opcode::LAYER, 12},     {Opcode::LOAD_INL, 2}};
  for (const auto& [opcode, first] : first_unused) {
    for (std::uint32_t index = first; index < constant::DESCRIPTOR_WORDS; ++index) {
      Words words = opcode == Opcode::LAYER ? good_layer() : Words{};
      words[index] = 0x40000;
      EXPECT_EQ(error_of(opcode, words), ErrorCode::NONZERO_RESERVED)
          << drivers::opcode_name(static_cast<std::uint32_t>(opcode)) << " word " << index;
    }
  }
  EXPECT_EQ(error_of_layer({{word::LAYER_FLAGS, 2}}), ErrorCode::NONZERO_RESERVED);
  EXPECT_EQ(error_of_layer({{word::LAYER_FLAGS, 1}}), ErrorCode::NONE);
}

TEST_F(CrossloopControlRtl, RefusesPagesItDoesNotHave) {
  for (const Opcode opcode : {Opcode::LOAD_PAGE, Opcode::STORE_PAGE, Opcode::LOAD_TABLE,
                              Opcode::PROGRAM, Opcode::COMMIT}) {
    EXPECT_EQ(error_of(opcode, {{1, 16}, {2, 128}}), ErrorCode::BAD_PAGE);
    EXPECT_EQ(error_of(opcode, {{1, 0x10000}, {2, 128}}), ErrorCode::BAD_PAGE);
  }
  EXPECT_EQ(error_of_layer({{word::LAYER_FIRST_PAGE, 16}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(error_of_layer({{word::LAYER_FIRST_PAGE, 15}, {word::LAYER_PAGES, 2}}),
            ErrorCode::BAD_PAGE);
  EXPECT_EQ(error_of_layer({{word::LAYER_PAGES, 0}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(error_of_layer({{word::LAYER_FIRST_PAGE, 1}, {word::LAYER_PAGES, 0xFFFFFFFF}}),
            ErrorCode::BAD_PAGE);
}

TEST_F(CrossloopControlRtl, RefusesTablesLargerThanAPage) {
  const auto table = [this](std::uint32_t rows, std::uint32_t columns) {
    return error_of(Opcode::LOAD_TABLE, {{word::LOAD_TABLE_SOURCE, 128},
                                         {word::LOAD_TABLE_ROWS, rows},
                                         {word::LOAD_TABLE_COLUMNS, columns}});
  };
  EXPECT_EQ(table(16, 16), ErrorCode::NONE);
  EXPECT_EQ(table(1, 1), ErrorCode::NONE);
  EXPECT_EQ(table(0, 1), ErrorCode::BAD_TABLE);
  EXPECT_EQ(table(1, 0), ErrorCode::BAD_TABLE);
  EXPECT_EQ(table(17, 1), ErrorCode::BAD_TABLE);
  EXPECT_EQ(table(1, 17), ErrorCode::BAD_TABLE);
  EXPECT_EQ(table(0x10001, 1), ErrorCode::BAD_TABLE);
}

TEST_F(CrossloopControlRtl, RefusesLengthsOutOfRange) {
  load(0, {.inputs = 16, .outputs = 5});
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, 1024}, {word::LAYER_OUTPUTS, 1024}}),
            ErrorCode::NONE);
  for (const auto& [index, value] : Words{{word::LAYER_INPUT_WORDS, 0},
                                          {word::LAYER_OUTPUTS, 0},
                                          {word::LAYER_VECTORS, 0},
                                          {word::LAYER_INPUT_BITS, 0}}) {
    EXPECT_EQ(error_of_layer({{index, value}}), ErrorCode::BAD_LENGTH) << "word " << index;
  }
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUTS, 1025}}), ErrorCode::BAD_LENGTH);
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT_BITS, 9}}), ErrorCode::BAD_LENGTH);
}

TEST_F(CrossloopControlRtl, RefusesRangesOutsideTheDataPartOfTheWindow) {
  const auto at = [this](Opcode opcode, std::uint32_t base) {
    Words words{{1, 0}, {2, base}};
    if (opcode == Opcode::LOAD_TABLE) {
      words[word::LOAD_TABLE_ROWS] = words[word::LOAD_TABLE_COLUMNS] = 1;
    }
    if (opcode == Opcode::LOAD_INL) words[word::LOAD_INL_ENABLE] = 1;
    return error_of(opcode, words);
  };
  for (const auto& [opcode, length] :
       std::map<Opcode, std::uint32_t>{{Opcode::LOAD_PAGE, kImage},
                                       {Opcode::PROGRAM, kImage},
                                       {Opcode::STORE_PAGE, kImage},
                                       {Opcode::LOAD_TABLE, kTable},
                                       {Opcode::LOAD_INL, constant::INL_WORDS}}) {
    EXPECT_EQ(at(opcode, 128), ErrorCode::NONE);
    EXPECT_EQ(at(opcode, 127), ErrorCode::BAD_WINDOW);
    EXPECT_EQ(at(opcode, kWindow - length), ErrorCode::NONE);
    EXPECT_EQ(at(opcode, kWindow - length + 1), ErrorCode::BAD_WINDOW);
    EXPECT_EQ(at(opcode, 0xFFFFFFFF), ErrorCode::BAD_WINDOW);
  }
}

TEST_F(CrossloopControlRtl, RefusesLayersOutsideTheDataPartOfTheWindow) {
  load(0, {.inputs = 16, .outputs = 5});
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, 127}}), ErrorCode::BAD_WINDOW);
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, kWindow - 12}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, kWindow - 11}}), ErrorCode::BAD_WINDOW);
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, 100}}), ErrorCode::BAD_WINDOW);
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, kWindow - 15}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, kWindow - 14}}), ErrorCode::BAD_WINDOW);
  // Products that wrap around 32 bits.
  EXPECT_EQ(error_of_layer({{word::LAYER_VECTORS, 0x40000000}}), ErrorCode::BAD_WINDOW);
  EXPECT_EQ(error_of_layer({{word::LAYER_VECTORS, 0x10000}, {word::LAYER_INPUT_WORDS, 0x10000}}),
            ErrorCode::BAD_WINDOW);
  EXPECT_EQ(error_of_layer({{word::LAYER_VECTORS, 1}, {word::LAYER_INPUT_WORDS, 0xFFFFFFFF}}),
            ErrorCode::BAD_WINDOW);
}

TEST_F(CrossloopControlRtl, RefusesOverlappingRanges) {
  load(0, {.inputs = 16, .outputs = 5});
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, 139}}), ErrorCode::OVERLAP);
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, 200}, {word::LAYER_OUTPUT, 185}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, 200}, {word::LAYER_OUTPUT, 186}}),
            ErrorCode::OVERLAP);
  EXPECT_EQ(error_of_layer({{word::LAYER_OUTPUT, 128}}), ErrorCode::OVERLAP);
}

TEST_F(CrossloopControlRtl, RefusesPagesInTheWrongState) {
  EXPECT_EQ(error_of(Opcode::STORE_PAGE, {{2, 128}}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of(Opcode::LOAD_PAGE, {{2, 128}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NOT_READY);  // no tables
  load(0, {.inputs = 16, .outputs = 5});
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({{word::LAYER_PAGES, 2}}), ErrorCode::NOT_READY);  // page 1
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NOT_READY);  // ready, not programmed
  EXPECT_EQ(error_of(Opcode::PROGRAM, {{2, 128}}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NOT_READY);
  EXPECT_EQ(error_of(Opcode::COMMIT, {}), ErrorCode::NONE);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
}

TEST_F(CrossloopControlRtl, ChangesNothingForABadDescriptor) {
  load(0, {.inputs = 16, .outputs = 5});
  std::vector<std::uint32_t> before(kWindow - 128), after(before.size());
  for (auto& value : before) value = static_cast<std::uint32_t>(rng_());
  transport_->write_window(128, before);
  const drivers::Statistics statistics = device_->statistics();
  error_of_layer({{word::LAYER_OUTPUT, 139}});
  error_of(Opcode::STORE_PAGE, {{1, 3}, {2, 128}});
  error_of(Opcode::LOAD_PAGE, {{2, 60}});
  transport_->read_window(128, after);
  EXPECT_EQ(after, before);
  EXPECT_EQ(device_->statistics().column_reads, statistics.column_reads);
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);  // page 0 is as it was
}

TEST_F(CrossloopControlRtl, RunsAFullRingInOrderAndStopsAtABadDescriptor) {
  const std::uint32_t first = transport_->read(Reg::DOORBELL);
  std::vector<std::uint32_t> ring(constant::RING_WORDS);  // NOPs
  ring[(first + 5) % 8 * 16] = 77;
  transport_->write_window(0, ring);
  transport_->write(Reg::DOORBELL, first + 8);
  settle();
  EXPECT_EQ(transport_->read(Reg::COMPLETED), first + 5);
  EXPECT_EQ(transport_->read(Reg::ERROR_INDEX), first + 5);
  EXPECT_THROW(transport_->write(Reg::DOORBELL, first + 14), DeviceError);  // nine in flight
  device_->restart();
  EXPECT_EQ(transport_->read(Reg::COMPLETED), first + 8);
  EXPECT_EQ(transport_->read(Reg::ERROR), 0U);
  EXPECT_EQ(transport_->read(Reg::ERROR_INDEX), 0U);
  device_->nop();
}

TEST_F(CrossloopControlRtl, RefusesADoorbellThatGoesBackOrTooFar) {
  device_->nop();
  EXPECT_THROW(transport_->write(Reg::DOORBELL, 0), DeviceError);
  EXPECT_THROW(transport_->write(Reg::DOORBELL, 10), DeviceError);
  EXPECT_NO_THROW(transport_->write(Reg::DOORBELL, 1));
  EXPECT_EQ(transport_->read(Reg::DOORBELL), 1U);
}

TEST_F(CrossloopControlRtl, AnswersUnmappedAndReadOnlyAccessesWithAnError) {
  for (const std::uint32_t offset :
       {0x098U, 0x09CU, 0xFFCU, 0x1000U, 0x80000U, 0x002U, 0x001U, 0x140000U, 0x1FFFFCU}) {
    EXPECT_THROW(transport_->read(static_cast<Reg>(offset)), DeviceError) << offset;
    EXPECT_THROW(transport_->write(static_cast<Reg>(offset), 1), DeviceError) << offset;
  }
#define REG(name, offset, access, reset, meaning)                                       \
  if (std::string_view(#access) != "RW") {                                              \
    EXPECT_THROW(transport_->write(static_cast<Reg>(offset), 1), DeviceError) << #name; \
  }                                                                                     \
  EXPECT_NO_THROW(transport_->read(static_cast<Reg>(offset))) << #name;
#include "rtl/registers.def"
  device_->nop();
}

TEST_F(CrossloopControlRtl, HasTheDocumentedValuesAfterReset) {
  device_->nop();
  device_->soft_reset();
#define REG(name, offset, access, value, meaning)                          \
  if (std::string_view(#access) != "PARAM") {                              \
    EXPECT_EQ(transport_->read(static_cast<Reg>(offset)), value) << #name; \
  }
#include "rtl/registers.def"
}

TEST_F(CrossloopControlRtl, RaisesItsInterruptForWhatIsEnabledUntilItIsAcknowledged) {
  device_->nop();
  EXPECT_FALSE(transport_->interrupt());  // nothing is enabled
  device_->enable_interrupt(true, false);
  EXPECT_TRUE(transport_->interrupt());
  EXPECT_EQ(transport_->read(Reg::IRQ_ACK), 0U);
  EXPECT_TRUE(transport_->interrupt());  // reads change nothing
  device_->acknowledge();
  EXPECT_FALSE(transport_->interrupt());
  device_->nop();
  EXPECT_TRUE(transport_->interrupt());
  EXPECT_THROW(transport_->write(Reg::IRQ_ACK, 3), DeviceError);  // not completed yet
  EXPECT_THROW(transport_->write(Reg::IRQ_ACK, 0), DeviceError);  // back
  EXPECT_EQ(transport_->read(Reg::IRQ_ACK), 1U);
  device_->acknowledge();
  EXPECT_FALSE(transport_->interrupt());
}

TEST_F(CrossloopControlRtl, RaisesItsInterruptForAnErrorUntilARestart) {
  device_->enable_interrupt(false, true);
  put(static_cast<Opcode>(77), {});
  settle();
  transport_->read(Reg::STATUS);
  EXPECT_TRUE(transport_->interrupt());
  device_->restart();
  transport_->read(Reg::STATUS);
  EXPECT_FALSE(transport_->interrupt());
  device_->enable_interrupt(true, true);
  EXPECT_FALSE(transport_->interrupt());  // what was dropped needs no acknowledgement
  EXPECT_EQ(transport_->read(Reg::IRQ_ACK), transport_->read(Reg::COMPLETED));
  device_->soft_reset();
  EXPECT_EQ(transport_->read(Reg::IRQ_ENABLE), 0U);
  EXPECT_EQ(transport_->read(Reg::IRQ_ACK), 0U);
}

TEST_F(CrossloopControlRtl, CountsStalledCyclesAndSkippedPhases) {
  load(0, {.rows = 16, .columns = 16, .inputs = 16, .outputs = 5});
  const drivers::Statistics before = device_->statistics();
  const LayerDescriptor layer{.inputs = 16, .outputs = 5, .skip_zero = true};
  device_->run_layer(layer, std::vector<std::uint8_t>(32, 1));  // 2 vectors, 7 phases skipped
  const drivers::Statistics after = device_->statistics();
  EXPECT_EQ(after.phases_skipped - before.phases_skipped, 14U);
  const auto busy = after.cycles_busy - before.cycles_busy;
  const auto stalled = after.cycles_stalled - before.cycles_stalled;
  EXPECT_NEAR(static_cast<double>(busy - stalled), 2 * (8 + 8 + 7), 2 * 7);  // two columns a cycle
  EXPECT_GT(stalled, 16U + 2 * 5);  // the second vector is gathered meanwhile
}

/// A layer long enough to be caught in its middle, wherever that is.
class CrossloopAbortRtl : public CrossloopControlRtl, public ::testing::WithParamInterface<bool> {};

TEST_P(CrossloopAbortRtl, LeavesAWorkingCoreWhereverALayerIsCutOff) {
  SCOPED_TRACE(testing_support::replay_hint());
  const LayerDescriptor layer{.pages = 2, .inputs = 16, .outputs = 5, .seed = 3};
  const std::vector<std::uint8_t> vectors = random_bytes(48, rng_);
  for (int round = 0; round < 40; ++round) {
    load(0, {.inputs = 16, .outputs = 5});
    load(1, {.inputs = 16, .outputs = 5});
    put(Opcode::LAYER, good_layer());
    for (auto reads = rng_() % 150; reads > 0; --reads) transport_->read(Reg::STATUS);
    if (GetParam()) {
      device_->soft_reset();
      EXPECT_EQ(transport_->read(Reg::COMPLETED), 0U);
      EXPECT_THROW(device_->run_layer(layer, vectors), DeviceError);  // its pages are forgotten
      load(0, {.inputs = 16, .outputs = 5});
      load(1, {.inputs = 16, .outputs = 5});
    } else {
      device_->restart();
      EXPECT_EQ(transport_->read(Reg::COMPLETED), transport_->read(Reg::DOORBELL));
    }
    EXPECT_EQ(transport_->read(Reg::STATUS), 1U);
    engine::ConversionCounters counters;
    const auto golden = expected(layer, vectors, counters);
    ASSERT_EQ(device_->run_layer(layer, vectors), golden) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(By, CrossloopAbortRtl, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "SoftReset" : "Restart"; });

TEST_F(CrossloopControlRtl, DoesNotRunAPageWhoseLoadWasCutOff) {
  load(0, {.inputs = 16, .outputs = 5});
  put(Opcode::LOAD_PAGE, {{2, 128}});
  for (int i = 0; i < 10; ++i) transport_->read(Reg::STATUS);
  device_->restart();
  EXPECT_EQ(error_of_layer({}), ErrorCode::NOT_READY);
  load(0, {.inputs = 16, .outputs = 5});
  EXPECT_EQ(error_of_layer({}), ErrorCode::NONE);
}

TEST_F(CrossloopControlRtl, RunsTheNextDescriptorAtOnceAfterARestart) {
  SCOPED_TRACE(testing_support::replay_hint());
  start(0.0, {64, 64, 8});  // long walks over rows and pages to cut off
  load(0, {.rows = 64, .columns = 64, .inputs = 16, .outputs = 5});
  const std::vector<std::uint8_t> vectors = random_bytes(48, rng_);
  const LayerDescriptor layer{.inputs = 16, .outputs = 5, .skip_zero = false};
  engine::ConversionCounters counters;
  const auto golden = expected(layer, vectors, counters);
  ASSERT_EQ(device_->run_layer(layer, vectors), golden);  // and the vectors are in the window
  for (int round = 0; round < 60; ++round) {
    // Cut off loads and layers alternately; behind each waits a layer.
    put_next(0, round % 2 == 0 ? Opcode::LOAD_PAGE : Opcode::LAYER,
             round % 2 == 0 ? Words{{1, 3}, {2, 1000}} : good_layer());
    put_next(1, Opcode::LAYER, good_layer());
    transport_->write_window(140, std::vector<std::uint32_t>(15));
    const std::uint32_t number = transport_->read(Reg::DOORBELL);
    transport_->write(Reg::DOORBELL, number + 1);
    for (auto reads = rng_() % 60; reads > 0; --reads) transport_->read(Reg::STATUS);
    transport_->write(Reg::CTRL, drivers::field::CTRL_RESTART.place(1));
    transport_->write(Reg::DOORBELL, number + 2);
    settle();
    ASSERT_EQ(transport_->read(Reg::COMPLETED), number + 2);
    ASSERT_EQ(accumulators_at(140), golden) << "round " << round;
  }
}

TEST_F(CrossloopControlRtl, SharesTheWindowWithTheHost) {
  SCOPED_TRACE(testing_support::replay_hint());
  start(0.0, {64, 64, 8});
  load(0, {.rows = 64, .columns = 64, .inputs = 16, .outputs = 5});
  const std::vector<std::uint8_t> vectors = random_bytes(48, rng_);
  engine::ConversionCounters counters;
  const LayerDescriptor layer{.inputs = 16, .outputs = 5, .skip_zero = false};
  const auto golden = expected(layer, vectors, counters);
  const std::vector<std::uint32_t> image = device_->store_page(0);
  device_->run_layer(layer, vectors);
  transport_->write_window(4000, image);
  for (int round = 0; round < 6; ++round) {
    transport_->write_window(140, std::vector<std::uint32_t>(15));
    put(Opcode::LOAD_PAGE, {{1, 0}, {2, 4000}});
    put(Opcode::LAYER, good_layer());
    put(Opcode::STORE_PAGE, {{1, 0}, {2, 8000}});
    const std::uint32_t last = transport_->read(Reg::DOORBELL);
    while (transport_->read(Reg::COMPLETED) != last) {
      std::vector<std::uint32_t> sent(50), received(50);
      for (auto& value : sent) value = static_cast<std::uint32_t>(rng_());
      transport_->write_window(20000, sent);
      transport_->read_window(20000, received);
      ASSERT_EQ(received, sent);
    }
    ASSERT_EQ(accumulators_at(140), golden);
    std::vector<std::uint32_t> stored(image.size());
    transport_->read_window(8000, stored);
    ASSERT_EQ(stored, image);
  }
}

TEST_F(CrossloopControlRtl, DrivesNoUnusedRowEvenInTheLongestVector) {
  const drivers::PageGeometry& geometry = device_->info().geometry;
  device_->load_page(0, drivers::pack_codes(std::vector<std::uint16_t>{1, 1}, 2, 1, geometry));
  const std::vector<std::int32_t> rows{65534, drivers::kUnusedRow};
  const std::vector<drivers::ColumnEntry> columns(1);
  device_->load_table(0, drivers::pack_table(rows, columns, geometry), 0);
  transport_->write_window(1000, std::vector<std::uint32_t>(16384, 0x01010101));
  EXPECT_EQ(error_of_layer({{word::LAYER_INPUT, 1000},
                            {word::LAYER_INPUT_WORDS, 16384},
                            {word::LAYER_OUTPUTS, 1},
                            {word::LAYER_VECTORS, 1}}),
            ErrorCode::NONE);
  std::uint32_t sum = 0;
  transport_->read_window(140, {&sum, 1});
  EXPECT_EQ(sum, 1U);
}

}  // namespace
}  // namespace crossloop
