// The driver as a sequence of accesses to a mock transport, and against a device that misbehaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "drivers/device.hpp"

namespace crossloop::drivers {
namespace {

using ::testing::HasSubstr;
using ::testing::InSequence;
using ::testing::NiceMock;
using ::testing::Return;

constexpr int kRows = 4, kColumns = 2, kPages = 3, kWindow = 160;

/// Registers that behave, a window that remembers, and a device that completes what it is given
/// unless told otherwise.
class FakeTransport : public Transport {
 public:
  std::uint32_t read(Reg reg) override { return registers.at(reg); }
  void write(Reg reg, std::uint32_t value) override {
    ++writes;
    if (reg == Reg::DOORBELL) {
      registers[reg] = value;
      most_in_flight = std::max(most_in_flight, value - registers[Reg::COMPLETED]);
    } else if (reg == Reg::CTRL && field::CTRL_RESTART.get(value) != 0) {
      ++restarts;
      registers[Reg::COMPLETED] = registers[Reg::DOORBELL];
      registers[Reg::ERROR] = registers[Reg::STATUS] = 0;
    } else if (reg == Reg::CTRL && field::CTRL_SOFT_RESET.get(value) != 0) {
      registers[Reg::COMPLETED] = registers[Reg::DOORBELL] = 0;
    }
  }
  void read_window(std::uint32_t word, std::span<std::uint32_t> values) override {
    for (auto& value : values) value = window.at(word++);
  }
  void write_window(std::uint32_t word, std::span<const std::uint32_t> values) override {
    ++writes;
    for (const auto value : values) window.at(word++) = value;
  }
  bool idle() override {
    ++idles;
    if (refusal != 0) {
      registers[Reg::ERROR] = refusal;
      registers[Reg::ERROR_INDEX] = registers[Reg::COMPLETED];
      registers[Reg::STATUS] = field::STATUS_ERROR.place(1);
    } else if (answers) {
      const std::uint32_t entry = registers[Reg::COMPLETED] % constant::RING_ENTRIES;
      const auto first = window.begin() + static_cast<std::ptrdiff_t>(entry) * 16;
      descriptors.emplace_back(first, first + 16);
      ++registers[Reg::COMPLETED];
    }
    return !dead;
  }

  std::map<Reg, std::uint32_t> registers{{Reg::ID, reset::ID},
                                         {Reg::VERSION, reset::VERSION},
                                         {Reg::ROWS, kRows},
                                         {Reg::COLS, kColumns},
                                         {Reg::CODE_WIDTH, 8},
                                         {Reg::PAGES, kPages},
                                         {Reg::MAX_OUTPUTS, 8},
                                         {Reg::MAX_INPUTS, 64},
                                         {Reg::WINDOW_WORDS, kWindow},
                                         {Reg::STATUS, 1},
                                         {Reg::DOORBELL, 0},
                                         {Reg::COMPLETED, 0},
                                         {Reg::ERROR, 0},
                                         {Reg::ERROR_INDEX, 0}};
  std::vector<std::uint32_t> window = std::vector<std::uint32_t>(kWindow);
  std::vector<std::vector<std::uint32_t>> descriptors;
  bool answers = true;
  bool dead = false;
  std::uint32_t refusal = 0;
  std::uint32_t most_in_flight = 0;
  int idles = 0, writes = 0, restarts = 0;
};

class MockTransport : public Transport {
 public:
  MOCK_METHOD(std::uint32_t, read, (Reg), (override));
  MOCK_METHOD(void, write, (Reg, std::uint32_t), (override));
  MOCK_METHOD(void, read_window, (std::uint32_t, std::span<std::uint32_t>), (override));
  MOCK_METHOD(void, write_window, (std::uint32_t, std::span<const std::uint32_t>), (override));
  MOCK_METHOD(bool, idle, (), (override));
};

template <class Failure>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Failure& error) {
    return error.what();
  }
  return "no such error";
}

TEST(Device, ReadsWhatTheDeviceIs) {
  FakeTransport transport;
  const Device device(transport);
  EXPECT_EQ(device.info().geometry, (PageGeometry{kRows, kColumns, 8}));
  EXPECT_EQ(device.info().pages, kPages);
  EXPECT_EQ(device.info().max_outputs, 8);
  EXPECT_EQ(transport.writes, 0);
}

