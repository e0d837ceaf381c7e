// Words of descriptors over tensors, and what lies in the window for them.
#include "drivers/tensor_descriptor.hpp"

#include <gmock/gmock.h>

#include "host/error.hpp"

namespace crossloop::drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(TensorDescriptor, PutsEverySizeInItsField) {
  ConvolveDescriptor layer{.first_page = 3,
                           .pages = 2,
                           .input = 200,
                           .padding = 300,
                           .output = 400,
                           .scales = 500,
                           .sums = 600,
                           .images = 7,
                           .in = {.height = 32, .width = 31, .channels = 16},
                           .outputs = 20,
                           .window = {}};
  layer.window = {.kernel_h = 3,
                  .kernel_w = 5,
                  .stride_h = 2,
                  .stride_w = 1,
                  .pad_top = 1,
                  .pad_left = 2,
                  .first_row = 9,
                  .out_height = 16,
                  .out_width = 31};
  layer.input_bits = 8;
  layer.add_sums = true;
  layer.seed = 11;
  layer.first_vector = 12;
  EXPECT_THAT(
      descriptor_words(layer),
      ElementsAre(8U, 3U, 2U, 200U, 300U, 400U, 500U, 600U, 7U << 16 | 0x900U | 8U, 31U << 16 | 32U,
                  20U << 16 | 16U, 31U << 16 | 16U, 0x01020503U, 9U << 16 | 0x0201U, 11U, 12U));
}

TEST(TensorDescriptor, KeepsPoolsAndAdditionsFreeOfWhatTheyHaveNoUseFor) {
  const PoolDescriptor pool{.max = true,
                            .input = 200,
                            .output = 300,
                            .scales = 400,
                            .zero = 77,
                            .images = 1,
                            .in = {4, 4, 3},
                            .window = {},
                            .logits = false};
  EXPECT_EQ(descriptor_words(pool)[word::AVERAGE_POOL_OTHER], 0U);  // a max pool knows no zero
  const AddDescriptor add{.a = 200,
                          .b = 300,
                          .output = 400,
                          .scales = 500,
                          .images = 1,
                          .size = {4, 4, 3},
                          .code_table = true,
                          .logits = false};
  EXPECT_THAT(descriptor_words(add),
              ElementsAre(11U, 0U, 0U, 200U, 300U, 400U, 500U, 0U, 1U << 16 | 0x200U, 4U << 16 | 4U,
                          3U, 0U, 0U, 0U, 0U, 0U));
}

TEST(TensorDescriptor, NamesASizeThatDoesNotFit) {
  PoolDescriptor pool;
  pool.window.kernel_h = 256;
  EXPECT_THAT([&] { descriptor_words(pool); },
              ThrowsMessage<InputError>(HasSubstr("kernel height 256, expected 1..255")));
  pool.window.kernel_h = 1;
  pool.images = 0;
  EXPECT_THAT([&] { descriptor_words(pool); },
              ThrowsMessage<InputError>(HasSubstr("images 0, expected 1..65535")));
  pool.images = 1;
  pool.max = false;
  pool.zero = 300;
  EXPECT_THAT([&] { descriptor_words(pool); },
              ThrowsMessage<InputError>(HasSubstr("zero point 300")));
}

TEST(TensorDescriptor, PacksOutputBlocks) {
  const std::vector<ScaleWords> scales{{-5, 0xFFFF, 47}};
  EXPECT_THAT(pack_output_block(3, -1, 255, {}, scales),
              ElementsAre(3U, 0xFFFFFFFFU, 255U, 0xFFFFFFFBU, 47U << 16 | 0xFFFFU));
  const std::vector<std::uint8_t> codes(256, 9);
  EXPECT_EQ(pack_output_block(3, 0, 255, codes, scales).size(), 3U + 64U + 2U);
  EXPECT_THROW(pack_output_block(0, 0, 255, std::span(codes).first(255), scales), InputError);
  EXPECT_THROW(pack_output_block(0, 0, 255, {}, std::vector<ScaleWords>{{0, 65536, 0}}),
               InputError);
  EXPECT_THROW(pack_output_block(0, 0, 255, {}, std::vector<ScaleWords>{{0, 1, 48}}), InputError);
}

TEST(TensorDescriptor, StartsEveryRowOfBytesOnAWord) {
  const std::vector<std::uint8_t> bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const auto words = pack_bytes(bytes, 5);
  EXPECT_THAT(words, ElementsAre(0x04030201U, 0x05U, 0x09080706U, 0x0AU));
  EXPECT_EQ(unpack_bytes(words, 5), bytes);
}

}  // namespace
}  // namespace crossloop::drivers
