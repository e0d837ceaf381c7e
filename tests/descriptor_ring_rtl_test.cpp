// The counters of the ring of rtl/crossloop.v over many times its length.
#include <gtest/gtest.h>

#include "tests/control_fixture.hpp"

namespace crossloop {
namespace {

using drivers::Reg;
using testing_support::CrossloopControlRtl;
namespace constant = drivers::constant;

TEST_F(CrossloopControlRtl, CountsDescriptorsThroughHundredsOfRings) {
  transport_->write_window(0, std::vector<std::uint32_t>(constant::RING_WORDS));  // NOPs
  device_->enable_interrupt(true, false);
  const auto run_ring_to = [this](std::uint32_t last) {
    transport_->write(Reg::DOORBELL, last);
    settle();
    ASSERT_EQ(transport_->read(Reg::COMPLETED), last);
    ASSERT_TRUE(transport_->interrupt());
    transport_->write(Reg::IRQ_ACK, last);
    ASSERT_EQ(transport_->read(Reg::IRQ_ACK), last);
    ASSERT_FALSE(transport_->interrupt());
  };
  for (std::uint32_t last = 8; last < 4096; last += 8) ASSERT_NO_FATAL_FAILURE(run_ring_to(last));
  transport_->write_window(7 * constant::DESCRIPTOR_WORDS, std::vector<std::uint32_t>{77});
  transport_->write(Reg::DOORBELL, 4096);
  settle();
  EXPECT_EQ(transport_->read(Reg::COMPLETED), 4095U);
  EXPECT_EQ(transport_->read(Reg::ERROR_INDEX), 4095U);
  device_->restart();
  EXPECT_EQ(transport_->read(Reg::ERROR_INDEX), 0U);
  EXPECT_EQ(transport_->read(Reg::COMPLETED), 4096U);
  EXPECT_EQ(transport_->read(Reg::IRQ_ACK), 4096U);
  transport_->write_window(7 * constant::DESCRIPTOR_WORDS, std::vector<std::uint32_t>{0});
  run_ring_to(4104);
}

}  // namespace
}  // namespace crossloop
