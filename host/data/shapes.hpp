// shapes: a procedural data set, so that everything runs without a download.
#pragma once

#include <cstdint>

#include "host/data/dataset.hpp"

namespace crossloop::data {

/// `count` 32x32 RGB images of 10 classes (shapes and textures with random pose, colour, clutter,
/// occlusion and noise), balanced over the classes in random order. Image i depends on (seed, i)
/// alone, so that two sets with different seeds are disjoint draws and a longer set begins with
/// the shorter one.
Dataset make_shapes(std::uint64_t seed, int count);

}  // namespace crossloop::data
