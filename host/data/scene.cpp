#include "host/data/scene.hpp"

#include <algorithm>
#include <cmath>

namespace crossloop::data {
namespace {

// How hard the set is. docs/data.md has the accuracies that go with these values.
constexpr float kLeastRadius = 6.0F, kMostRadius = 11.0F;  // pixels
constexpr float kMostOffCentre = 5.0F;                     // pixels
constexpr float kMostShear = 0.25F;
constexpr float kLeastAspect = 0.85F, kMostAspect = 1.18F;
constexpr float kLeastContrast = 60.0F;  // distance of two colours that must differ, of 442
constexpr int kMostDistractors = 3;
constexpr float kLeastDistractor = 2.0F, kMostDistractor = 4.0F;  // radius, pixels
constexpr int kMostStrokes = 3;
constexpr float kOccluded = 0.5F;    // share of the images with something in front
constexpr float kMostDepth = 0.35F;  // of the light
constexpr float kLeastNoise = 4.0F, kMostNoise = 20.0F;  // of 255, standard deviation

constexpr std::uint32_t kScenePurpose = 1, kNoisePurpose = 2;

Colour any_colour(RandomDraws& draws) {
  Colour colour;
  for (float& channel : colour) channel = draws.between(20.0F, 235.0F);
  return colour;
}

float contrast(const Colour& a, const Colour& b) {
  float square = 0.0F;
  for (std::size_t c = 0; c < a.size(); ++c) square += (a[c] - b[c]) * (a[c] - b[c]);
  return std::sqrt(square);
}

/// A colour well apart from both.
Colour colour_against(const Colour& a, const Colour& b, RandomDraws& draws) {
  for (;;) {
    const Colour colour = any_colour(draws);
    if (std::min(contrast(colour, a), contrast(colour, b)) >= kLeastContrast) return colour;
  }
}

Point point_within(float margin, RandomDraws& draws) {
  const float x = draws.between(margin, kSceneSide - 1 - margin);
  return {x, draws.between(margin, kSceneSide - 1 - margin)};
}

Placement pose(Shape shape, Point centre, float radius, RandomDraws& draws) {
  Placement placement;
  placement.shape = shape;
  placement.outline = shape;
  if (shape == Shape::kStripes || shape == Shape::kChecker) {
    placement.outline = draws.chance(0.5F) ? Shape::kDisc : Shape::kSquare;
  }
  placement.centre = centre;
  placement.radius = radius;
  placement.direction = draws.direction();
  placement.shear = draws.between(-kMostShear, kMostShear);
  placement.aspect = draws.between(kLeastAspect, kMostAspect);
  return placement;
}

/// Small shapes of any class and strokes, anywhere.
void paint_clutter(Canvas& canvas, RandomDraws& draws) {
  for (int left = draws.below(kMostStrokes + 1); left > 0; --left) {
    Stroke stroke;
    stroke.from = point_within(-4.0F, draws);
    stroke.to = point_within(-4.0F, draws);
    stroke.half_width = draws.between(0.4F, 1.3F);
    stroke.colour = any_colour(draws);
    canvas.paint(stroke);
  }
  for (int left = draws.below(kMostDistractors + 1); left > 0; --left) {
    const auto shape = static_cast<Shape>(draws.below(kShapes));
    const Point centre = point_within(0.0F, draws);
    Placement small = pose(shape, centre, draws.between(kLeastDistractor, kMostDistractor), draws);
    small.colour = any_colour(draws);
    small.second_colour = any_colour(draws);
    canvas.paint(small);
  }
}

/// A stroke or a disc that reaches into `subject` from one side.
void paint_occluder(const Placement& subject, Canvas& canvas, RandomDraws& draws) {
  const auto [x, y] = draws.direction();
  const float away = subject.radius * draws.between(0.5F, 1.2F);
  const Point near = {subject.centre.x + x * away, subject.centre.y + y * away};
  if (draws.chance(0.5F)) {
    Stroke bar;
    bar.from = {near.x - y * 24.0F, near.y + x * 24.0F};
    bar.to = {near.x + y * 24.0F, near.y - x * 24.0F};
    bar.half_width = draws.between(0.8F, 2.2F);
    bar.colour = any_colour(draws);
    canvas.paint(bar);
  } else {
    Placement blob = pose(Shape::kDisc, near, subject.radius * draws.between(0.3F, 0.6F), draws);
    blob.colour = any_colour(draws);
    canvas.paint(blob);
  }
}

}  // namespace

void draw_scene(Shape shape, std::uint64_t seed, std::uint64_t index,
                std::span<std::uint8_t> image) {
  RandomDraws draws(seed, kScenePurpose, index);
  Canvas canvas;
  const Colour near = any_colour(draws);
  Colour far;
  for (std::size_t c = 0; c < far.size(); ++c) {
    far[c] = std::clamp(near[c] + draws.between(-70.0F, 70.0F), 0.0F, 255.0F);
  }
  canvas.paint_gradient(near, far, draws.direction());
  paint_clutter(canvas, draws);

  const float middle = 0.5F * (kSceneSide - 1);
  const Point centre = {middle + draws.between(-kMostOffCentre, kMostOffCentre),
                        middle + draws.between(-kMostOffCentre, kMostOffCentre)};
  Placement subject = pose(shape, centre, draws.between(kLeastRadius, kMostRadius), draws);
  subject.colour = colour_against(near, far, draws);
  subject.second_colour = colour_against(subject.colour, subject.colour, draws);
  canvas.paint(subject);

  if (draws.chance(kOccluded)) paint_occluder(subject, canvas, draws);
  const float depth = draws.between(0.0F, kMostDepth);
  canvas.illuminate(depth, draws.direction());
  RandomDraws noise(seed, kNoisePurpose, index);
  canvas.write(draws.between(kLeastNoise, kMostNoise), noise, image);
}

}  // namespace crossloop::data
