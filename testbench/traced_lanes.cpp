// The lanes that write wave files.
#include <Vlane_balanced_traced.h>
#include <Vlane_dense_traced.h>
#include <Vlane_sparse_traced.h>

#include "testbench/lane_model.hpp"
#include "testbench/traced_model.hpp"
#include "testbench/verilated_lane.hpp"

namespace crossloop::testbench {
namespace {

template <class Model>
std::unique_ptr<lanes::Lane> make_traced(LaneKind kind, const std::filesystem::path& waves) {
  auto lane = std::make_unique<VerilatedLane<TracedModel<Model>>>(kind);
  lane->model().open_trace(waves);
  return lane;
}

}  // namespace

std::unique_ptr<lanes::Lane> make_traced_lane(LaneKind kind, const LaneShape& shape,
                                              const std::filesystem::path& waves) {
  require_verilated_shape(shape);
  switch (kind) {
    case LaneKind::kDense:
      return make_traced<Vlane_dense_traced>(kind, waves);
    case LaneKind::kSparse:
      return make_traced<Vlane_sparse_traced>(kind, waves);
    case LaneKind::kBalanced:
      break;
  }
  return make_traced<Vlane_balanced_traced>(kind, waves);
}

}  // namespace crossloop::testbench
