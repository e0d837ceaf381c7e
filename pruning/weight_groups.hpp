// The groups of weights that balanced pruning keeps equal, as the lanes read them (docs/lanes.md),
// and how many of each survive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/lanes/patterns.hpp"
#include "host/network/network.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// A layer as a lane sees it: its input channels (of all groups of a convolution) by kernel
/// position. A Linear behind a Flatten of [C, H, W] has a kernel of H x W. Throws InputError where
/// the shapes of the network do not fit.
lanes::LayerGeometry lane_geometry(const network::Network& network, const PrunableLayer& layer);

/// The groups of one output of group `conv_group` of a convolution (0 for others), `first` and
/// `step` within its row of `layer.inputs` weights. Groups hold `group` consecutive input channels
/// at one kernel position and start at multiples of `group`, over all channels; at the ends of a
/// convolution group they are shorter.
std::vector<lanes::Group> weight_groups(const lanes::LayerGeometry& geometry,
                                        const PrunableLayer& layer, int conv_group, int group);

/// The survivors, i.e. weights that are not 0, in the groups of one layer.
struct GroupSurvivors {
  std::string layer;
  std::int64_t groups = 0;  ///< of all outputs
  int largest = 0;          ///< weights of the largest group: `group`, or fewer
  int least = 0;            ///< survivors in a group of the largest size
  int most = 0;
  bool equal = false;  ///< groups of one size all have the same number
  /// [group + 1]: how many groups have 0, 1, ... survivors.
  std::vector<std::int64_t> histogram;
};

/// Of every Conv and Linear, in graph order. Throws InputError for a group below 1.
std::vector<GroupSurvivors> survivors_per_group(const network::Network& network, int group);

}  // namespace crossloop::pruning
