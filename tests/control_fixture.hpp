// A core whose descriptors are written word by word, to be refused or cut off.
#pragma once

#include <map>
#include <vector>

#include "tests/core_fixture.hpp"

namespace crossloop::testing_support {

namespace constant = drivers::constant;
namespace word = drivers::word;
using drivers::ErrorCode;
using drivers::Opcode;
using drivers::Reg;

using Words = std::map<std::uint32_t, std::uint32_t>;  // descriptor word -> value

inline constexpr std::uint32_t kWindow = 65536, kImage = 16 * 8, kTable = 8 + 16 * 5;

class CrossloopControlRtl : public testing_support::CoreTest {
 protected:
  CrossloopControlRtl() { start(); }

  /// Writes the descriptor that comes `ahead` after the next one, without the doorbell.
  void put_next(std::uint32_t ahead, Opcode opcode, const Words& words) {
    std::vector<std::uint32_t> descriptor(constant::DESCRIPTOR_WORDS);
    descriptor[0] = static_cast<std::uint32_t>(opcode);
    for (const auto& [index, value] : words) descriptor[index] = value;
    const std::uint32_t entry = (transport_->read(Reg::DOORBELL) + ahead) % constant::RING_ENTRIES;
    transport_->write_window(entry * constant::DESCRIPTOR_WORDS, descriptor);
  }

  void put(Opcode opcode, const Words& words) {
    put_next(0, opcode, words);
    transport_->write(Reg::DOORBELL, transport_->read(Reg::DOORBELL) + 1);
  }

  /// The 15 accumulators of good_layer().
  std::vector<std::int32_t> accumulators_at(std::uint32_t base) {
    std::vector<std::uint32_t> words(15);
    transport_->read_window(base, words);
    return {words.begin(), words.end()};
  }

  void settle() {
    for (int i = 0; transport_->idle(); ++i) ASSERT_LT(i, 1000) << "the core does not stop";
  }

  /// The error a descriptor ends in; the core is restarted behind it.
  ErrorCode error_of(Opcode opcode, const Words& words) {
    const std::uint32_t number = transport_->read(Reg::DOORBELL);
    put(opcode, words);
    settle();
    const auto error = static_cast<ErrorCode>(transport_->read(Reg::ERROR));
    if (error != ErrorCode::NONE) {
      EXPECT_EQ(transport_->read(Reg::ERROR_INDEX), number);
      EXPECT_EQ(transport_->read(Reg::COMPLETED), number);
      EXPECT_EQ(transport_->read(Reg::STATUS), drivers::field::STATUS_ERROR.place(1));
      device_->restart();
    }
    EXPECT_EQ(transport_->read(Reg::COMPLETED), number + 1);
    EXPECT_EQ(transport_->read(Reg::STATUS), drivers::field::STATUS_IDLE.place(1));
    return error;
  }

  /// A LAYER that is right: 3 vectors of 4 words in, 3 * 5 out, page 0.
  static Words good_layer() {
    return {{word::LAYER_PAGES, 1},     {word::LAYER_INPUT, 128}, {word::LAYER_INPUT_WORDS, 4},
            {word::LAYER_OUTPUT, 140},  {word::LAYER_OUTPUTS, 5}, {word::LAYER_VECTORS, 3},
            {word::LAYER_INPUT_BITS, 8}};
  }
  ErrorCode error_of_layer(const Words& changes) {
    Words words = good_layer();
    for (const auto& [index, value] : changes) words[index] = value;
    return error_of(Opcode::LAYER, words);
  }
};

}  // namespace crossloop::testing_support
