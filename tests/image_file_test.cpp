#include "host/data/image_file.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "tests/data_folder.hpp"
#include "tests/image_bytes.hpp"

namespace crossloop::data {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;

RgbImage decode(const Bytes& bytes) { return decode_image(bytes, "photo.jpg"); }

std::string why_not(const Bytes& bytes) {
  return refusal([&] { decode(bytes); });
}

/// How far any pixel of `image` is from `colour`.
std::vector<int> distances(const RgbImage& image, const std::vector<int>& colour) {
  std::vector<int> distance;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    distance.push_back(std::abs(image.pixels[i] - colour[i % 3]));
  }
  return distance;
}

Bytes random_pixels(int count) {
  std::mt19937 rng(5);
  Bytes pixels;
  for (int i = 0; i < count; ++i) pixels.push_back(static_cast<std::uint8_t>(rng()));
  return pixels;
}

TEST(ImageFile, IsKnownByItsName) {
  for (const char* name : {"a.jpg", "n01440764_10026.JPEG", "x.y.Png"}) {
    EXPECT_TRUE(has_image_name(name)) << name;
  }
  for (const char* name : {"a.txt", "jpg", ".jpg", "a.jpg.txt", ""}) {
    EXPECT_FALSE(has_image_name(name)) << name;
  }
}

TEST(ImageFile, ReadsAJpeg) {
  const RgbImage image = decode(jpeg_of(20, 10, plain(200, {200, 30, 90})));
  EXPECT_EQ(image.width, 20);
  EXPECT_EQ(image.height, 10);
  EXPECT_EQ(image.pixels.size(), 600u);
  EXPECT_THAT(distances(image, {200, 30, 90}), Each(Le(2)));
}

TEST(ImageFile, RepeatsTheGreyOfAJpeg) {
  const RgbImage image = decode(jpeg_of(8, 8, plain(64, {77}), TJPF_GRAY));
  EXPECT_THAT(distances(image, {77, 77, 77}), Each(Le(1)));
}

TEST(ImageFile, MultipliesTheInvertedInksOfCmykByBlack) {
  const RgbImage image = decode(jpeg_of(8, 8, plain(64, {55, 225, 165, 215}), TJPF_CMYK));
  EXPECT_EQ(image.pixels.size(), 192u);
  EXPECT_THAT(distances(image, {46, 190, 139}), Each(Le(2)));  // as Pillow 9.4 converts it
}

TEST(ImageFile, ReadsAPngToTheLastBit) {
  const Bytes pixels = random_pixels(3 * 5 * 3);
  const RgbImage image = decode(png_of(3, 5, pixels));
  EXPECT_EQ(image.width, 3);
  EXPECT_EQ(image.height, 5);
  EXPECT_EQ(image.pixels, pixels);
}

TEST(ImageFile, RepeatsTheGreyOfAPng) {
  EXPECT_THAT(decode(png_of(2, 1, {9, 250}, PNG_FORMAT_GRAY)).pixels,
              ElementsAre(9, 9, 9, 250, 250, 250));
}

TEST(ImageFile, TakesTheColoursOfAPngAsTheyAreStored) {
  const Bytes pixels = random_pixels(3 * 5 * 3);
  Bytes bytes = png_of(3, 5, pixels);
  // Behind the signature and the header, which take 8 + 25 bytes: gamma 1.
  const Bytes gamma = {0, 0, 0, 4, 'g', 'A', 'M', 'A', 0, 1, 0x86, 0xA0, 0x31, 0xE8, 0x96, 0x5F};
  bytes.insert(bytes.begin() + 33, gamma.begin(), gamma.end());
  EXPECT_EQ(decode(bytes).pixels, pixels);
}

TEST(ImageFile, DropsTheTransparencyOfAPng) {
  EXPECT_THAT(decode(png_of(2, 1, {10, 20, 30, 1, 40, 50, 60, 255}, PNG_FORMAT_RGBA)).pixels,
              ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST(ImageFile, RefusesWhatIsNoImageByName) {
  EXPECT_THAT(why_not({'G', 'I', 'F', '8'}),
              AllOf(HasSubstr("photo.jpg"), HasSubstr("neither JPEG nor PNG")));
  EXPECT_NE(why_not({}), "");
}

TEST(ImageFile, RefusesAFileThatIsCutShort) {
  const Bytes pixels = random_pixels(40 * 40 * 3);
  for (Bytes bytes : {jpeg_of(40, 40, pixels), png_of(40, 40, pixels)}) {
    for (const double share : {0.01, 0.1, 0.5, 0.9}) {
      const auto kept = static_cast<std::ptrdiff_t>(share * static_cast<double>(bytes.size()));
      EXPECT_THAT(why_not({bytes.begin(), bytes.begin() + kept}), HasSubstr("photo.jpg: "))
          << share;
    }
  }
}

TEST(ImageFile, PassesOverStrayBytesBeforeAMarkerOfAJpeg) {
  Bytes bytes = jpeg_of(8, 8, plain(64, {100, 100, 100}));
  bytes.insert(bytes.end() - 2, 5, 0x12);
  EXPECT_THAT(distances(decode(bytes), {100, 100, 100}), Each(Le(1)));
}

TEST(ImageFile, RefusesAnImpossibleSizeBeforeItReservesMemory) {
  Bytes bytes = png_of(1, 1, {1, 2, 3});
  for (std::size_t i = 17; i < 24; ++i) bytes[i] = 0xFF;  // width and height; the checksum is off
  EXPECT_THAT(why_not(bytes), HasSubstr("photo.jpg: "));
  Bytes jpeg = jpeg_of(8, 8, plain(64, {1, 2, 3}));
  const Bytes marker = {0xFF, 0xC0};
  const auto frame = std::search(jpeg.begin(), jpeg.end(), marker.begin(), marker.end());
  std::fill(frame + 5, frame + 9, 0x7F);
  EXPECT_THAT(why_not(jpeg), HasSubstr("an image of 32639x32639, expected 1 to 134217728 pixels"));
}

TEST(ImageFile, SurvivesFlippedBytes) {
  const Bytes pixels = random_pixels(24 * 24 * 3);
  std::mt19937 rng(1);
  for (const Bytes& whole : {jpeg_of(24, 24, pixels), png_of(24, 24, pixels)}) {
    for (int i = 0; i < 200; ++i) {
      Bytes damaged = whole;
      // Half of them in the headers, where most decisions are made.
      damaged[rng() % (i % 2 == 0 ? damaged.size() : 200)] ^=
          static_cast<std::uint8_t>(1 + rng() % 255);
      const std::string why = why_not(damaged);
      EXPECT_TRUE(why.empty() || why.starts_with("photo.jpg: ")) << why;
    }
  }
}

}  // namespace
}  // namespace crossloop::data
