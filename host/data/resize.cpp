#include "host/data/resize.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <utility>

namespace crossloop::data {
namespace {

constexpr int kChannels = 3;
constexpr int kPrecision = 22;  // bits of a weight after the point: 8-bit sums stay below 2^31
constexpr std::int32_t kHalf = 1 << (kPrecision - 1);

/// The input samples that make one output sample.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

/// The taps of outputs offset .. offset + count - 1 where `input` samples become `output`.
std::vector<Taps> triangle_taps(int input, int output, int offset, int count) {
  const double scale = static_cast<double>(input) / output;
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps;
  for (int i = offset; i < offset + count; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), input);
    std::vector<double> heights;
    double sum = 0.0;
    for (int x = first; x < end; ++x) {
      heights.push_back(std::max(1.0 - std::fabs((x - centre + 0.5) / support), 0.0));
      sum += heights.back();
    }
    taps.push_back({.first = first, .weights = {}});
    for (const double height : heights) {
      const double weight = height / sum * (1 << kPrecision);
      taps.back().weights.push_back(static_cast<std::int32_t>(weight + 0.5));
    }
  }
  return taps;
}

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecision, 0, 255));
}

/// Rows first .. end - 1 of `image`, each filtered to taps.size() pixels.
std::vector<std::uint8_t> filter_rows(const RgbImage& image, const std::vector<Taps>& taps,
                                      int first, int end) {
  std::vector<std::uint8_t> rows;
  rows.reserve(static_cast<std::size_t>(end - first) * taps.size() * kChannels);
  for (int y = first; y < end; ++y) {
    const std::uint8_t* row = image.pixels.data() + std::ptrdiff_t{y} * image.width * kChannels;
    for (const Taps& tap : taps) {
      const std::uint8_t* pixel = row + std::ptrdiff_t{tap.first} * kChannels;
      std::int32_t sums[kChannels] = {kHalf, kHalf, kHalf};
      for (const std::int32_t weight : tap.weights) {
        for (int c = 0; c < kChannels; ++c) sums[c] += weight * pixel[c];
        pixel += kChannels;
      }
      for (const std::int32_t sum : sums) rows.push_back(to_byte(sum));
    }
  }
  return rows;
}

/// Filters columns: `rows` holds rows of `stride` bytes, the first of them row `first_row`.
std::vector<std::uint8_t> filter_columns(const std::vector<std::uint8_t>& rows, std::size_t stride,
                                         int first_row, const std::vector<Taps>& taps) {
  std::vector<std::uint8_t> result;
  result.reserve(taps.size() * stride);
  std::vector<std::int32_t> sums(stride);
  for (const Taps& tap : taps) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const std::uint8_t* row =
        rows.data() + static_cast<std::size_t>(tap.first - first_row) * stride;
    for (const std::int32_t weight : tap.weights) {
      for (std::size_t i = 0; i < stride; ++i) sums[i] += weight * row[i];
      row += stride;
    }
    for (const std::int32_t sum : sums) result.push_back(to_byte(sum));
  }
  return result;
}

/// The size of `image` once its shorter side is `resize`.
std::pair<int, int> resized(const RgbImage& image, int resize) {
  const int shorter = std::min(image.width, image.height);
  const auto longer =
      static_cast<int>(std::int64_t{resize} * std::max(image.width, image.height) / shorter);
  return image.width <= image.height ? std::pair(resize, longer) : std::pair(longer, resize);
}

/// Where the crop starts; halves go to the even number, as Python rounds.
int margin(int size, int crop) { return static_cast<int>(std::nearbyint((size - crop) / 2.0)); }

}  // namespace

std::vector<std::uint8_t> resize_and_crop(const RgbImage& image, const Framing& framing) {
  assert(image.width > 0 && image.height > 0 && 1 <= framing.crop &&
         framing.crop <= framing.resize);
  const auto [width, height] = resized(image, framing.resize);
  const int crop = framing.crop;
  const auto columns = triangle_taps(image.width, width, margin(width, crop), crop);
  const auto rows = triangle_taps(image.height, height, margin(height, crop), crop);
  const int first = rows.front().first;
  const int end = rows.back().first + static_cast<int>(rows.back().weights.size());
  const auto filtered = filter_rows(image, columns, first, end);
  return filter_columns(filtered, static_cast<std::size_t>(crop) * kChannels, first, rows);
}

}  // namespace crossloop::data
