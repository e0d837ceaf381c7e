#include "host/data/shapes.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "host/data/outlines.hpp"
#include "host/data/random_draws.hpp"
#include "host/data/scene.hpp"
#include "host/error.hpp"

namespace crossloop::data {
namespace {

using ::testing::Each;

std::uint64_t fnv1a(std::span<const std::uint8_t> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hash;
}

TEST(MakeShapes, DrawsTheImagesOnRecord) {
  const Dataset images = make_shapes(1, 200);
  const std::vector<std::uint8_t> labels(images.labels.begin(), images.labels.end());
  EXPECT_EQ(fnv1a(labels), 9182975261277290233ULL);
  EXPECT_EQ(fnv1a(images.pixels), 10354752116675897302ULL);
}

TEST(MakeShapes, DescribesItsImages) {
  const Dataset images = make_shapes(1, 7);
  EXPECT_EQ(images.name, "shapes");
  EXPECT_EQ(images.count, 7);
  EXPECT_EQ(images.image_size(), 32u * 32u * 3u);
  EXPECT_EQ(images.classes, 10);
  EXPECT_EQ(images.pixels.size(), 7u * images.image_size());
  EXPECT_EQ(images.labels.size(), 7u);
}

TEST(MakeShapes, BeginsALongerSetWithTheShorterOne) {
  const Dataset longer = make_shapes(5, 101);
  const Dataset shorter = make_shapes(5, 33);
  EXPECT_EQ(longer.slice(0, 33).labels, shorter.labels);
  EXPECT_EQ(longer.slice(0, 33).pixels, shorter.pixels);
}

TEST(MakeShapes, HoldsEveryClassOnceInEveryTenInAnOrderThatChanges) {
  const Dataset images = make_shapes(5, 1000);
  int same_order = 0;
  for (std::size_t first = 0; first < 1000; first += 10) {
    std::array<int, 10> seen{};
    for (std::size_t i = first; i < first + 10; ++i) ++seen[images.labels[i]];
    EXPECT_THAT(seen, Each(1)) << first;
    same_order += std::equal(images.labels.begin(), images.labels.begin() + 10,
                             images.labels.begin() + static_cast<std::ptrdiff_t>(first));
  }
  EXPECT_EQ(same_order, 1);
}

TEST(MakeShapes, DrawsOtherImagesForAnotherSeedHoweverHigh) {
  const Dataset one = make_shapes(1, 10);
  for (const std::uint64_t seed : {std::uint64_t{2}, std::uint64_t{1} | std::uint64_t{1} << 32}) {
    const Dataset other = make_shapes(seed, 10);
    for (int i = 0; i < 10; ++i) {
      EXPECT_FALSE(std::ranges::equal(one.image(i), other.image(i))) << seed << " " << i;
    }
  }
}

TEST(MakeShapes, RefusesCountsOutOfRange) {
  EXPECT_EQ(make_shapes(1, 0).count, 0);
  EXPECT_THROW(make_shapes(1, -1), InputError);
  EXPECT_THROW(make_shapes(1, 500'001), InputError);
}

/// Share of `test` nearest to the mean image of its own class in `train`.
double nearest_mean_accuracy(const Dataset& train, const Dataset& test) {
  const std::size_t size = train.image_size();
  std::vector<double> means(10 * size);
  for (int i = 0; i < train.count; ++i) {
    const auto image = train.image(i);
    double* mean = &means[train.labels[static_cast<std::size_t>(i)] * size];
    for (std::size_t p = 0; p < size; ++p) mean[p] += 10.0 * image[p] / train.count;
  }
  int right = 0;
  for (int i = 0; i < test.count; ++i) {
    std::array<double, 10> distance{};
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t p = 0; p < size; ++p) {
        const double d = test.image(i)[p] - means[c * size + p];
        distance[c] += d * d;
      }
    }
    const auto nearest = std::min_element(distance.begin(), distance.end()) - distance.begin();
    right += nearest == test.labels[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(right) / test.count;
}

TEST(MakeShapes, HidesTheClassFromTheMeanImage) {
  EXPECT_LT(nearest_mean_accuracy(make_shapes(1, 1000), make_shapes(2, 300)), 0.3);
}

TEST(MakeShapes, UsesTheWholeRangeOfBrightness) {
  const ChannelStatistics statistics = channel_statistics(make_shapes(1, 300));
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(statistics.mean[c], 0.5F, 0.04F);
    EXPECT_NEAR(statistics.std[c], 0.25F, 0.04F);
  }
}

/// Distance from the origin at which a ray along (x, y) leaves the shape for good.
float reach(Shape shape, float x, float y) {
  float r = 2.0F;
  while (r > 0.0F && signed_distance(shape, {x * r, y * r}) > 0.0F) r -= 0.001F;
  return r;
}

TEST(SignedDistance, IsNegativeInsideAndPositiveInHolesAndOutside) {
  for (int s = 0; s < kShapes; ++s) {
    const auto shape = static_cast<Shape>(s);
    const char* name = kShapeNames[static_cast<std::size_t>(s)];
    const bool hollow =
        shape == Shape::kRing || shape == Shape::kFrame || shape == Shape::kCrescent;
    EXPECT_EQ(signed_distance(shape, {0.0F, 0.0F}) > 0.0F, hollow) << name;
    EXPECT_LT(signed_distance(shape, {hollow ? -0.65F : -0.1F, 0.0F}), 0.0F) << name;
    for (const Point far : {Point{1.5F, 0.0F}, Point{-1.5F, 0.1F}, Point{0.2F, 1.5F}}) {
      EXPECT_GT(signed_distance(shape, far), 0.2F) << name;
    }
  }
}

TEST(SignedDistance, HasTheCornersOfTheShape) {
  EXPECT_NEAR(reach(Shape::kDisc, 0.6F, 0.8F), 0.9F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kSquare, 0.7071068F, 0.7071068F), 0.78F * 1.4142136F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kTriangle, 0.0F, 1.0F), 1.04F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kTriangle, 0.0F, -1.0F), 0.52F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kTriangle, 0.8660254F, -0.5F), 1.04F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kCross, 0.7071068F, 0.7071068F), 0.3F * 1.4142136F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kCrescent, -1.0F, 0.0F), 0.95F, 2e-3F);
  EXPECT_NEAR(reach(Shape::kCrescent, 1.0F, 0.0F), 0.0F, 2e-3F);
}

