// The INL tables of rtl/crossloop.v: loading, taking away, reset and restart.
#include <gmock/gmock.h>

#include "tests/control_fixture.hpp"

namespace crossloop {
namespace {

using drivers::ErrorCode;
using drivers::LayerDescriptor;
using drivers::Opcode;
using drivers::Reg;
namespace constant = drivers::constant;

analog::InlTable flat_inl(int correction) {
  analog::InlTable table;
  table.fill(static_cast<std::int8_t>(correction));
  return table;
}

class InlRtl : public testing_support::CrossloopControlRtl {
 protected:
  InlRtl() {
    load(0, {.inputs = 16, .outputs = 5});
    image_ = device_->store_page(0);
  }

  /// Whether page 0 does what the plain model says.
  bool agrees() {
    engine::ConversionCounters counters;
    return device_->run_layer(kLayer, kVectors) == expected(kLayer, kVectors, counters);
  }

  void load_again() {
    device_->load_page(0, image_);
    device_->load_table(0, testing_support::table_words(pages_[0].page.tables, {16, 16, 8}),
                        pages_[0].crossbar);
  }

  const LayerDescriptor kLayer{.inputs = 16, .outputs = 5, .skip_zero = false};
  const std::vector<std::uint8_t> kVectors = std::vector<std::uint8_t>(48, 0xA5);
  std::vector<std::uint32_t> image_;
};

TEST_F(InlRtl, KeepsATableUntilItIsTakenAway) {
  EXPECT_TRUE(agrees());
  device_->load_inl(0, analog::InlTable{});
  EXPECT_TRUE(agrees());
  pages_[0].inl = flat_inl(-7);
  EXPECT_FALSE(agrees());  // not loaded yet
  device_->load_inl(0, pages_[0].inl);
  EXPECT_TRUE(agrees());
  load_again();
  EXPECT_TRUE(agrees());
  device_->restart();
  EXPECT_TRUE(agrees());
  device_->load_inl(0, std::nullopt);
  EXPECT_FALSE(agrees());
  pages_[0].inl.reset();
  EXPECT_TRUE(agrees());
}

TEST_F(InlRtl, HasNoTableAfterASoftReset) {
  device_->load_inl(0, flat_inl(-7));
  EXPECT_FALSE(agrees());
  device_->soft_reset();
  load_again();
  EXPECT_TRUE(agrees());
}

TEST_F(InlRtl, HasNoTableWhereItsLoadWasCutOff) {
  device_->load_inl(0, flat_inl(-7));
  put(Opcode::LOAD_INL, {{2, 128}, {3, 1}});
  for (int i = 0; i < 10; ++i) transport_->read(Reg::STATUS);
  device_->restart();
  EXPECT_TRUE(agrees());
}

TEST_F(InlRtl, RefusesBadFlagsAndPages) {
  EXPECT_EQ(error_of(Opcode::LOAD_INL, {{2, 128}, {3, 1}}), ErrorCode::NONE);
  for (std::uint32_t index = 4; index < constant::DESCRIPTOR_WORDS; ++index) {
    EXPECT_EQ(error_of(Opcode::LOAD_INL, {{2, 128}, {3, 1}, {index, 1}}),
              ErrorCode::NONZERO_RESERVED);
  }
  EXPECT_EQ(error_of(Opcode::LOAD_INL, {{2, 128}, {3, 2}}), ErrorCode::NONZERO_RESERVED);
  EXPECT_EQ(error_of(Opcode::LOAD_INL, {{2, 128}, {3, 3}}), ErrorCode::NONZERO_RESERVED);
  EXPECT_EQ(error_of(Opcode::LOAD_INL, {{1, 16}, {2, 128}, {3, 1}}), ErrorCode::BAD_PAGE);
  EXPECT_EQ(error_of(Opcode::LOAD_INL, {{1, 16}}), ErrorCode::BAD_PAGE);
}

}  // namespace
}  // namespace crossloop
