// The lanes that write wave files.
#include <Vlane_balanced_traced.h>
#include <Vlane_dense_traced.h>
#include <Vlane_sparse_traced.h>

#include "testbench/lane_model.hpp"
#include "testbench/traced_model.hpp"
#include "testbench/verilated_lane.hpp"

namespace crossloop::testbench {

std::unique_ptr<lanes::Lane> make_traced_lane(lanes::LaneKind kind, const lanes::LaneShape& shape,
                                              const std::filesystem::path& waves) {
  require_verilated_shape(shape);
  return make_lane<TracedModel<Vlane_dense_traced>, TracedModel<Vlane_sparse_traced>,
                   TracedModel<Vlane_balanced_traced>>(
      kind, [&](auto& lane) { lane.model().open_trace(waves); });
}

}  // namespace crossloop::testbench
