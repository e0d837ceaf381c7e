// Which images are held out, and taking them out in place: a training set may fill the memory.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "host/data/dataset.hpp"
#include "host/data/random_draws.hpp"
#include "host/error.hpp"

namespace crossloop::data {
namespace {

constexpr std::uint32_t kHoldOutPurpose = 0x686f6c64;  // "hold" in ASCII: a stream of its own

using Indices = std::vector<int>;

std::vector<Indices> images_by_class(const Dataset& images) {
  std::vector<Indices> by_class(static_cast<std::size_t>(images.classes));
  for (int i = 0; i < images.count; ++i) {
    by_class.at(images.labels[static_cast<std::size_t>(i)]).push_back(i);
  }
  return by_class;
}

/// How many of each class, by largest remainder; ties go to the lower label.
std::vector<std::size_t> quotas(const std::vector<Indices>& by_class, int images, int count) {
  std::vector<std::size_t> quota, classes(by_class.size());
  std::vector<std::uint64_t> remainder;
  int missing = images;
  for (const Indices& members : by_class) {
    const std::uint64_t share = static_cast<std::uint64_t>(images) * members.size();
    quota.push_back(share / static_cast<std::uint64_t>(count));
    remainder.push_back(share % static_cast<std::uint64_t>(count));
    missing -= static_cast<int>(quota.back());
  }
  std::iota(classes.begin(), classes.end(), std::size_t{0});
  std::stable_sort(classes.begin(), classes.end(),
                   [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
  for (int i = 0; i < missing; ++i) ++quota[classes[static_cast<std::size_t>(i)]];
  return quota;
}

/// True for the images that are held out.
std::vector<bool> draw_held(const Dataset& train, int images, std::uint64_t seed) {
  std::vector<Indices> by_class = images_by_class(train);
  const std::vector<std::size_t> quota = quotas(by_class, images, train.count);
  std::vector<bool> held(static_cast<std::size_t>(train.count));
  for (std::size_t label = 0; label < by_class.size(); ++label) {
    Indices& members = by_class[label];
    RandomDraws draws(seed, kHoldOutPurpose, label);
    for (std::size_t i = 0; i < quota[label]; ++i) {
      const int left = static_cast<int>(members.size() - i);
      std::swap(members[i], members[i + static_cast<std::size_t>(draws.below(left))]);
      held[static_cast<std::size_t>(members[i])] = true;
    }
  }
  return held;
}

}  // namespace

HeldOut hold_out(Dataset train, int images, std::uint64_t seed) {
  if (images < 0 || images >= std::max(train.count, 1)) {
    throw InputError("data " + train.name + ": " + std::to_string(images) +
                     " images to hold out, expected 0 to " +
                     std::to_string(std::max(train.count - 1, 0)) +
                     ", fewer than there are training images");
  }
  Dataset validation = train.slice(0, 0);
  if (images == 0) return {std::move(train), std::move(validation)};
  const std::vector<bool> held = draw_held(train, images, seed);
  const std::size_t size = train.image_size();
  validation.pixels.reserve(static_cast<std::size_t>(images) * size);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto image = train.image(static_cast<int>(i));
    if (held[i]) {
      validation.pixels.insert(validation.pixels.end(), image.begin(), image.end());
      validation.labels.push_back(train.labels[i]);
    } else {
      std::memmove(train.pixels.data() + kept * size, image.data(), size);
      train.labels[kept++] = train.labels[i];
    }
  }
  train.pixels.resize(kept * size);
  train.labels.resize(kept);
  train.count = static_cast<int>(kept);
  validation.count = images;
  return {std::move(train), std::move(validation)};
}

}  // namespace crossloop::data
