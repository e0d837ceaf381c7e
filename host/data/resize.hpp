// Resizing and cropping as torchvision does it on images of Pillow, bit for bit.
#pragma once

#include <cstdint>
#include <vector>

#include "host/data/dataset.hpp"

namespace crossloop::data {

/// Red, green and blue bytes, row by row.
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// The crop * crop * 3 bytes that torchvision.transforms.Resize(resize) and CenterCrop(crop) leave
/// of a PIL image: the shorter side becomes `resize` and the longer one is rounded down; a triangle
/// filter, widened by the reduction (so that it smooths), first along rows and then along columns,
/// each in 22-bit fixed point with rounding to bytes. Only the pixels of the crop are computed.
/// Expects a non-empty image and 1 <= crop <= resize.
std::vector<std::uint8_t> resize_and_crop(const RgbImage& image, const Framing& framing);

}  // namespace crossloop::data
