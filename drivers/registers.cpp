#include "drivers/registers.hpp"

#include <sstream>

namespace crossloop::drivers {
namespace {

std::string hexadecimal(std::uint32_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

void define(std::ostringstream& text, const std::string& name, int width, std::uint32_t value,
            std::string_view meaning) {
  text << "`define CROSSLOOP_" << name << " " << width << "'h" << std::hex << value << std::dec
       << "  // " << meaning << "\n";
}

void define_field(std::ostringstream& text, const std::string& name, const BitField& bits,
                  std::string_view meaning) {
  text << "`define CROSSLOOP_" << name << " " << bits.lsb + bits.width - 1 << ":" << bits.lsb
       << "  // " << meaning << "\n";
}

}  // namespace

std::string register_name(std::uint32_t offset) {
  switch (offset) {
#define REG(name, at, access, reset, meaning) \
  case at:                                    \
    return #name;
#include "rtl/registers.def"
    default:
      return hexadecimal(offset);
  }
}

std::string opcode_name(std::uint32_t opcode) {
  switch (opcode) {
#define OPCODE(name, value, meaning) \
  case value:                        \
    return #name;
#include "rtl/registers.def"
    default:
      return hexadecimal(opcode);
  }
}

std::string error_name(std::uint32_t error) {
  switch (error) {
#define ERROR(name, value, meaning) \
  case value:                       \
    return #name;
#include "rtl/registers.def"
    default:
      return hexadecimal(error);
  }
}

std::string_view error_meaning(std::uint32_t error) {
  switch (error) {
#define ERROR(name, value, meaning) \
  case value:                       \
    return meaning;
#include "rtl/registers.def"
    default:
      return {};
  }
}

std::string verilog_header() {
  std::ostringstream text;
  text << "// Generated from rtl/registers.def by crossloop_print_registers; do not edit.\n"
          "`ifndef CROSSLOOP_REGS_VH\n`define CROSSLOOP_REGS_VH\n\n"
          "// Registers: byte offset and value after reset\n";
#define REG(name, offset, access, value, meaning)           \
  define(text, "REG_" #name, 12, offset, meaning);          \
  if (std::string_view(#access) != "PARAM") {               \
    define(text, "RESET_" #name, 32, value, "after reset"); \
  }
#include "rtl/registers.def"
  text << "\n// Fields of registers\n";
#define FIELD(reg, name, lsb, width, meaning) \
  define_field(text, "FIELD_" #reg "_" #name, {0, lsb, width}, meaning);
#include "rtl/registers.def"
  text << "\n// Constants\n";
#define CONSTANT(name, value, meaning) define(text, #name, 32, value, meaning);
#include "rtl/registers.def"
  text << "\n// Descriptors: opcodes and words\n";
#define OPCODE(name, value, meaning) define(text, "OPCODE_" #name, 32, value, meaning);
#include "rtl/registers.def"
#define WORD(opcode, name, index, meaning) \
  define(text, "WORD_" #opcode "_" #name, 4, index, meaning);
#include "rtl/registers.def"
#define PART(opcode, word, name, lsb, width, meaning) \
  define_field(text, "PART_" #opcode "_" #word "_" #name, {0, lsb, width}, meaning);
#include "rtl/registers.def"
  text << "\n// Column table: word and bits of a field\n";
#define COLUMN_FIELD(name, word, lsb, width, meaning)           \
  define(text, "COLUMN_" #name "_WORD", 3, word, "word of it"); \
  define_field(text, "COLUMN_" #name, {word, lsb, width}, meaning);
#include "rtl/registers.def"
  text << "\n// Blocks of WRITE_VERIFY: word and bits of a field\n";
#define BLOCK_FIELD(block, name, word, lsb, width, meaning)      \
  define(text, #block "_" #name "_WORD", 3, word, "word of it"); \
  define_field(text, #block "_" #name, {word, lsb, width}, meaning);
#include "rtl/registers.def"
  text << "\n// Errors\n";
#define ERROR(name, value, meaning) define(text, "ERROR_" #name, 4, value, meaning);
#include "rtl/registers.def"
  text << "\n`endif\n";
  return text.str();
}

}  // namespace crossloop::drivers
