// Random layers for the lanes, and the plain integer product that all of them must give.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "host/lanes/lane_program.hpp"

namespace crossloop::testing_support {

/// Integer weights [outputs][inputs()] of a layer with that geometry.
struct LaneLayer {
  lanes::LayerGeometry geometry;
  std::vector<std::int8_t> weights;
};

inline int pick(std::mt19937& rng, int low, int high) {
  return low + static_cast<int>(rng() % static_cast<unsigned>(high - low + 1));
}

/// Any weight of int8, its ends more often than others.
inline std::int8_t random_weight(std::mt19937& rng) {
  const int corner = pick(rng, 0, 9);
  if (corner == 0) return -128;
  if (corner == 1) return 127;
  return static_cast<std::int8_t>(pick(rng, -128, 127));
}

/// `outputs` to twice as many channels as the lane has, kernels of 1 to 3, tails included. Weights
/// are dense, at random, or (balanced) at most the share of their group.
inline LaneLayer random_lane_layer(lanes::LaneKind kind, const lanes::LaneShape& shape,
                                   std::mt19937& rng) {
  LaneLayer layer;
  layer.geometry = {"random", pick(rng, 1, 2 * shape.channels), pick(rng, 1, 3 * shape.group),
                    pick(rng, 1, 3), pick(rng, 1, 3)};
  const auto inputs = static_cast<std::size_t>(layer.geometry.inputs());
  layer.weights.resize(static_cast<std::size_t>(layer.geometry.outputs) * inputs);
  for (std::size_t output = 0; output < layer.weights.size(); output += inputs) {
    const int density = pick(rng, 0, 100);  // by channel, so that they differ
    for (const lanes::Group& group : lanes::groups_of(layer.geometry, shape.group)) {
      int left = kind == lanes::LaneKind::kBalanced
                     ? lanes::survivors_of(group.size, shape.multipliers, shape.group)
                     : group.size;
      for (int i = 0; i < group.size; ++i) {
        if (left == 0 || pick(rng, 1, 100) > density) continue;
        const auto at = output + static_cast<std::size_t>(group.first + i * group.step);
        layer.weights[at] = random_weight(rng);
        left -= layer.weights[at] != 0;
      }
    }
  }
  return layer;
}

inline std::vector<std::uint8_t> random_acts(std::size_t count, std::mt19937& rng) {
  std::vector<std::uint8_t> acts(count);
  for (auto& act : acts) act = static_cast<std::uint8_t>(pick(rng, 0, 4) == 0 ? 255 : rng() % 256);
  return acts;
}

/// sum over k of w[o][k] x[k], [vectors][outputs].
inline std::vector<std::int32_t> plain_product(const LaneLayer& layer,
                                               std::span<const std::uint8_t> vectors) {
  const auto inputs = static_cast<std::size_t>(layer.geometry.inputs());
  std::vector<std::int32_t> sums;
  for (std::size_t v = 0; v < vectors.size(); v += inputs) {
    for (std::size_t row = 0; row < layer.weights.size(); row += inputs) {
      std::int32_t sum = 0;
      for (std::size_t k = 0; k < inputs; ++k) sum += layer.weights[row + k] * vectors[v + k];
      sums.push_back(sum);
    }
  }
  return sums;
}

}  // namespace crossloop::testing_support
