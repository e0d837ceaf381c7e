// The ten outlines of the shapes data set, as signed distances.
#pragma once

#include <array>

namespace crossloop::data {

/// The classes of make_shapes(), in the order of their labels. The last two are textures, on a
/// disc or a square.
enum class Shape {
  kDisc,
  kSquare,
  kTriangle,
  kCross,
  kStar,
  kRing,
  kFrame,
  kCrescent,
  kStripes,
  kChecker,
};
constexpr int kShapes = 10;

constexpr std::array<const char*, kShapes> kShapeNames = {
    "disc", "square", "triangle", "cross",   "star",
    "ring", "frame",  "crescent", "stripes", "checker"};

struct Point {
  float x = 0.0F;
  float y = 0.0F;
};

/// Distance from `p` to the outline of a shape of radius 1 about the origin, negative inside. Exact
/// near straight and round edges, too small near corners. The textures have the outline of the
/// disc.
float signed_distance(Shape shape, Point p);

/// How much of the second colour a texture shows at `p`: 0 or 1, with a slope over 1 / `sharpness`
/// (sharpness: pixels per unit). 0 for shapes without a texture.
float texture(Shape shape, Point p, float sharpness);

}  // namespace crossloop::data
