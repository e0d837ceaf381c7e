// The lanes of rtl/ under Verilator, without Verilated headers.
#pragma once

#include <filesystem>
#include <memory>

#include "host/lanes/lane.hpp"

namespace crossloop::testbench {

/// The shape that this program was built with, for all three lanes.
lanes::LaneShape verilated_lane_shape();

/// Throws InputError for another shape.
void require_verilated_shape(const lanes::LaneShape& shape);

/// Powers up a lane with random state (seed 1) and resets it. Throws InputError for another shape.
std::unique_ptr<lanes::Lane> make_verilated_lane(lanes::LaneKind kind,
                                                 const lanes::LaneShape& shape);

/// The same with every signal in the FST file `waves`, slower; see TracedModel. Not in builds that
/// count coverage.
std::unique_ptr<lanes::Lane> make_traced_lane(lanes::LaneKind kind, const lanes::LaneShape& shape,
                                              const std::filesystem::path& waves);

}  // namespace crossloop::testbench
