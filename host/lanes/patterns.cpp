#include "host/lanes/patterns.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/error.hpp"

namespace crossloop::lanes {

std::vector<Group> groups_of(const LayerGeometry& geometry, int group) {
  std::vector<Group> groups;
  for (int position = 0; position < geometry.positions(); ++position) {
    for (int block = 0; block < geometry.blocks(group); ++block) {
      const int channel = block * group;
      groups.push_back({position, block, std::min(group, geometry.channels - channel),
                        channel * geometry.positions() + position, geometry.positions()});
    }
  }
  return groups;
}

void prune_groups(std::span<float> weights, const LayerGeometry& geometry, int group,
                  int survivors) {
  const auto inputs = static_cast<std::size_t>(geometry.inputs());
  if (weights.size() != inputs * static_cast<std::size_t>(geometry.outputs)) {
    throw InputError("layer " + geometry.name + ": " + std::to_string(weights.size()) +
                     " weights, expected " + std::to_string(geometry.outputs) + " x " +
                     std::to_string(inputs));
  }
  if (survivors < 1 || survivors > group) {
    throw InputError("layer " + geometry.name + ": " + std::to_string(survivors) +
                     " survivors in a group, expected 1.." + std::to_string(group));
  }
  const std::vector<Group> groups = groups_of(geometry, group);
  std::vector<std::size_t> order;
  for (std::size_t output = 0; output < weights.size(); output += inputs) {
    for (const Group& one : groups) {
      order.clear();
      for (int i = 0; i < one.size; ++i) {
        order.push_back(output + static_cast<std::size_t>(one.first + i * one.step));
      }
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::abs(weights[a]) > std::abs(weights[b]);
      });
      const auto kept = static_cast<std::size_t>(survivors_of(one.size, survivors, group));
      for (std::size_t i = kept; i < order.size(); ++i) weights[order[i]] = 0.0F;
    }
  }
}

void prune_smallest(std::span<float> weights, double pruned) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto count =
      static_cast<std::ptrdiff_t>(std::llround(pruned * static_cast<double>(weights.size())));
  std::nth_element(order.begin(), order.begin() + count, order.end(),
                   [&](std::size_t a, std::size_t b) {
                     const float left = std::abs(weights[a]);
                     const float right = std::abs(weights[b]);
                     return left != right ? left < right : a > b;
                   });
  std::for_each(order.begin(), order.begin() + count, [&](std::size_t i) { weights[i] = 0.0F; });
}

}  // namespace crossloop::lanes
