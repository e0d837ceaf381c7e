#include "testbench/verilated_lane.hpp"

#include <Vlane_balanced.h>
#include <Vlane_dense.h>
#include <Vlane_sparse.h>

#include "host/error.hpp"
#include "testbench/lane_model.hpp"

namespace crossloop::testbench {

LaneShape verilated_lane_shape() { return kShape; }

void require_verilated_shape(const LaneShape& shape) {
  if (shape == kShape) return;
  throw InputError("rtl lane: built in are only " + std::to_string(kShape.group) +
                   " activations, " + std::to_string(kShape.multipliers) + " multipliers, " +
                   std::to_string(kShape.channels) + " channels and depth " +
                   std::to_string(kShape.depth));
}

std::unique_ptr<lanes::Lane> make_verilated_lane(LaneKind kind, const LaneShape& shape) {
  require_verilated_shape(shape);
  switch (kind) {
    case LaneKind::kDense:
      return std::make_unique<VerilatedLane<Vlane_dense>>(kind);
    case LaneKind::kSparse:
      return std::make_unique<VerilatedLane<Vlane_sparse>>(kind);
    case LaneKind::kBalanced:
      break;
  }
  return std::make_unique<VerilatedLane<Vlane_balanced>>(kind);
}

}  // namespace crossloop::testbench
