// rtl/registers.def as C++ names: registers, fields, descriptors, errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crossloop::drivers {

/// Byte offsets of the registers.
enum class Reg : std::uint32_t {
#define REG(name, offset, access, reset, meaning) name = offset,
#include "rtl/registers.def"
};

/// Word 0 of a descriptor.
enum class Opcode : std::uint32_t {
#define OPCODE(name, value, meaning) name = value,
#include "rtl/registers.def"
};

/// Content of Reg::ERROR.
enum class ErrorCode : std::uint32_t {
#define ERROR(name, value, meaning) name = value,
#include "rtl/registers.def"
};

/// One bit field of a register (word 0), of a descriptor word or of a column table entry.
struct BitField {
  std::uint32_t word = 0;
  std::uint32_t lsb = 0;
  std::uint32_t width = 0;

  /// Largest value of the field.
  constexpr std::uint32_t limit() const {
    return width >= 32 ? 0xFFFFFFFFU : (std::uint32_t{1} << width) - 1;
  }
  constexpr std::uint32_t place(std::uint32_t value) const { return (value & limit()) << lsb; }
  constexpr std::uint32_t get(std::uint32_t from) const { return (from >> lsb) & limit(); }
};

/// Fields by register: field::CTRL_RESTART.
namespace field {
#define FIELD(reg, name, lsb, width, meaning) inline constexpr BitField reg##_##name{0, lsb, width};
#include "rtl/registers.def"
}  // namespace field

/// Fields of a column table entry: column_field::GAIN.
namespace column_field {
#define COLUMN_FIELD(name, word, lsb, width, meaning) \
  inline constexpr BitField name{word, lsb, width};
#include "rtl/registers.def"
}  // namespace column_field

/// Fields of the blocks of WRITE_VERIFY: block_field::CELL_STATE.
namespace block_field {
#define BLOCK_FIELD(block, name, word, lsb, width, meaning) \
  inline constexpr BitField block##_##name{word, lsb, width};
#include "rtl/registers.def"
}  // namespace block_field

/// Indices of descriptor words by opcode: word::LAYER_FIRST_PAGE.
namespace word {
#define WORD(opcode, name, index, meaning) inline constexpr std::uint32_t opcode##_##name = index;
#include "rtl/registers.def"
}  // namespace word

/// Bit fields of descriptor words: part::CONVOLVE_MODE_IMAGES.
namespace part {
#define PART(opcode, within, name, lsb, width, meaning) \
  inline constexpr BitField opcode##_##within##_##name{word::opcode##_##within, lsb, width};
#include "rtl/registers.def"
}  // namespace part

/// Constants of the map: constant::RING_WORDS.
namespace constant {
#define CONSTANT(name, value, meaning) inline constexpr std::uint32_t name = value;
#include "rtl/registers.def"
}  // namespace constant

/// Reset values: reset::ID.
namespace reset {
#define REG(name, offset, access, value, meaning) inline constexpr std::uint32_t name = value;
#include "rtl/registers.def"
}  // namespace reset

static_assert(constant::RING_WORDS == constant::RING_ENTRIES * constant::DESCRIPTOR_WORDS);

/// Name in the map, or the number in hexadecimal where the map has none.
std::string register_name(std::uint32_t offset);
std::string opcode_name(std::uint32_t opcode);
std::string error_name(std::uint32_t error);
/// One line of explanation, empty for an unknown code.
std::string_view error_meaning(std::uint32_t error);

/// The text of rtl/generated/crossloop_regs.vh.
std::string verilog_header();

}  // namespace crossloop::drivers