TEST(Device, RefusesADeviceThatIsNotOurs) {
  FakeTransport transport;
  transport.registers[Reg::ID] = 0xFFFFFFFF;
  EXPECT_THAT(message_of<DeviceError>([&] { Device device(transport); }), HasSubstr("ID"));
  transport.registers[Reg::ID] = reset::ID;
  transport.registers[Reg::VERSION] = 9;
  EXPECT_THAT(message_of<DeviceError>([&] { Device device(transport); }),
              HasSubstr("version 9 of the register map, expected 1"));
  transport.registers[Reg::VERSION] = reset::VERSION;
  transport.registers[Reg::ROWS] = 0;
  EXPECT_THAT(message_of<DeviceError>([&] { Device device(transport); }),
              HasSubstr("register ROWS reads 0"));
}

TEST(Device, RestartsADeviceLeftBusyByAnEarlierHost) {
  FakeTransport transport;
  transport.registers[Reg::DOORBELL] = 5;
  transport.registers[Reg::COMPLETED] = 3;
  Device device(transport);
  EXPECT_EQ(transport.restarts, 1);
  device.nop();
  EXPECT_EQ(transport.registers[Reg::DOORBELL], 6U);
}

TEST(Device, WritesTheDescriptorBeforeTheDoorbellAndPollsCompleted) {
  NiceMock<MockTransport> transport;
  FakeTransport fake;
  ON_CALL(transport, read).WillByDefault([&](Reg reg) { return fake.read(reg); });
  Device device(transport);
  InSequence order;
  EXPECT_CALL(transport, write_window(0, ::testing::SizeIs(16)));
  EXPECT_CALL(transport, write(Reg::DOORBELL, 1));
  EXPECT_CALL(transport, read(Reg::COMPLETED)).WillOnce(Return(0));
  EXPECT_CALL(transport, read(Reg::STATUS)).WillOnce(Return(0));
  EXPECT_CALL(transport, idle()).WillOnce(Return(true));
  EXPECT_CALL(transport, read(Reg::COMPLETED)).WillOnce(Return(1));
  device.nop();
}

TEST(Device, GoesAroundTheRing) {
  FakeTransport transport;
  Device device(transport);
  for (std::uint32_t i = 0; i < 20; ++i) device.commit(1, i);
  ASSERT_EQ(transport.descriptors.size(), 20U);
  for (std::uint32_t i = 0; i < 20; ++i) {
    EXPECT_EQ(transport.descriptors[i][0], static_cast<std::uint32_t>(Opcode::COMMIT));
    EXPECT_EQ(transport.descriptors[i][word::COMMIT_CROSSBAR], i);
  }
}

