#include <gtest/gtest.h>

#include <random>

#include "Vwrite_verify.h"
#include "testbench/dut.hpp"
#include "tests/pulse_cells.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::random_cell;
using testing_support::random_pulse_settings;
using testing_support::random_word;

/// What one loop did.
struct Outcome {
  std::uint32_t set_pulses = 0, reset_pulses = 0, reads = 0;
  std::uint64_t cycles = 0;
};

class WriteVerifyRtl : public ::testing::Test {
 protected:
  WriteVerifyRtl()
      : rng_(static_cast<unsigned>(bench_seed())),
        dut_(bench_seed(), [](Vwrite_verify& m) { m.start_i = m.clear_i = 0; }) {}

  void start(const drivers::CellRecord& cell, const analog::PulseSettings& settings,
             const analog::PulsePlace& place) {
    dut_->bottom_i = settings.bottom;
    dut_->top_i = settings.top;
    dut_->set_rate_i = settings.set_rate;
    dut_->reset_rate_i = settings.reset_rate;
    dut_->step_sigma_i = settings.step_sigma;
    dut_->verify_sigma_i = settings.verify_sigma;
    dut_->tolerance_i = settings.tolerance;
    dut_->budget_i = settings.budget;
    dut_->seed_i = place.pulse_seed;
    dut_->crossbar_i = place.crossbar;
    dut_->row_i = static_cast<std::uint16_t>(place.row);
    dut_->column_i = static_cast<std::uint16_t>(place.column);
    dut_->state_i = cell.state;
    dut_->reads_i = cell.reads;
    dut_->target_i = cell.target;
    dut_->factor_i = cell.factor;
    dut_->stuck_i = cell.stuck;
    dut_->start_i = 1;
    dut_.tick();
    dut_->start_i = 0;
    dut_->state_i = static_cast<std::uint16_t>(rng_());
    dut_->reads_i = random_word(rng_);
    dut_.settle();
  }

  /// To the end of the loop; never more pulses than `budget`, one of both kinds in a cycle at most.
  Outcome finish(std::uint32_t budget) {
    Outcome outcome;
    for (; dut_->busy_o; ++outcome.cycles) {
      EXPECT_FALSE(dut_->count_set_o && dut_->count_reset_o);
      outcome.set_pulses += dut_->count_set_o;
      outcome.reset_pulses += dut_->count_reset_o;
      outcome.reads += dut_->count_read_o;
      EXPECT_LE(outcome.set_pulses + outcome.reset_pulses, budget);
      if (outcome.cycles > 5U * (std::uint64_t{budget} + 1)) {
        ADD_FAILURE() << "does not end";
        break;
      }
      dut_.tick();
    }
    return outcome;
  }

  analog::PulsePlace random_place() {
    return {random_word(rng_), random_word(rng_), static_cast<int>(rng_() & 0xFFFF),
            static_cast<int>(rng_() & 0xFFFF)};
  }

  std::mt19937 rng_;
  testbench::Dut<Vwrite_verify> dut_;
};

TEST_F(WriteVerifyRtl, MatchesTwin) {
  SCOPED_TRACE(testing_support::replay_hint());
  int verified = 0, failed = 0, stuck = 0;
  for (int i = 0; i < 10'000; ++i) {
    const analog::PulseSettings settings = random_pulse_settings(rng_);
    const analog::PulsePlace place = random_place();
    drivers::CellRecord cell = random_cell(rng_);
    start(cell, settings, place);
    const Outcome outcome = finish(settings.budget);
    const analog::WriteResult expected = testing_support::write_cell(cell, settings, place);
    ASSERT_EQ(dut_->state_o, cell.state) << "cell " << i;
    ASSERT_EQ(dut_->reads_o, cell.reads) << "cell " << i;
    ASSERT_EQ(dut_->verified_o != 0, expected.verified) << "cell " << i;
    ASSERT_EQ(outcome.set_pulses, expected.set_pulses) << "cell " << i;
    ASSERT_EQ(outcome.reset_pulses, expected.reset_pulses) << "cell " << i;
    ASSERT_EQ(outcome.reads, expected.reads) << "cell " << i;
    ASSERT_EQ(outcome.cycles, 4U + 5U * expected.pulses()) << "cell " << i;
    ++(expected.verified ? verified : failed);
    stuck += cell.stuck ? 1 : 0;
    for (auto gap = rng_() % 3; gap > 0; --gap) dut_.tick();
  }
  EXPECT_GT(verified, 3000);
  EXPECT_GT(failed, 1000);
  EXPECT_GT(stuck, 500);
}

TEST_F(WriteVerifyRtl, EndsAtOnceAndStartsAfreshWhereverItIsCleared) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int i = 0; i < 1000; ++i) {
    analog::PulseSettings settings = random_pulse_settings(rng_);
    start(random_cell(rng_), settings, random_place());
    for (auto wait = rng_() % 30; wait > 0; --wait) dut_.tick();
    dut_->clear_i = 1;
    dut_.tick();
    dut_->clear_i = 0;
    dut_.settle();
    ASSERT_FALSE(dut_->busy_o);
    for (int wait = 1; wait < 3; ++wait) dut_.tick();
    drivers::CellRecord cell = random_cell(rng_);
    settings = random_pulse_settings(rng_);
    const analog::PulsePlace place = random_place();
    start(cell, settings, place);
    finish(settings.budget);
    testing_support::write_cell(cell, settings, place);
    ASSERT_EQ(dut_->state_o, cell.state) << "round " << i;
    ASSERT_EQ(dut_->reads_o, cell.reads) << "round " << i;
    ASSERT_EQ(dut_->verified_o != 0, cell.verified) << "round " << i;
  }
}

}  // namespace
}  // namespace crossloop
