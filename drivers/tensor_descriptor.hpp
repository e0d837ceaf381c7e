// Descriptors over tensors in the window: crossbar layers, pools and residual additions.
//
// A tensor is uint8 [images][height][width][channels], each image starting on a word. Window
// addresses are word indices. docs/hardware.md says what each opcode does.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "drivers/registers.hpp"

namespace crossloop::drivers {

/// One image of a tensor.
struct TensorSize {
  int height = 1, width = 1, channels = 1;  ///< 1..65535
  int size() const { return height * width * channels; }
  /// Window words of one image.
  std::uint32_t words() const { return (static_cast<std::uint32_t>(size()) + 3) / 4; }
};

/// Which windows of the input make the output.
struct WindowPlace {
  int kernel_h = 1, kernel_w = 1;  ///< 1..255
  int stride_h = 1, stride_w = 1;  ///< 1..255
  int pad_top = 0, pad_left = 0;   ///< 0..255
  int first_row = 0;               ///< output rows left out before the first, 0..65535
  int out_height = 1;              ///< 1..65535
  int out_width = 1;
};

/// Opcode CONVOLVE.
struct ConvolveDescriptor {
  int first_page = 0;
  int pages = 1;              ///< consecutive pages, summed into the same accumulators
  std::uint32_t input = 0;    ///< tensors
  std::uint32_t padding = 0;  ///< one pixel of the input, for places outside of it
  std::uint32_t output = 0;   ///< tensors, unless store_sums
  std::uint32_t scales = 0;   ///< output block, unless store_sums
  std::uint32_t sums = 0;     ///< int32 [images][positions][outputs], with add_ or store_sums
  int images = 1;             ///< 1..65535
  TensorSize in;
  int outputs = 1;  ///< channels of the output, accumulators
  WindowPlace window;
  int input_bits = 8;              ///< phases, 1..8
  bool skip_zero = true;           ///< a phase without a driven row contributes 0
  bool code_table = false;         ///< the output block has one
  bool logits = false;             ///< outputs are int32
  bool add_sums = false;           ///< accumulators start from running sums
  bool store_sums = false;         ///< and become running sums, not outputs
  std::uint32_t seed = 0;          ///< of the read noise
  std::uint32_t first_vector = 0;  ///< vector number of the first window; the others count up
};

/// Opcodes MAX_POOL and AVERAGE_POOL.
struct PoolDescriptor {
  bool max = true;
  std::uint32_t input = 0;
  std::uint32_t output = 0;
  std::uint32_t scales = 0;  ///< output block with two scales, the second unused
  int zero = 0;              ///< zero point of the input, 0..255; average only
  int images = 1;
  TensorSize in;
  WindowPlace window;
  bool logits = false;
};

/// Opcode ADD.
struct AddDescriptor {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t output = 0;
  std::uint32_t scales = 0;  ///< output block with two scales
  int images = 1;
  TensorSize size;
  bool code_table = false;
  bool logits = false;
};

using DescriptorWords = std::array<std::uint32_t, constant::DESCRIPTOR_WORDS>;

/// The words of a descriptor. Throw InputError naming a size that does not fit its field; ranges
/// are for the device to check.
DescriptorWords descriptor_words(const ConvolveDescriptor& layer);
DescriptorWords descriptor_words(const PoolDescriptor& pool);
DescriptorWords descriptor_words(const AddDescriptor& add);

/// bias, multiplier and shift of one output or operand.
struct ScaleWords {
  std::int32_t bias = 0;        ///< of an operand of ADD: minus its zero point
  std::int32_t multiplier = 1;  ///< 0..65535
  std::int32_t shift = 0;       ///< 0..47; of ADD: that of its first scale counts
};

/// An output block: range, table if `codes` holds 256, scales. Throws InputError for a multiplier
/// or shift out of range, and for a table of another size.
std::vector<std::uint32_t> pack_output_block(std::int32_t zero, std::int32_t low, std::int32_t high,
                                             std::span<const std::uint8_t> codes,
                                             std::span<const ScaleWords> scales);

/// uint8 [n][length] into window words, each row starting on a word.
std::vector<std::uint32_t> pack_bytes(std::span<const std::uint8_t> bytes, std::size_t length);
/// The inverse: rows of `length` bytes, as many as there are.
std::vector<std::uint8_t> unpack_bytes(std::span<const std::uint32_t> words, std::size_t length);

}  // namespace crossloop::drivers
