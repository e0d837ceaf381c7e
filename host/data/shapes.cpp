#include "host/data/shapes.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "host/data/scene.hpp"
#include "host/error.hpp"

namespace crossloop::data {
namespace {

constexpr int kMostImages = 500'000;  // 1.5 GB
constexpr std::uint32_t kLabelPurpose = 0;

/// Ten consecutive images hold each class once, in random order.
void draw_labels(std::uint64_t seed, std::vector<std::uint16_t>& labels) {
  for (std::size_t first = 0; first < labels.size(); first += kShapes) {
    std::array<std::uint8_t, kShapes> order;
    std::iota(order.begin(), order.end(), std::uint8_t{0});
    RandomDraws draws(seed, kLabelPurpose, first / kShapes);
    for (int last = kShapes - 1; last > 0; --last) {
      std::swap(order[static_cast<std::size_t>(last)],
                order[static_cast<std::size_t>(draws.below(last + 1))]);
    }
    const std::size_t here = std::min<std::size_t>(kShapes, labels.size() - first);
    std::copy_n(order.begin(), here, labels.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

void draw_images(std::uint64_t seed, int first, int end, Dataset& images) {
  const std::size_t size = images.image_size();
  for (int i = first; i < end; ++i) {
    const auto index = static_cast<std::size_t>(i);
    draw_scene(static_cast<Shape>(images.labels[index]), seed, index,
               std::span(images.pixels).subspan(index * size, size));
  }
}

}  // namespace

Dataset make_shapes(std::uint64_t seed, int count) {
  if (count < 0 || count > kMostImages) {
    throw InputError("data shapes: " + std::to_string(count) + " images, expected 0 to " +
                     std::to_string(kMostImages));
  }
  Dataset images{.name = "shapes",
                 .count = count,
                 .height = kSceneSide,
                 .width = kSceneSide,
                 .channels = kSceneChannels,
                 .classes = kShapes,
                 .pixels = {},
                 .labels = std::vector<std::uint16_t>(static_cast<std::size_t>(count)),
                 .class_names = {kShapeNames.begin(), kShapeNames.end()}};
  images.pixels.resize(images.labels.size() * images.image_size());
  draw_labels(seed, images.labels);

  const int threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
  const int share = (count + threads - 1) / threads;
  std::vector<std::jthread> workers;
  for (int first = 0; first < count; first += share) {
    const int end = std::min(count, first + share);
    workers.emplace_back([&images, seed, first, end] { draw_images(seed, first, end, images); });
  }
  workers.clear();  // joins
  return images;
}

}  // namespace crossloop::data
