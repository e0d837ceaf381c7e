#include "host/data/dataset.hpp"

#include <cmath>

#include "host/error.hpp"

namespace crossloop::data {

Dataset Dataset::slice(int first, int images) const {
  if (first < 0 || images < 0 || images > count - first) {
    throw InputError("data " + name + ": images " + std::to_string(first) + " to " +
                     std::to_string(std::int64_t{first} + images - 1) + " asked for, there are " +
                     std::to_string(count));
  }
  Dataset part{.name = name,
               .count = images,
               .height = height,
               .width = width,
               .channels = channels,
               .classes = classes,
               .pixels = {},
               .labels = {},
               .class_names = class_names};
  const auto begin = static_cast<std::size_t>(first);
  const auto length = static_cast<std::size_t>(images);
  const auto some_pixels = std::span(pixels).subspan(begin * image_size(), length * image_size());
  const auto some_labels = std::span(labels).subspan(begin, length);
  part.pixels.assign(some_pixels.begin(), some_pixels.end());
  part.labels.assign(some_labels.begin(), some_labels.end());
  return part;
}

ChannelStatistics channel_statistics(const Dataset& images) {
  const auto channels = static_cast<std::size_t>(images.channels);
  if (images.pixels.empty() || channels == 0) {
    throw InputError("data " + images.name + ": no images, so no mean and deviation");
  }
  std::vector<std::uint64_t> sum(channels), sum_of_squares(channels);
  for (std::size_t i = 0; i < images.pixels.size(); i += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const std::uint64_t value = images.pixels[i + c];
      sum[c] += value;
      sum_of_squares[c] += value * value;
    }
  }
  const double count = static_cast<double>(images.pixels.size() / channels);
  ChannelStatistics statistics;
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sum[c]) / count;
    const double square = static_cast<double>(sum_of_squares[c]) / count;
    statistics.mean.push_back(static_cast<float>(mean / 255.0));
    statistics.std.push_back(
        static_cast<float>(std::sqrt(std::fmax(square - mean * mean, 0.0)) / 255.0));
  }
  return statistics;
}

}  // namespace crossloop::data