TEST(SignedDistance, GivesTheStarFivePointsAndFiveNotches) {
  for (int point = 0; point < 5; ++point) {
    const float tip = 1.2566371F * static_cast<float>(point);
    EXPECT_NEAR(reach(Shape::kStar, std::sin(tip), std::cos(tip)), 1.05F, 5e-3F) << point;
    const float notch = tip + 0.62831853F;
    EXPECT_NEAR(reach(Shape::kStar, std::sin(notch), std::cos(notch)), 0.45F, 5e-3F) << point;
  }
}

TEST(Texture, CoversHalfOfThePlaneAndOnlyOfTextures) {
  for (const Shape shape : {Shape::kStripes, Shape::kChecker, Shape::kDisc}) {
    double sum = 0.0;
    for (int i = 0; i < 10'000; ++i) {
      const Point p = {static_cast<float>(i % 100) * 0.0124F,
                       static_cast<float>(i / 100) * 0.0124F};
      sum += texture(shape, p, 8.0F);
    }
    EXPECT_NEAR(sum / 10'000, shape == Shape::kDisc ? 0.0 : 0.5, 0.01);
  }
}

TEST(Texture, OfTheCheckerChangesAlongBothAxesOfTheStripesAlongOne) {
  const Point here = {0.1F, 0.1F}, across = {0.41F, 0.1F}, along = {0.1F, 0.41F};
  const auto changes = [&](Shape shape, Point to) {
    return std::fabs(texture(shape, here, 100.0F) - texture(shape, to, 100.0F));
  };
  EXPECT_EQ(changes(Shape::kStripes, across), 1.0F);
  EXPECT_EQ(changes(Shape::kStripes, along), 0.0F);
  EXPECT_EQ(changes(Shape::kChecker, across), 1.0F);
  EXPECT_EQ(changes(Shape::kChecker, along), 1.0F);
}

TEST(Canvas, PaintsAShapeWhereItIsPlaced) {
  Canvas canvas;
  Placement frame;
  frame.shape = frame.outline = Shape::kFrame;
  frame.centre = {20.0F, 10.0F};
  frame.radius = 8.0F;
  frame.colour = {200.0F, 100.0F, 50.0F};
  canvas.paint(frame);
  std::vector<std::uint8_t> image(3072);
  RandomDraws noise(1, 0, 0);
  canvas.write(0.0F, noise, image);
  const auto red = [&](int column, int row) {
    return image[static_cast<std::size_t>((row * 32 + column) * 3)];
  };
  EXPECT_EQ(red(20, 10), 0);  // the hole
  EXPECT_EQ(red(25, 10), 200);
  EXPECT_EQ(red(20, 15), 200);
  EXPECT_EQ(red(28, 10), 0);
  EXPECT_EQ(image[(10 * 32 + 25) * 3 + 2], 50);
}

TEST(Canvas, AddsNoiseOfTheDeviationAskedFor) {
  Canvas canvas;
  canvas.paint_gradient({128, 128, 128}, {128, 128, 128}, {1.0F, 0.0F});
  std::vector<std::uint8_t> image(3072);
  RandomDraws noise(1, 0, 0);
  canvas.write(10.0F, noise, image);
  double sum = 0.0, square = 0.0;
  for (const std::uint8_t value : image) {
    sum += value - 128.0;
    square += (value - 128.0) * (value - 128.0);
  }
  EXPECT_NEAR(sum / 3072, 0.0, 0.6);
  EXPECT_NEAR(std::sqrt(square / 3072), 10.0, 0.5);
}

TEST(RandomDraws, HasAStreamOfItsOwnForEverySeedPurposeAndItem) {
  std::vector<std::uint32_t> first;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
    for (const std::uint32_t purpose : {0U, 1U}) {
      for (const std::uint64_t item :
           {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
        RandomDraws draws(seed, purpose, item);
        for (int i = 0; i < 8; ++i) first.push_back(draws.word());
      }
    }
  }
  std::ranges::sort(first);
  EXPECT_EQ(std::ranges::adjacent_find(first), first.end());
}

TEST(RandomDraws, StayInTheirRanges) {
  RandomDraws draws(7, 0, 0);
  std::array<int, 3> seen{};
  for (int i = 0; i < 3000; ++i) {
    ++seen[static_cast<std::size_t>(draws.below(3))];
    const float value = draws.between(-2.0F, 5.0F);
    EXPECT_GE(value, -2.0F);
    EXPECT_LE(value, 5.0F);
    const auto [x, y] = draws.direction();
    EXPECT_NEAR(x * x + y * y, 1.0F, 1e-6F);
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace crossloop::data
