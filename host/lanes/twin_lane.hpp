// The bit- and cycle-exact C++ twin of the lanes in rtl/.
#pragma once

#include <memory>

#include "host/lanes/lane.hpp"
#include "host/lanes/lane_program.hpp"

namespace crossloop::lanes {

/// A lane in C++. Throws InputError for a bad shape.
std::unique_ptr<Lane> make_twin_lane(LaneKind kind, const LaneShape& shape);

/// The sums of one tile and window, for all channels: `acts` is what gather_groups() gave.
/// Wraps at 32 bits as the accumulators do.
std::vector<std::int32_t> tile_sums(const LaneProgram& program, const LaneTile& tile,
                                    std::span<const std::uint8_t> acts);

/// The counters of one tile over some windows, always supplied and never held up.
LaneCounters tile_counters(const LaneProgram& program, const LaneTile& tile, std::size_t windows);

/// The cycles of tile_counters() over all tiles of a layer, from its geometry: no weight slows the
/// dense or the balanced lane down. With T tiles of channels, W windows and G groups in a window
/// (docs/lanes.md),
///
///   dense  T (W G g / m + 3), G = ceil(K / g)      balanced  T (W G + 3), G = geometry.groups(g)
///
/// Throws InputError for a bad shape. Whether weights fit the balanced lane is not looked at, and
/// the sparse lane, whose cycles depend on them, must not be asked for (asserted).
std::uint64_t lockstep_cycles(LaneKind kind, const LaneShape& shape, const LayerGeometry& geometry,
                              std::int64_t windows);

}  // namespace crossloop::lanes
