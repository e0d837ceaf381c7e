// One image of the shapes data set: what is drawn, and drawing it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "host/data/outlines.hpp"
#include "host/data/random_draws.hpp"

namespace crossloop::data {

constexpr int kSceneSide = 32;     ///< pixels
constexpr int kSceneChannels = 3;  ///< red, green, blue

using Colour = std::array<float, kSceneChannels>;  ///< 0..255

/// A shape in the image. Lengths are pixels; y grows downwards.
struct Placement {
  Shape shape = Shape::kDisc;    ///< decides the texture
  Shape outline = Shape::kDisc;  ///< the shape itself, except for the textures
  Point centre;
  float radius = 1.0F;
  std::array<float, 2> direction = {1.0F, 0.0F};  ///< cosine and sine of the rotation
  float shear = 0.0F;
  float aspect = 1.0F;  ///< the shape is so many times as wide as it is high
  Colour colour{};
  Colour second_colour{};  ///< of a texture
};

/// A straight stroke with round ends.
struct Stroke {
  Point from;
  Point to;
  float half_width = 1.0F;
  Colour colour{};
};

/// An RGB image of floats that shapes and strokes are painted over, edges smoothed over one pixel.
class Canvas {
 public:
  Canvas() : pixels_(std::size_t{kSceneSide} * kSceneSide) {}

  void paint(const Placement& placement);
  void paint(const Stroke& stroke);
  /// A colour that changes linearly from `from` to `to` along `direction`, over everything.
  void paint_gradient(const Colour& from, const Colour& to, const std::array<float, 2>& direction);
  /// Multiplies by 1 - depth at one side to 1 + depth at the other.
  void illuminate(float depth, const std::array<float, 2>& direction);
  /// Adds noise of standard deviation `sigma` and writes the image, NHWC, rounded to 0..255.
  void write(float sigma, RandomDraws& noise, std::span<std::uint8_t> image) const;

 private:
  std::vector<Colour> pixels_;
};

/// Paints a random scene of class `shape`: clutter, the shape, what covers it, light and noise.
/// `image` has kSceneSide^2 * kSceneChannels bytes.
void draw_scene(Shape shape, std::uint64_t seed, std::uint64_t index,
                std::span<std::uint8_t> image);

}  // namespace crossloop::data
