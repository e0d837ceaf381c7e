#include <gtest/gtest.h>

#include "Vlane_dense.h"
#include "tests/lane_rtl_checks.hpp"

namespace crossloop {
namespace {

using lanes::LaneKind;
using testing_support::check_lane;
using testing_support::LaneTraffic;

constexpr lanes::LaneShape kShape{DUT_GROUP, DUT_MULTIPLIERS, DUT_CHANNELS};

TEST(LaneDenseRtl, MatchesTwinInEveryCycleWhenNeverHeld) {
  check_lane<Vlane_dense>(LaneKind::kDense, kShape, {}, 20);
}

TEST(LaneDenseRtl, MatchesTwinUnderIdleAndBackPressure) {
  check_lane<Vlane_dense>(LaneKind::kDense, kShape, {.act = 70, .weight = 80, .sum = 50}, 20);
}

TEST(LaneDenseRtl, MatchesTwinWhenSumsAreTakenSeldom) {
  check_lane<Vlane_dense>(LaneKind::kDense, kShape, {.sum = 3}, 10);
}

TEST(LaneDenseRtl, MatchesTwinWhenActivationsAreScarce) {
  check_lane<Vlane_dense>(LaneKind::kDense, kShape, {.act = 10, .weight = 95}, 10);
}

TEST(LaneDenseRtl, CountsWhatTheTwinOfAWholeTileCounts) {
  SCOPED_TRACE(testing_support::replay_hint());
  testing_support::LaneChecks<Vlane_dense>(LaneKind::kDense, kShape).run_at_full_speed();
}

}  // namespace
}  // namespace crossloop
