// Which output channels of a network can only vanish together, and what goes with them: the
// structural care of channel pruning.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/network/network.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// One channel of the output of a node.
struct Channel {
  std::size_t node = 0;  ///< index in Network::nodes
  int index = 0;
  bool operator==(const Channel&) const = default;
};

/// A block of the weight [outputs][inputs] of a Conv or Linear.
struct WeightBlock {
  std::size_t node = 0;
  int first_output = 0;
  int outputs = 0;
  int first_input = 0;
  int inputs = 0;
  bool operator==(const WeightBlock&) const = default;
};

/// Channels that vanish together or not at all: those that an Add or Multiply joins, those before
/// and behind a depthwise convolution, and what reads them. The groups of a network part the output
/// channels of its Conv and Linear nodes.
struct ChannelGroup {
  std::vector<Channel> producers;    ///< of Conv and Linear nodes, in graph order; at least one
  std::vector<Channel> norms;        ///< of the BatchNorm nodes it passes
  std::vector<WeightBlock> columns;  ///< of the Conv and Linear nodes that read it
  /// What keeps it from vanishing, for messages: "it is an output of the network". Empty: nothing.
  std::string fixed_by;

  bool may_vanish() const { return fixed_by.empty(); }
};

/// How a grouped convolution that is not depthwise loses channels.
enum class GroupedConv {
  kEqual,  ///< the same places in every group, so that it remains a grouped convolution when packed
  kFree    ///< each group by itself: a mask, nothing more
};

/// The groups in the order of their first producers. Throws InputError where the shapes of the
/// network do not fit.
///
/// A channel that vanishes is 0 behind its producers and norms. Behind an operator with f(0) != 0
/// (Sigmoid, a Clip above 0, a ScaleShift with an offset, ...) it is a constant that the zeroed
/// columns do not read. It is fixed where more than columns would see that: behind an operator that
/// mixes channels (Softmax over them; a Lrn behind f(0) != 0), one that turns channels into pixels
/// (a Reshape or Permute that does not keep them whole), added to or multiplied with something that
/// cannot vanish (the image), and at the output of the network.
std::vector<ChannelGroup> channel_groups(const network::Network& network,
                                         GroupedConv grouped = GroupedConv::kEqual);

/// Takes `group` out: its filters, its biases, gammas and betas, and the columns that read it are 0
/// in `selection`, whose other entries stay.
void add_vanished(const network::Network& network, const ChannelGroup& group, Selection& selection);

}  // namespace crossloop::pruning
