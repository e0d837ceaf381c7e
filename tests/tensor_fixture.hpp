// A core with descriptors over tensors that are right, to be changed word by word.
#pragma once

#include "tests/control_fixture.hpp"

namespace crossloop::testing_support {

namespace part = drivers::part;

inline constexpr std::uint32_t kInput = 128, kOther = 152, kBlock = 180, kOutput = 200, kSums = 300;

inline std::uint32_t pair_of(std::uint32_t low, std::uint32_t high) { return low | high << 16; }

/// Two images of 4x4x3, 3x3 windows with a border, 5 outputs on page 0: 24 words of input, 1 of
/// padding, 13 of the block, 40 of output.
inline Words good_convolve() {
  return {{word::CONVOLVE_PAGES, 1},
          {word::CONVOLVE_INPUT, kInput},
          {word::CONVOLVE_OTHER, kOther},
          {word::CONVOLVE_OUTPUT, kOutput},
          {word::CONVOLVE_SCALES, kBlock},
          {word::CONVOLVE_MODE, pair_of(8, 2)},
          {word::CONVOLVE_IN_SIZE, pair_of(4, 4)},
          {word::CONVOLVE_DEPTH, pair_of(3, 5)},
          {word::CONVOLVE_OUT_SIZE, pair_of(4, 4)},
          {word::CONVOLVE_KERNEL, 0x01010303},
          {word::CONVOLVE_PLACE, 0x0101}};
}

/// Two images of 4x4x3, 2x2 windows: 24 words of input, 7 of the block, 6 of output.
inline Words good_pool() {
  return {{word::MAX_POOL_INPUT, kInput},           {word::MAX_POOL_OUTPUT, kOutput},
          {word::MAX_POOL_SCALES, kBlock},          {word::MAX_POOL_MODE, pair_of(0, 2)},
          {word::MAX_POOL_IN_SIZE, pair_of(4, 4)},  {word::MAX_POOL_DEPTH, 3},
          {word::MAX_POOL_OUT_SIZE, pair_of(2, 2)}, {word::MAX_POOL_KERNEL, 0x02020202}};
}

/// Two images of 4x4x3: 24 words of each operand and of the sum, 7 of the block.
inline Words good_add() {
  return {{word::ADD_INPUT, kInput},
          {word::ADD_OTHER, kOther},
          {word::ADD_OUTPUT, kOutput},
          {word::ADD_SCALES, kBlock},
          {word::ADD_MODE, pair_of(0, 2)},
          {word::ADD_IN_SIZE, pair_of(4, 4)},
          {word::ADD_DEPTH, 3}};
}

inline std::uint32_t flag(const drivers::BitField& field) { return field.place(1); }

inline constexpr Opcode kAll[] = {Opcode::CONVOLVE, Opcode::MAX_POOL, Opcode::AVERAGE_POOL,
                                  Opcode::ADD};

class TensorLayersRtl : public CrossloopControlRtl {
 protected:
  TensorLayersRtl() { load(0, {.inputs = 27, .outputs = 5}); }

  static Words good(Opcode opcode) {
    return opcode == Opcode::CONVOLVE ? good_convolve()
           : opcode == Opcode::ADD    ? good_add()
                                      : good_pool();
  }
  ErrorCode error_with(Opcode opcode, const Words& changes) {
    Words words = good(opcode);
    for (const auto& [index, value] : changes) words[index] = value;
    return error_of(opcode, words);
  }
};

}  // namespace crossloop::testing_support
