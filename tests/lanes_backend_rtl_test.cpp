#include <gtest/gtest.h>

#include "testbench/verilated_lane.hpp"
#include "tests/input_error.hpp"
#include "tests/lane_networks.hpp"

namespace crossloop::runtime {
namespace {

using lanes::LaneKind;
using testbench::make_verilated_lane;
using testbench::verilated_lane_shape;

class VerilatedLanes : public ::testing::TestWithParam<LaneKind> {};

TEST_P(VerilatedLanes, RunANetworkInTheIntegersOfTheEngineAndTheCyclesOfTheTwin) {
  const auto rtl = expect_engine_integers(GetParam(), verilated_lane_shape(), make_verilated_lane);
  const auto twin =
      expect_engine_integers(GetParam(), verilated_lane_shape(), lanes::make_twin_lane);
  ASSERT_EQ(rtl.size(), twin.size());
  for (std::size_t i = 0; i < rtl.size(); ++i) {
    EXPECT_EQ(rtl[i].kind, twin[i].kind) << "layer " << i;
    EXPECT_EQ(rtl[i].counters, twin[i].counters) << "layer " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, VerilatedLanes,
                         ::testing::Values(LaneKind::kDense, LaneKind::kSparse,
                                           LaneKind::kBalanced),
                         [](const auto& kind) { return lanes::name_of(kind.param); });

TEST(VerilatedLane, RefusesAShapeThatIsNotBuiltIn) {
  EXPECT_EQ(testing_support::error_of([] {
              make_verilated_lane(LaneKind::kDense, {8, 4, 16, 8});
            }),
            "rtl lane: built in are only 16 activations, 4 multipliers, 16 channels and depth 8");
}

}  // namespace
}  // namespace crossloop::runtime
