#include "drivers/tensor_descriptor.hpp"

#include <string>

#include "host/error.hpp"

namespace crossloop::drivers {
namespace {

/// `value` in its field; InputError naming `what` if it lies outside low..limit of the field.
std::uint32_t placed(const BitField& field, const char* what, int value, int low = 0) {
  if (value < low || static_cast<std::uint32_t>(value) > field.limit()) {
    throw InputError(std::string("descriptor: ") + what + " " + std::to_string(value) +
                     ", expected " + std::to_string(low) + ".." + std::to_string(field.limit()));
  }
  return field.place(static_cast<std::uint32_t>(value));
}

void set_in_size(DescriptorWords& words, const TensorSize& in) {
  words[word::CONVOLVE_IN_SIZE] = placed(part::CONVOLVE_IN_SIZE_HEIGHT, "height", in.height, 1) |
                                  placed(part::CONVOLVE_IN_SIZE_WIDTH, "width", in.width, 1);
  words[word::CONVOLVE_DEPTH] = placed(part::CONVOLVE_DEPTH_INPUTS, "channels", in.channels, 1);
}

void set_window(DescriptorWords& words, const WindowPlace& w) {
  words[word::CONVOLVE_OUT_SIZE] =
      placed(part::CONVOLVE_OUT_SIZE_HEIGHT, "output height", w.out_height, 1) |
      placed(part::CONVOLVE_OUT_SIZE_WIDTH, "output width", w.out_width, 1);
  words[word::CONVOLVE_KERNEL] =
      placed(part::CONVOLVE_KERNEL_HEIGHT, "kernel height", w.kernel_h, 1) |
      placed(part::CONVOLVE_KERNEL_WIDTH, "kernel width", w.kernel_w, 1) |
      placed(part::CONVOLVE_KERNEL_STRIDE_H, "vertical stride", w.stride_h, 1) |
      placed(part::CONVOLVE_KERNEL_STRIDE_W, "horizontal stride", w.stride_w, 1);
  words[word::CONVOLVE_PLACE] =
      placed(part::CONVOLVE_PLACE_PAD_TOP, "padding above", w.pad_top) |
      placed(part::CONVOLVE_PLACE_PAD_LEFT, "padding before", w.pad_left) |
      placed(part::CONVOLVE_PLACE_FIRST_ROW, "first row", w.first_row);
}

std::uint32_t images_of(int images) {
  return placed(part::CONVOLVE_MODE_IMAGES, "images", images, 1);
}

std::uint32_t flag(const BitField& field, bool value) { return field.place(value ? 1 : 0); }

DescriptorWords words_of(Opcode opcode, std::uint32_t input, std::uint32_t other,
                         std::uint32_t output, std::uint32_t scales) {
  DescriptorWords words{static_cast<std::uint32_t>(opcode)};
  words[word::CONVOLVE_INPUT] = input;
  words[word::CONVOLVE_OTHER] = other;
  words[word::CONVOLVE_OUTPUT] = output;
  words[word::CONVOLVE_SCALES] = scales;
  return words;
}

// What the opcodes share has one place.
static_assert(word::CONVOLVE_INPUT == word::MAX_POOL_INPUT &&
              word::CONVOLVE_INPUT == word::AVERAGE_POOL_INPUT &&
              word::CONVOLVE_INPUT == word::ADD_INPUT);
static_assert(word::CONVOLVE_OTHER == word::AVERAGE_POOL_OTHER &&
              word::CONVOLVE_OTHER == word::ADD_OTHER);
static_assert(word::CONVOLVE_OUTPUT == word::MAX_POOL_OUTPUT &&
              word::CONVOLVE_OUTPUT == word::AVERAGE_POOL_OUTPUT &&
              word::CONVOLVE_OUTPUT == word::ADD_OUTPUT);
static_assert(word::CONVOLVE_SCALES == word::MAX_POOL_SCALES &&
              word::CONVOLVE_SCALES == word::AVERAGE_POOL_SCALES &&
              word::CONVOLVE_SCALES == word::ADD_SCALES);

}  // namespace

DescriptorWords descriptor_words(const ConvolveDescriptor& layer) {
  DescriptorWords words =
      words_of(Opcode::CONVOLVE, layer.input, layer.padding, layer.output, layer.scales);
  words[word::CONVOLVE_FIRST_PAGE] = static_cast<std::uint32_t>(layer.first_page);
  words[word::CONVOLVE_PAGES] = static_cast<std::uint32_t>(layer.pages);
  words[word::CONVOLVE_SUMS] = layer.sums;
  words[word::CONVOLVE_MODE] =
      placed(part::CONVOLVE_MODE_INPUT_BITS, "input bits", layer.input_bits, 1) |
      flag(part::CONVOLVE_MODE_SKIP_ZERO, layer.skip_zero) |
      flag(part::CONVOLVE_MODE_TABLE, layer.code_table) |
      flag(part::CONVOLVE_MODE_LOGITS, layer.logits) |
      flag(part::CONVOLVE_MODE_ADD_SUMS, layer.add_sums) |
      flag(part::CONVOLVE_MODE_STORE_SUMS, layer.store_sums) | images_of(layer.images);
  set_in_size(words, layer.in);
  words[word::CONVOLVE_DEPTH] |= placed(part::CONVOLVE_DEPTH_OUTPUTS, "outputs", layer.outputs, 1);
  set_window(words, layer.window);
  words[word::CONVOLVE_SEED] = layer.seed;
  words[word::CONVOLVE_FIRST_VECTOR] = layer.first_vector;
  return words;
}

DescriptorWords descriptor_words(const PoolDescriptor& pool) {
  constexpr BitField kZero{word::AVERAGE_POOL_OTHER, 0, 8};
  const std::uint32_t zero = pool.max ? 0 : placed(kZero, "zero point", pool.zero);
  DescriptorWords words = words_of(pool.max ? Opcode::MAX_POOL : Opcode::AVERAGE_POOL, pool.input,
                                   zero, pool.output, pool.scales);
  words[word::CONVOLVE_MODE] =
      flag(part::CONVOLVE_MODE_LOGITS, pool.logits) | images_of(pool.images);
  set_in_size(words, pool.in);
  set_window(words, pool.window);
  return words;
}

DescriptorWords descriptor_words(const AddDescriptor& add) {
  DescriptorWords words = words_of(Opcode::ADD, add.a, add.b, add.output, add.scales);
  words[word::CONVOLVE_MODE] = flag(part::CONVOLVE_MODE_TABLE, add.code_table) |
                               flag(part::CONVOLVE_MODE_LOGITS, add.logits) | images_of(add.images);
  set_in_size(words, add.size);
  return words;
}

std::vector<std::uint32_t> pack_output_block(std::int32_t zero, std::int32_t low, std::int32_t high,
                                             std::span<const std::uint8_t> codes,
                                             std::span<const ScaleWords> scales) {
  std::vector<std::uint32_t> words{static_cast<std::uint32_t>(zero),
                                   static_cast<std::uint32_t>(low),
                                   static_cast<std::uint32_t>(high)};
  if (!codes.empty() && codes.size() != 4 * constant::CODE_TABLE_WORDS) {
    throw InputError("output block: table of " + std::to_string(codes.size()) +
                     " codes, expected " + std::to_string(4 * constant::CODE_TABLE_WORDS));
  }
  const auto table = pack_bytes(codes, codes.size());
  words.insert(words.end(), table.begin(), table.end());
  for (const ScaleWords& scale : scales) {
    if (scale.multiplier < 0 || scale.multiplier > 0xFFFF || scale.shift < 0 || scale.shift > 47) {
      throw InputError("output block: multiplier " + std::to_string(scale.multiplier) + ", shift " +
                       std::to_string(scale.shift) + ", expected 0..65535, 0..47");
    }
    words.push_back(static_cast<std::uint32_t>(scale.bias));
    words.push_back(static_cast<std::uint32_t>(scale.multiplier) |
                    static_cast<std::uint32_t>(scale.shift) << 16);
  }
  return words;
}

std::vector<std::uint32_t> pack_bytes(std::span<const std::uint8_t> bytes, std::size_t length) {
  if (bytes.empty()) return {};
  const std::size_t row_words = (length + 3) / 4;
  std::vector<std::uint32_t> words(bytes.size() / length * row_words);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t k = i % length;
    words[i / length * row_words + k / 4] |= std::uint32_t{bytes[i]} << (k % 4 * 8);
  }
  return words;
}

std::vector<std::uint8_t> unpack_bytes(std::span<const std::uint32_t> words, std::size_t length) {
  const std::size_t row_words = (length + 3) / 4;
  std::vector<std::uint8_t> bytes;
  for (std::size_t row = 0; row < words.size() / row_words; ++row) {
    for (std::size_t k = 0; k < length; ++k) {
      bytes.push_back(static_cast<std::uint8_t>(words[row * row_words + k / 4] >> (k % 4 * 8)));
    }
  }
  return bytes;
}

}  // namespace crossloop::drivers
