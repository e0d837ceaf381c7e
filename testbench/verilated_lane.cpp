#include "testbench/verilated_lane.hpp"

#include <Vlane_balanced.h>
#include <Vlane_dense.h>
#include <Vlane_sparse.h>

#include "host/error.hpp"
#include "testbench/lane_model.hpp"

namespace crossloop::testbench {

lanes::LaneShape verilated_lane_shape() { return kLaneShape; }

void require_verilated_shape(const lanes::LaneShape& shape) {
  if (shape == kLaneShape) return;
  throw InputError("rtl lane: built in are only " + std::to_string(kLaneShape.group) +
                   " activations, " + std::to_string(kLaneShape.multipliers) + " multipliers, " +
                   std::to_string(kLaneShape.channels) + " channels and depth " +
                   std::to_string(kLaneShape.depth));
}

std::unique_ptr<lanes::Lane> make_verilated_lane(lanes::LaneKind kind,
                                                 const lanes::LaneShape& shape) {
  require_verilated_shape(shape);
  return make_lane<Vlane_dense, Vlane_sparse, Vlane_balanced>(kind, [](auto&) {});
}

}  // namespace crossloop::testbench