TEST(DeviceRunLayer, PutsVectorsOnWordsAndDescribesThem) {
  FakeTransport transport;
  Device device(transport);
  device.run_layer({.first_page = 1,
                    .pages = 2,
                    .inputs = 5,
                    .outputs = 3,
                    .input_bits = 7,
                    .skip_zero = true,
                    .seed = 0xABCD,
                    .first_vector = 40},
                   std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(transport.window[128], 0x04030201U);
  EXPECT_EQ(transport.window[129], 0x00000005U);
  EXPECT_EQ(transport.window[130], 0x09080706U);
  EXPECT_EQ(transport.window[131], 0x0000000AU);
  ASSERT_EQ(transport.descriptors.size(), 1U);
  EXPECT_THAT(transport.descriptors[0],
              ::testing::ElementsAre(6, 1, 2, 128, 2, 132, 3, 2, 7, 1, 0xABCD, 40, 0, 0, 0, 0));
}

TEST(DeviceRunLayer, SplitsABatchBetweenTheHalvesOfTheWindow) {
  FakeTransport transport;  // 32 words of data: 1 + 4 words a vector, 3 vectors in a half
  Device device(transport);
  const auto result = device.run_layer({.inputs = 4, .outputs = 4, .first_vector = 100},
                                       std::vector<std::uint8_t>(4 * 14));
  EXPECT_EQ(result.size(), 14U * 4);
  ASSERT_EQ(transport.descriptors.size(), 5U);
  EXPECT_EQ(transport.most_in_flight, 2U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const std::uint32_t base = i % 2 == 0 ? 128 : 128 + 15, vectors = i < 4 ? 3 : 2;
    EXPECT_EQ(transport.descriptors[i][word::LAYER_INPUT], base);
    EXPECT_EQ(transport.descriptors[i][word::LAYER_OUTPUT], base + vectors);
    EXPECT_EQ(transport.descriptors[i][word::LAYER_VECTORS], vectors);
    EXPECT_EQ(transport.descriptors[i][word::LAYER_FIRST_VECTOR], 100 + 3 * i);
  }
}

TEST(DeviceRunLayer, TakesTheWholeWindowForAVectorThatNeedsMoreThanHalf) {
  FakeTransport transport;
  Device device(transport);
  device.run_layer({.inputs = 40, .outputs = 8}, std::vector<std::uint8_t>(80));
  ASSERT_EQ(transport.descriptors.size(), 2U);
  EXPECT_EQ(transport.most_in_flight, 1U);
  for (const auto& descriptor : transport.descriptors) {
    EXPECT_EQ(descriptor[word::LAYER_INPUT], 128U);
    EXPECT_EQ(descriptor[word::LAYER_OUTPUT], 138U);
  }
}

TEST(DeviceRunLayer, SplitsALongBatchInEightAndAShortOneNotAtAll) {
  FakeTransport transport;
  transport.registers[Reg::WINDOW_WORDS] = 65536;
  transport.window.resize(65536);
  Device device(transport);
  const LayerDescriptor layer{.inputs = 4, .outputs = 4};
  device.run_layer(layer, std::vector<std::uint8_t>(4 * 8));
  EXPECT_EQ(transport.descriptors.size(), 1U);
  device.run_layer(layer, std::vector<std::uint8_t>(4 * 800));
  EXPECT_EQ(transport.descriptors.size(), 1U + 8);
}

TEST(DeviceRunLayer, RejectsBadArgumentsWithoutTouchingTheDevice) {
  FakeTransport transport;
  Device device(transport);
  const LayerDescriptor good{.inputs = 4, .outputs = 4};
  const std::vector<std::uint8_t> vectors(8);
  const auto rejects = [&](auto change, const std::string& message) {
    LayerDescriptor layer = good;
    change(layer);
    EXPECT_THAT(message_of<InputError>([&] { device.run_layer(layer, vectors); }),
                HasSubstr(message));
  };
  rejects([](auto& layer) { layer.first_page = 3; }, "page is 3, expected 0..2");
  rejects([](auto& layer) { layer.first_page = -1; }, "page is -1");
  rejects([](auto& layer) { layer.first_page = 1, layer.pages = 3; }, "pages of a layer is 3");
  rejects([](auto& layer) { layer.pages = 0; }, "pages of a layer is 0");
  rejects([](auto& layer) { layer.inputs = 0; }, "inputs of a layer is 0");
  rejects([](auto& layer) { layer.inputs = 3; }, "batch of 8 values, expected vectors of 3");
  rejects([](auto& layer) { layer.outputs = 9; }, "outputs of a layer is 9, expected 1..8");
  rejects([](auto& layer) { layer.input_bits = 9; }, "input bits of a layer is 9");
  EXPECT_THROW(device.run_layer(good, {}), InputError);
  EXPECT_THROW(device.run_layer({.inputs = 200, .outputs = 1}, std::vector<std::uint8_t>(200)),
               InputError);  // one vector is larger than the window
  EXPECT_EQ(transport.writes, 0);
}

TEST(Device, RejectsImagesAndTablesOfAnotherSizeWithoutTouchingTheDevice) {
  FakeTransport transport;
  Device device(transport);
  EXPECT_THROW(device.load_page(0, std::vector<std::uint32_t>(15)), InputError);
  EXPECT_THROW(device.load_page(3, std::vector<std::uint32_t>(16)), InputError);
  EXPECT_THROW(device.program(0, {}), InputError);
  EXPECT_THROW(device.store_page(-1), InputError);
  EXPECT_THROW(device.commit(3, 0), InputError);
  const std::vector<std::uint32_t> words(12);
  EXPECT_THROW(device.load_table(0, {words, 5, 1}, 0), InputError);
  EXPECT_THROW(device.load_table(0, {words, 1, 0}, 0), InputError);
  EXPECT_THROW(device.load_table(0, {{}, 1, 1}, 0), InputError);
  EXPECT_EQ(transport.writes, 0);
  device.load_table(0, {words, 4, 2}, 9);
  EXPECT_EQ(transport.descriptors.at(0)[word::LOAD_TABLE_CROSSBAR], 9U);
}

TEST(DeviceLoadInl, PutsFourSignedCorrectionsInAWord) {
  FakeTransport transport;
  std::array<std::int8_t, 256> inl{};
  inl[0] = -1, inl[1] = 2, inl[7] = -128, inl[255] = 127;
  EXPECT_THROW(Device(transport).load_inl(1, inl), InputError);  // 32 words behind the ring
  transport.registers[Reg::WINDOW_WORDS] = 192;
  transport.window.resize(192);
  Device device(transport);
  EXPECT_THROW(device.load_inl(3, inl), InputError);
  EXPECT_EQ(transport.writes, 0);
  device.load_inl(1, inl);
  EXPECT_EQ(transport.window[128], 0x000002FFU);
  EXPECT_EQ(transport.window[129], 0x80000000U);
  EXPECT_EQ(transport.window[191], 0x7F000000U);
  device.load_inl(2, std::nullopt);
  ASSERT_EQ(transport.descriptors.size(), 2U);
  EXPECT_THAT(transport.descriptors[0],
              ::testing::ElementsAre(7, 1, 128, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(transport.descriptors[1],
              ::testing::ElementsAre(7, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

TEST(Device, GivesUpOnADeviceThatStopsAnswering) {
  FakeTransport transport;
  Device device(transport, {.idle_polls = 10});
  device.nop();
  transport.answers = false;
  const int before = transport.idles;
  EXPECT_THAT(
      message_of<DeviceTimeout>([&] { device.nop(); }),
      ::testing::AllOf(HasSubstr("descriptor 1 (NOP) after 10 polls"), HasSubstr("DOORBELL=2"),
                       HasSubstr("COMPLETED=1"), HasSubstr("STATUS="), HasSubstr("ERROR=0")));
  EXPECT_EQ(transport.idles - before, 10);
  transport.answers = true;
  device.restart();
  device.nop();
}

TEST(Device, GivesUpAfterItsSecondsAndWhenNoProgressCanCome) {
  FakeTransport transport;
  transport.answers = false;
  Device impatient(transport, {.seconds = 0.0});
  EXPECT_THROW(impatient.nop(), DeviceTimeout);
  Device device(transport);
  transport.dead = true;
  EXPECT_THAT(message_of<DeviceTimeout>([&] { device.nop(); }), HasSubstr("stopped for good"));
}

TEST(Device, NamesARefusedDescriptorAndStaysUsable) {
  FakeTransport transport;
  Device device(transport);
  device.nop();
  transport.refusal = static_cast<std::uint32_t>(ErrorCode::NOT_READY);
  EXPECT_THAT(message_of<DeviceError>([&] { device.store_page(1); }),
              HasSubstr("descriptor 1 (STORE_PAGE): NOT_READY, a page is in the wrong state"));
  EXPECT_EQ(transport.restarts, 1);
  transport.refusal = 0;
  device.nop();
}

TEST(DeviceStatistics, SurviveACarryBetweenTheTwoHalves) {
  NiceMock<MockTransport> transport;
  FakeTransport fake;
  ON_CALL(transport, read).WillByDefault([&](Reg reg) {
    const auto found = fake.registers.find(reg);
    return found == fake.registers.end() ? 0 : found->second;
  });
  Device device(transport);
  EXPECT_CALL(transport, read(::testing::_)).Times(::testing::AnyNumber());
  EXPECT_CALL(transport, read(Reg::CYCLES_BUSY_HI))
      .WillOnce(Return(1))
      .WillOnce(Return(2))
      .WillOnce(Return(2));
  EXPECT_CALL(transport, read(Reg::CYCLES_BUSY_LO))
      .WillOnce(Return(0xFFFFFFFF))
      .WillOnce(Return(3));
  EXPECT_EQ(device.statistics().cycles_busy, (std::uint64_t{2} << 32) + 3);
}

}  // namespace
}  // namespace crossloop::drivers
