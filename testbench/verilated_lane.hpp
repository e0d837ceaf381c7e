// The lanes of rtl/ under Verilator, without Verilated headers.
#pragma once

#include <memory>

#include "host/lanes/lane.hpp"

namespace crossloop::testbench {

/// The shape that this program was built with, for all three lanes.
lanes::LaneShape verilated_lane_shape();

/// Powers up a lane with random state (seed 1) and resets it. Throws InputError for another shape.
std::unique_ptr<lanes::Lane> make_verilated_lane(lanes::LaneKind kind,
                                                 const lanes::LaneShape& shape);

}  // namespace crossloop::testbench
