#include <gtest/gtest.h>

#include "Vlane_sparse.h"
#include "tests/lane_rtl_checks.hpp"

namespace crossloop {
namespace {

using lanes::LaneKind;
using testing_support::check_lane;
using testing_support::LaneTraffic;

constexpr lanes::LaneShape kShape{DUT_GROUP, DUT_MULTIPLIERS, DUT_CHANNELS, DUT_DEPTH};

TEST(LaneSparseRtl, MatchesTwinInEveryCycleWhenNeverHeld) {
  check_lane<Vlane_sparse>(LaneKind::kSparse, kShape, {}, 20);
}

TEST(LaneSparseRtl, MatchesTwinUnderIdleAndBackPressure) {
  check_lane<Vlane_sparse>(LaneKind::kSparse, kShape, {.act = 70, .weight = 80, .sum = 50}, 20);
}

TEST(LaneSparseRtl, MatchesTwinWhenSumsAreTakenSeldom) {
  check_lane<Vlane_sparse>(LaneKind::kSparse, kShape, {.sum = 3}, 10);
}

TEST(LaneSparseRtl, MatchesTwinWhenActivationsAreScarce) {
  check_lane<Vlane_sparse>(LaneKind::kSparse, kShape, {.act = 10, .weight = 95}, 10);
}

TEST(LaneSparseRtl, CountsWhatTheTwinOfAWholeTileCounts) {
  SCOPED_TRACE(testing_support::replay_hint());
  testing_support::LaneChecks<Vlane_sparse>(LaneKind::kSparse, kShape).run_at_full_speed();
}

}  // namespace
}  // namespace crossloop
