#include <algorithm>
#include <cmath>

#include "host/data/scene.hpp"

namespace crossloop::data {
namespace {

constexpr float kMiddle = 0.5F * (kSceneSide - 1);

Colour mix(const Colour& a, const Colour& b, float share_of_b) {
  Colour mixed;
  for (std::size_t c = 0; c < mixed.size(); ++c) mixed[c] = a[c] + (b[c] - a[c]) * share_of_b;
  return mixed;
}

float coverage(float distance) { return std::clamp(0.5F - distance, 0.0F, 1.0F); }

float distance_from(const Stroke& stroke, Point p) {
  const Point along = {stroke.to.x - stroke.from.x, stroke.to.y - stroke.from.y};
  const Point to_p = {p.x - stroke.from.x, p.y - stroke.from.y};
  const float square = std::max(along.x * along.x + along.y * along.y, 1e-6F);
  const float t = std::clamp((to_p.x * along.x + to_p.y * along.y) / square, 0.0F, 1.0F);
  const float dx = to_p.x - t * along.x;
  const float dy = to_p.y - t * along.y;
  return std::sqrt(dx * dx + dy * dy) - stroke.half_width;
}

/// `p` in the shape's own frame, where its radius is 1.
Point local(const Placement& placement, Point p) {
  const float dx = (p.x - placement.centre.x) / placement.radius;
  const float dy = (p.y - placement.centre.y) / placement.radius;
  const auto [cosine, sine] = placement.direction;
  const float x = cosine * dx + sine * dy;
  const float y = cosine * dy - sine * dx;
  return {x + placement.shear * y, y * placement.aspect};
}

template <class Function>
void for_each_pixel(std::vector<Colour>& pixels, Function function) {
  for (int row = 0; row < kSceneSide; ++row) {
    for (int column = 0; column < kSceneSide; ++column) {
      const auto index = static_cast<std::size_t>(row * kSceneSide + column);
      function(Point{static_cast<float>(column), static_cast<float>(row)}, pixels[index]);
    }
  }
}

/// -1 at one side of the image to 1 at the other, for a direction along an axis.
float position_along(const std::array<float, 2>& direction, Point p) {
  return ((p.x - kMiddle) * direction[0] + (p.y - kMiddle) * direction[1]) / kMiddle;
}

}  // namespace

void Canvas::paint(const Placement& placement) {
  for_each_pixel(pixels_, [&](Point p, Colour& pixel) {
    const Point q = local(placement, p);
    const float covered = coverage(signed_distance(placement.outline, q) * placement.radius);
    if (covered <= 0.0F) return;
    const float second = texture(placement.shape, q, placement.radius);
    pixel = mix(pixel, mix(placement.colour, placement.second_colour, second), covered);
  });
}

void Canvas::paint(const Stroke& stroke) {
  for_each_pixel(pixels_, [&](Point p, Colour& pixel) {
    pixel = mix(pixel, stroke.colour, coverage(distance_from(stroke, p)));
  });
}

void Canvas::paint_gradient(const Colour& from, const Colour& to,
                            const std::array<float, 2>& direction) {
  for_each_pixel(pixels_, [&](Point p, Colour& pixel) {
    pixel = mix(from, to, std::clamp(0.5F + 0.5F * position_along(direction, p), 0.0F, 1.0F));
  });
}

void Canvas::illuminate(float depth, const std::array<float, 2>& direction) {
  for_each_pixel(pixels_, [&](Point p, Colour& pixel) {
    const float light = 1.0F + depth * position_along(direction, p);
    for (float& channel : pixel) channel *= light;
  });
}

void Canvas::write(float sigma, RandomDraws& noise, std::span<std::uint8_t> image) const {
  // The sum of the four bytes of a word: mean 510, variance 4 (256^2 - 1) / 12.
  const float scale = sigma / 147.8009F;
  std::size_t next = 0;
  for (const Colour& pixel : pixels_) {
    for (const float channel : pixel) {
      const std::uint32_t word = noise.word();
      const auto sum = static_cast<int>((word & 255U) + ((word >> 8) & 255U) +
                                        ((word >> 16) & 255U) + (word >> 24));
      const float value = channel + static_cast<float>(sum - 510) * scale;
      image[next++] = static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F) + 0.5F);
    }
  }
}

}  // namespace crossloop::data
