#include "host/data/resize.hpp"

#include <gmock/gmock.h>

namespace crossloop::data {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// Red, green and blue of pixel (x, y) are 37 x^2 + 71 y + 11 x y + 0, 83 and 166 modulo 256.
RgbImage pattern(int width, int height) {
  RgbImage image{.width = width, .height = height, .pixels = {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        image.pixels.push_back(
            static_cast<std::uint8_t>(x * x * 37 + y * 71 + x * y * 11 + c * 83));
      }
    }
  }
  return image;
}

std::uint64_t fnv1a(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hash;
}

// The expected pixels of these tests are those of Pillow 9.4: resize((w, h), BILINEAR) with the
// shorter side at `resize` and the longer one at int(resize * longer / shorter), then crop() from
// int(round((side - crop) / 2.0)).

TEST(ResizeAndCrop, ReducesLikePillow) {
  EXPECT_THAT(resize_and_crop(pattern(7, 5), {.resize = 4, .crop = 3}),
              ElementsAre(121, 169, 116, 116, 135, 184, 116, 163, 161, 164, 117, 134, 131, 64, 147,
                          111, 111, 147, 118, 153, 154, 103, 186, 119, 101, 184, 137));
}

TEST(ResizeAndCrop, EnlargesLikePillow) {
  EXPECT_THAT(resize_and_crop(pattern(3, 4), {.resize = 5, .crop = 2}),
              ElementsAre(133, 173, 43, 181, 120, 117, 187, 57, 97, 138, 110, 176));
}

TEST(ResizeAndCrop, TreatsPhotographsLikePillow) {
  EXPECT_EQ(fnv1a(resize_and_crop(pattern(500, 375), {.resize = 256, .crop = 224})),
            7580200421038537909ULL);
  EXPECT_EQ(fnv1a(resize_and_crop(pattern(375, 500), {.resize = 256, .crop = 223})),
            4662250853923558595ULL);
  EXPECT_EQ(fnv1a(resize_and_crop(pattern(31, 47), {.resize = 64, .crop = 64})),
            10541230503670422077ULL);
}

TEST(ResizeAndCrop, LeavesAnImageOfTheRightSizeAlone) {
  const RgbImage image = pattern(32, 32);
  EXPECT_EQ(resize_and_crop(image, {.resize = 32, .crop = 32}), image.pixels);
}

TEST(ResizeAndCrop, KeepsAPlainColour) {
  const RgbImage image{
      .width = 301, .height = 77, .pixels = std::vector<std::uint8_t>(301 * 77 * 3, 255)};
  EXPECT_THAT(resize_and_crop(image, {.resize = 20, .crop = 19}), Each(255));
}

TEST(ResizeAndCrop, TakesAnImageOfOnePixelAndAStrip) {
  EXPECT_EQ(resize_and_crop(pattern(1, 1), {.resize = 3, .crop = 3}).size(), 27u);
  EXPECT_EQ(resize_and_crop(pattern(1, 3000), {.resize = 9, .crop = 7}).size(), 147u);
}

}  // namespace
}  // namespace crossloop::data
