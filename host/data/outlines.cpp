#include "host/data/outlines.hpp"

#include <algorithm>
#include <cmath>

namespace crossloop::data {
namespace {

constexpr float kTexturePeriod = 0.62F;

float length(Point p) { return std::sqrt(p.x * p.x + p.y * p.y); }

float box(Point p, float half_width, float half_height) {
  return std::max(std::fabs(p.x) - half_width, std::fabs(p.y) - half_height);
}

/// Equilateral, its corners at distance 1.04: the largest of the distances from its three sides.
float triangle(Point p) {
  constexpr float kHalfSqrt3 = 0.8660254F;
  const float sides = kHalfSqrt3 * std::fabs(p.x) + 0.5F * p.y;
  return std::max(sides, -p.y) - 0.52F;
}

/// Five points. The plane is folded onto one tenth of the star, whose edge is a line segment.
float star(Point p) {
  constexpr float kCos36 = 0.809017F, kSin36 = 0.5877853F;
  constexpr float kOuter = 1.05F, kInner = 0.45F;
  p.x = std::fabs(p.x);
  float fold = std::max(kCos36 * p.x - kSin36 * p.y, 0.0F) * 2.0F;
  p = {p.x - fold * kCos36, p.y + fold * kSin36};
  fold = std::max(-kCos36 * p.x - kSin36 * p.y, 0.0F) * 2.0F;
  p = {std::fabs(p.x + fold * kCos36), p.y + fold * kSin36};
  // From the tip (0, outer) to the notch at 36 degrees from it.
  const Point edge = {kInner * kSin36, kInner * kCos36 - kOuter};
  const Point from_tip = {p.x, p.y - kOuter};
  return (-edge.y * from_tip.x + edge.x * from_tip.y) / length(edge);
}

/// A wave of period kTexturePeriod as a signed distance: negative in one half, positive in the
/// other.
float wave(float t) {
  const float phase = t / kTexturePeriod;
  return (0.25F - std::fabs(phase - std::floor(phase) - 0.5F)) * kTexturePeriod;
}

float soft_step(float distance, float sharpness) {
  return std::clamp(0.5F + distance * sharpness, 0.0F, 1.0F);
}

}  // namespace

float signed_distance(Shape shape, Point p) {
  switch (shape) {
    case Shape::kDisc:
    case Shape::kStripes:
    case Shape::kChecker:
      return length(p) - 0.9F;
    case Shape::kSquare:
      return box(p, 0.78F, 0.78F);
    case Shape::kTriangle:
      return triangle(p);
    case Shape::kCross:
      return std::min(box(p, 0.95F, 0.3F), box(p, 0.3F, 0.95F));
    case Shape::kStar:
      return star(p);
    case Shape::kRing:
      return std::fabs(length(p) - 0.72F) - 0.2F;
    case Shape::kFrame:
      return std::max(box(p, 0.82F, 0.82F), -box(p, 0.46F, 0.46F));
    case Shape::kCrescent:
      return std::max(length(p) - 0.95F, 0.72F - length({p.x - 0.5F, p.y}));
  }
  return 0.0F;
}

float texture(Shape shape, Point p, float sharpness) {
  if (shape == Shape::kStripes) return soft_step(wave(p.x), sharpness);
  if (shape != Shape::kChecker) return 0.0F;
  const float across = soft_step(wave(p.x), sharpness);
  const float along = soft_step(wave(p.y), sharpness);
  return across * along + (1.0F - across) * (1.0F - along);
}

}  // namespace crossloop::data
