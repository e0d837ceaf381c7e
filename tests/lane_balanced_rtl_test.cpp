#include <gtest/gtest.h>

#include "Vlane_balanced.h"
#include "tests/lane_rtl_checks.hpp"

namespace crossloop {
namespace {

using lanes::LaneKind;
using testing_support::check_lane;
using testing_support::LaneTraffic;

constexpr lanes::LaneShape kShape{DUT_GROUP, DUT_MULTIPLIERS, DUT_CHANNELS};

TEST(LaneBalancedRtl, MatchesTwinInEveryCycleWhenNeverHeld) {
  check_lane<Vlane_balanced>(LaneKind::kBalanced, kShape, {}, 20);
}

TEST(LaneBalancedRtl, MatchesTwinUnderIdleAndBackPressure) {
  check_lane<Vlane_balanced>(LaneKind::kBalanced, kShape, {.act = 70, .weight = 80, .sum = 50}, 20);
}

TEST(LaneBalancedRtl, MatchesTwinWhenSumsAreTakenSeldom) {
  check_lane<Vlane_balanced>(LaneKind::kBalanced, kShape, {.sum = 3}, 10);
}

TEST(LaneBalancedRtl, MatchesTwinWhenActivationsAreScarce) {
  check_lane<Vlane_balanced>(LaneKind::kBalanced, kShape, {.act = 10, .weight = 95}, 10);
}

TEST(LaneBalancedRtl, CountsWhatTheTwinOfAWholeTileCounts) {
  SCOPED_TRACE(testing_support::replay_hint());
  testing_support::LaneChecks<Vlane_balanced>(LaneKind::kBalanced, kShape).run_at_full_speed();
}

}  // namespace
}  // namespace crossloop
