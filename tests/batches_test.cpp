#include "pruning/batches.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "tests/tiny_training.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// The NHWC batch as a copy.
std::vector<float> filled(BatchSource& source, const std::vector<int>& indices, int epoch) {
  source.fill(indices, epoch);
  return {source.pixels().begin(), source.pixels().end()};
}

/// A network without normalisation and one image whose pixel (y, x) is 16 y + x in all channels.
struct Ramp {
  network::Network net = tests::tiny_network();
  data::Dataset images{"ramp", 1, 8, 8, 3, 4, {}, {2}};
  Ramp() {
    net.normalisation = {};
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        images.pixels.insert(images.pixels.end(), 3, static_cast<std::uint8_t>(16 * y + x));
      }
    }
  }
};

/// Row and column of the source pixel at (y, x) of a batch of the ramp.
std::pair<int, int> source_of(const std::vector<float>& batch, int y, int x) {
  const int byte =
      static_cast<int>(std::lround(batch[static_cast<std::size_t>((y * 8 + x) * 3)] * 255.0F));
  return {byte / 16, byte % 16};
}

TEST(Shuffled, IsAPermutationGivenBySeedAndEpoch) {
  const std::vector<int> order = shuffled(1000, 3, 0);
  EXPECT_EQ(order, shuffled(1000, 3, 0));
  EXPECT_NE(order, shuffled(1000, 3, 1));
  EXPECT_NE(order, shuffled(1000, 4, 0));
  std::vector<int> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(sorted[static_cast<std::size_t>(i)], i);
}

TEST(BatchSource, NormalisesAsTheExecutorDoes) {
  const network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(6);
  BatchSource source(net, images, {});
  const std::vector<float> nhwc = filled(source, {2, 3}, 0);
  EXPECT_THAT(source.labels(), ElementsAreArray({images.labels[2], images.labels[3]}));
  const std::vector<float> nchw = network::normalise(net, images, 2, 2);
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t p = 0; p < 64; ++p) {
      for (std::size_t c = 0; c < 3; ++c) {
        ASSERT_NEAR(nhwc[(n * 64 + p) * 3 + c], nchw[(n * 3 + c) * 64 + p], 1e-6);
      }
    }
  }
}

TEST(BatchSource, CropsInsideFourReflectedPixels) {
  const Ramp ramp;
  BatchSource source(ramp.net, ramp.images, {.crop = true});
  int smallest = 0, largest = 0;
  for (int epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> batch = filled(source, {0}, epoch);
    const int down = source_of(batch, 4, 4).first - 4, right = source_of(batch, 4, 4).second - 4;
    // Position 4 moved by 4 lies outside at 8, where the reflection shows 6.
    smallest = std::min({smallest, down, right});
    largest = std::max({largest, down, right});
    for (int y = 0; y < 8; ++y) {
      const int row = source_of(batch, y, 0).first;
      const int next = source_of(batch, std::min(y + 1, 7), 0).first;
      ASSERT_LE(std::abs(row - next), 1) << "rows are neighbours, also over the reflected edge";
    }
  }
  EXPECT_EQ(smallest, -4);
  EXPECT_EQ(largest, 3);
}

TEST(BatchSource, FlipsAboutHalfOfTheImages) {
  const Ramp ramp;
  BatchSource source(ramp.net, ramp.images, {.flip = true});
  int flipped = 0;
  for (int epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> batch = filled(source, {0}, epoch);
    const bool mirrored = source_of(batch, 0, 0).second == 7;
    flipped += mirrored ? 1 : 0;
    ASSERT_EQ(source_of(batch, 5, 2), std::pair(5, mirrored ? 5 : 2));
  }
  EXPECT_GT(flipped, 70);
  EXPECT_LT(flipped, 130);
}

TEST(BatchSource, CutsOneSquareOutOfEachImage) {
  Ramp ramp;
  std::fill(ramp.images.pixels.begin(), ramp.images.pixels.end(), std::uint8_t{255});
  BatchSource source(ramp.net, ramp.images, {.cutout = 4});
  std::size_t whole = 0, fewest = 64;
  for (int epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> batch = filled(source, {0}, epoch);
    int top = 8, bottom = -1, left = 8, right = -1;
    std::size_t blanks = 0;
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        if (batch[static_cast<std::size_t>((y * 8 + x) * 3)] != 0.0F) continue;
        top = std::min(top, y), bottom = std::max(bottom, y);
        left = std::min(left, x), right = std::max(right, x);
        ++blanks;
      }
    }
    const int area = (bottom - top + 1) * (right - left + 1);
    ASSERT_EQ(blanks, static_cast<std::size_t>(area)) << "not a rectangle in epoch " << epoch;
    ASSERT_LE(std::max(bottom - top, right - left), 3);
    whole += blanks == 16;
    fewest = std::min(fewest, blanks);
  }
  // The centre is uniform over 8x8: 25 of 64 squares lie inside, the smallest piece is 2x2.
  EXPECT_NEAR(static_cast<double>(whole), 200 * 25.0 / 64, 25);
  EXPECT_EQ(fewest, 4u);
}

TEST(BatchSource, AugmentsAnImageTheSameInAnyBatch) {
  const network::Network net = tests::tiny_network();
  const data::Dataset images = tests::tiny_images(6);
  BatchSource source(net, images, {.crop = true, .flip = true, .seed = 9});
  const std::vector<float> together = filled(source, {1, 5}, 3);
  const std::vector<float> alone = filled(source, {5}, 3);
  EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + 192));
  EXPECT_NE(alone, filled(source, {5}, 4));
}

TEST(CheckImagesFit, NamesWhatDoesNotFit) {
  const network::Network net = tests::tiny_network();
  const data::Dataset good = tests::tiny_images(3);
  EXPECT_NO_THROW(check_images_fit(net, good));
  const auto expect_refused = [&](auto change, const char* message) {
    data::Dataset images = good;
    change(images);
    EXPECT_THAT([&] { check_images_fit(net, images); },
                ThrowsMessage<InputError>(HasSubstr(message)));
  };
  expect_refused([](auto& i) { i.height = 4, i.width = 16; }, "3x4x16, network tiny takes 3x8x8");
  expect_refused([](auto& i) { i.classes = 10; }, "10 classes, network tiny has 4 outputs");
  expect_refused([](auto& i) { i.labels[1] = 4; }, "label 4 of image 1, expected 0 to 3");
  expect_refused([](auto& i) { i.pixels.pop_back(); }, "575 bytes");
  expect_refused([](auto& i) { i.labels.pop_back(); }, "2 labels");
  expect_refused([](auto& i) { i.count = 0, i.labels.clear(), i.pixels.clear(); }, "0 images");
}

}  // namespace
}  // namespace crossloop::pruning
