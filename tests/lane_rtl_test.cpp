// One lane against its twin: DUT_MODEL of DUT_HEADER, a lane of kind DUT_KIND.
#include <gtest/gtest.h>

#include DUT_HEADER
#include "tests/lane_rtl_checks.hpp"

namespace crossloop {
namespace {

using lanes::LaneKind;
using testing_support::check_lane;
using testing_support::LaneTraffic;

constexpr lanes::LaneShape kShape{DUT_GROUP, DUT_MULTIPLIERS, DUT_CHANNELS, DUT_DEPTH};

TEST(LaneRtl, MatchesTwinInEveryCycleWhenNeverHeld) {
  check_lane<DUT_MODEL>(LaneKind::DUT_KIND, kShape, {}, 20);
}

TEST(LaneRtl, MatchesTwinUnderIdleAndBackPressure) {
  check_lane<DUT_MODEL>(LaneKind::DUT_KIND, kShape, {.act = 70, .weight = 80, .sum = 50}, 20);
}

TEST(LaneRtl, MatchesTwinWhenSumsAreTakenSeldom) {
  check_lane<DUT_MODEL>(LaneKind::DUT_KIND, kShape, {.sum = 3}, 10);
}

TEST(LaneRtl, MatchesTwinWhenActivationsAreScarce) {
  check_lane<DUT_MODEL>(LaneKind::DUT_KIND, kShape, {.act = 10, .weight = 95}, 10);
}

TEST(LaneRtl, CountsWhatTheTwinOfAWholeTileCounts) {
  SCOPED_TRACE(testing_support::replay_hint());
  testing_support::LaneChecks<DUT_MODEL>(LaneKind::DUT_KIND, kShape).run_at_full_speed();
}

}  // namespace
}  // namespace crossloop
