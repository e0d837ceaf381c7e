// A layer's integer weights as the beats that a lane reads (docs/lanes.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/lanes/lane.hpp"
#include "host/lanes/patterns.hpp"

namespace crossloop::lanes {

/// The weight stream of one channel over one window; it repeats for every window. A beat holds one
/// weight for each of the shape's multipliers.
struct ChannelCode {
  std::vector<std::int8_t> weights;  ///< [beats][multipliers], 0 where there are too few
  std::vector<std::uint8_t> index;   ///< the same: which activation of the group; dense: empty
  std::vector<std::uint8_t> end;     ///< [beats]: the last beat of its group
  std::size_t beats() const { return end.size(); }
};

/// The output channels that run together: first_output and up.
struct LaneTile {
  int first_output = 0;
  int outputs = 0;                    ///< real ones; the other channels hold zeros
  std::vector<ChannelCode> channels;  ///< shape.channels
};

struct LaneProgram {
  std::string layer;
  LaneKind kind = LaneKind::kDense;
  LaneShape shape;
  int outputs = 0;
  int inputs = 0;  ///< elements of one vector
  int groups = 0;  ///< per window
  /// [groups][shape.group]: index into the vector, or -1 where the group is not full.
  std::vector<std::int32_t> gather;
  std::vector<LaneTile> tiles;
};

/// Encodes weights [outputs][inputs()]. The dense lane packs a window's elements without regard to
/// kernel positions, so it loses nothing but what its last group lacks. Throws InputError for a bad
/// shape, a wrong number of weights, and, balanced, for a group with more weights than its share,
/// naming layer, output channel, kernel position, group, found and expected.
LaneProgram encode(LaneKind kind, const LaneShape& shape, const LayerGeometry& geometry,
                   std::span<const std::int8_t> weights);

/// Whether encode(kBalanced, ...) would take the weights.
bool is_balanced(const LaneShape& shape, const LayerGeometry& geometry,
                 std::span<const std::int8_t> weights);

/// Bits of the weights of the real channels as stored: beats * multipliers * (8 + ceil(log2 g)),
/// 8 without an index; the sparse lane's end flags count one bit a beat.
std::int64_t storage_bits(const LaneProgram& program);

/// The activations of one window, [groups][shape.group]; 0 where the group is not full.
std::vector<std::uint8_t> gather_groups(const LaneProgram& program,
                                        std::span<const std::uint8_t> vector);

}  // namespace crossloop::lanes
