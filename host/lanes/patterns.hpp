// Groups of a layer's weights, and pruning by magnitude within them (docs/lanes.md).
//
// A group holds the g weights of one output channel at one kernel position (y, x) that meet g
// consecutive input channels, so those that meet activations fetched together. Where g does not
// divide the input channels, the last group of a position has C_in mod g weights.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace crossloop::lanes {

/// Geometry of the weights [outputs][inputs()] of a convolution in im2col order: weight (c, y, x)
/// of an output is (c * kernel_h + y) * kernel_w + x. A linear layer has a kernel as large as its
/// input, or 1 x 1.
struct LayerGeometry {
  std::string name;  ///< for messages
  int outputs = 1;
  int channels = 1;  ///< C_in
  int kernel_h = 1;
  int kernel_w = 1;
  int positions() const { return kernel_h * kernel_w; }
  int inputs() const { return channels * positions(); }
  /// ceil(C_in / g) per kernel position.
  int blocks(int group) const { return (channels + group - 1) / group; }
  int groups(int group) const { return positions() * blocks(group); }
};

/// One group of the activations of a window: im2col indices first, first + step, ...
struct Group {
  int position = 0;  ///< y * kernel_w + x
  int block = 0;     ///< input channels block * g and up
  int size = 0;      ///< g, or C_in mod g
  int first = 0;
  int step = 0;
};

/// The groups of a window in the order in which lanes take them: by position, then by block.
std::vector<Group> groups_of(const LayerGeometry& geometry, int group);

/// Weights that a group of `size` keeps where a whole one keeps `survivors`:
/// ceil(survivors * size / group).
constexpr int survivors_of(int size, int survivors, int group) {
  return (survivors * size + group - 1) / group;
}

/// Zeroes all but the survivors_of(...) largest weights of every group; of equals the first stay.
/// `weights` is [outputs][inputs()]. Throws InputError if its size is another, or survivors are
/// not in 1..group.
void prune_groups(std::span<float> weights, const LayerGeometry& geometry, int group,
                  int survivors);

/// Unstructured pruning: zeroes the round(pruned * n) smallest of n weights; of equals the last go.
/// `pruned` is in 0..1.
void prune_smallest(std::span<float> weights, double pruned);

}  // namespace crossloop::lanes
