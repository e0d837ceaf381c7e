#include "pruning/schedule.hpp"

#include <gmock/gmock.h>

#include "host/error.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TrainOptions options_of(Schedule schedule, int epochs) {
  TrainOptions options;
  options.epochs = epochs;
  options.schedule = schedule;
  options.learning_rate = 0.8;
  return options;
}

TEST(LearningRate, WarmsUpLinearlyAndThenFollowsTheCosine) {
  TrainOptions options = options_of(Schedule::kCosine, 6);
  options.warmup_epochs = 2.0;  // of 10 steps each
  EXPECT_NEAR(learning_rate(options, 0, 10), 0.8 / 21, 1e-12);
  EXPECT_NEAR(learning_rate(options, 19, 10), 0.8 * 20 / 21, 1e-12);
  EXPECT_NEAR(learning_rate(options, 20, 10), 0.8, 1e-12);
  EXPECT_NEAR(learning_rate(options, 40, 10), 0.4, 1e-12);
  EXPECT_GT(learning_rate(options, 59, 10), 0.0);
  EXPECT_LT(learning_rate(options, 59, 10), 0.002);
}

TEST(LearningRate, DropsAtEachMilestone) {
  TrainOptions options = options_of(Schedule::kStep, 9);
  options.milestones = {3, 6};
  EXPECT_DOUBLE_EQ(learning_rate(options, 29, 10), 0.8);
  EXPECT_DOUBLE_EQ(learning_rate(options, 30, 10), 0.08);
  EXPECT_NEAR(learning_rate(options, 60, 10), 0.008, 1e-12);
}

TEST(LearningRate, GoesUpAndDownInOneCycle) {
  const TrainOptions options = options_of(Schedule::kOneCycle, 10);
  EXPECT_NEAR(learning_rate(options, 0, 10), 0.8 / 25, 1e-12);
  EXPECT_NEAR(learning_rate(options, 15, 10), 0.8 * 0.52, 1e-12);  // half way up
  EXPECT_NEAR(learning_rate(options, 30, 10), 0.8, 1e-12);
  EXPECT_NEAR(learning_rate(options, 65, 10), 0.4, 1e-5);  // half way down
  EXPECT_LT(learning_rate(options, 99, 10), 0.001);
}

TEST(CheckSchedule, RefusesWhatDoesNotBelongTogether) {
  const auto expect_refused = [](TrainOptions options, const char* what) {
    EXPECT_THAT([&] { check_schedule(options); }, ThrowsMessage<InputError>(HasSubstr(what)));
  };
  TrainOptions options = options_of(Schedule::kOneCycle, 5);
  options.warmup_epochs = 1.0;
  expect_refused(options, "warms up itself");
  options = options_of(Schedule::kCosine, 5);
  options.milestones = {2};
  expect_refused(options, "only the step schedule");
  options = options_of(Schedule::kStep, 5);
  options.milestones = {2, 2};
  expect_refused(options, "ascending");
  options.milestones = {2};
  options.step_factor = 0.0;
  expect_refused(options, "step_factor");
}

}  // namespace
}  // namespace crossloop::pruning
