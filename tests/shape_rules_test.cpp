// What each operator makes of its input shapes, and how it refuses those that do not fit.
#include <gmock/gmock.h>

#include <limits>

#include "host/error.hpp"
#include "tests/operator_checks.hpp"

namespace crossloop::tests {
namespace {

using namespace network;
using testing::HasSubstr;

constexpr Shape kInput = {4, 5, 3};
constexpr int kHuge = std::numeric_limits<int>::max();

/// The output shape, or the refusal.
std::string shape_of(Operator op, const std::vector<Shape>& inputs = {kInput}) {
  try {
    return to_string(infer_shapes(network_of(std::move(op), inputs)).at("output"));
  } catch (const InputError& error) {
    return error.what();
  }
}

TEST(ShapeRules, RoundPoolsUpWhereAskedButStartNoneInThePaddingBehind) {
  Window w = square(2, 2);
  EXPECT_EQ(shape_of(MaxPool{w}), "[4, 2, 1]");
  w.ceil_mode = true;
  EXPECT_EQ(shape_of(MaxPool{w}), "[4, 3, 2]");
  w = square(2, 3, 1);  // rows start at -1, 2 and 5, which is in the padding
  w.ceil_mode = true;
  EXPECT_EQ(shape_of(AveragePool{w}), "[4, 2, 2]");
}

TEST(ShapeRules, RefuseWindowsOutOfRange) {
  EXPECT_THAT(shape_of(MaxPool{{.kernel_h = 0}}), HasSubstr("must be at least 1"));
  EXPECT_THAT(shape_of(MaxPool{{.stride_w = 0}}), HasSubstr("must be at least 1"));
  EXPECT_THAT(shape_of(MaxPool{{.pad_left = -1}}), HasSubstr("must not be negative"));
  EXPECT_THAT(shape_of(MaxPool{{.kernel_h = 6}}), HasSubstr("window of 6x1 is larger"));
  EXPECT_THAT(shape_of(MaxPool{{.kernel_h = kHuge, .dilation_h = kHuge}}), HasSubstr("is larger"));
  EXPECT_THAT(shape_of(random_conv(4, 1, {.pad_top = kHuge, .pad_bottom = kHuge}, 1, false)),
              HasSubstr("padding is out of range"));
  EXPECT_THAT(shape_of(AveragePool{{.kernel_w = 2, .dilation_w = 2}}),
              HasSubstr("dilation must be 1"));
  EXPECT_THAT(shape_of(random_conv(4, 4, {.ceil_mode = true}, 1, false)),
              HasSubstr("node node (Conv): ceil_mode is for pools"));
}

TEST(ShapeRules, RefuseGroupsThatDoNotDivideTheChannels) {
  const auto ungrouped = [](int groups) {
    Conv op = random_conv(4, 6, {}, 1, false);
    op.groups = groups;
    return op;
  };
  EXPECT_EQ(shape_of(random_conv(4, 6, {}, 2, true)), "[6, 5, 3]");
  EXPECT_THAT(shape_of(ungrouped(4)),
              HasSubstr("4 groups, which do not divide 4 input and 6 output channels"));
  EXPECT_THAT(shape_of(ungrouped(0)), HasSubstr("0 groups"));
}

TEST(ShapeRules, RefuseParametersThatDoNotFit) {
  EXPECT_THAT(shape_of(Clip{.low = 1, .high = 0}), HasSubstr("expected an interval"));
  EXPECT_THAT(shape_of(Clip{.low = std::numeric_limits<float>::quiet_NaN()}),
              HasSubstr("expected an interval"));
  EXPECT_THAT(shape_of(Softmax{0, 1}), HasSubstr("axis 0, expected 1 (channels), 2 or 3"));
  EXPECT_THAT(shape_of(Softmax{2, 4}), HasSubstr("axis 4"));
  EXPECT_THAT(shape_of(Softmax{3, 2}), HasSubstr("wrong order"));
  EXPECT_THAT(shape_of(Lrn{.size = 0}), HasSubstr("size 0, expected at least 1"));
  EXPECT_THAT(shape_of(BatchNorm{.gamma = {1}, .beta = {}, .mean = {}, .variance = {}}),
              HasSubstr("gamma has 1 values, expected 4"));
  for (const Quantise& op : {Quantise{.scale = 0}, Quantise{.scale = -1},
                             Quantise{.zero_point = 256}, Quantise{.low = 255, .high = 255},
                             Quantise{.scale = std::numeric_limits<float>::infinity()}}) {
    EXPECT_THAT(shape_of(op), HasSubstr("do not fit"));
  }
}

TEST(ShapeRules, RefuseConstantsThatDoNotBroadcast) {
  EXPECT_THAT(
      shape_of(ScaleShift{.shape = {4, 1, 2}, .factor = std::vector<float>(8), .offset = {}}),
      HasSubstr("a constant of [4, 1, 2] does not fit its input [4, 5, 3]"));
  EXPECT_THAT(
      shape_of(ScaleShift{.shape = {4, 1, 1}, .factor = {}, .offset = std::vector<float>(3)}),
      HasSubstr("offset has 3 values, expected 4"));
}

TEST(ShapeRules, BroadcastOnlyOneValuePerChannel) {
  EXPECT_EQ(shape_of(Multiply{}, {{4, 1, 1}, kInput}), "[4, 5, 3]");
  EXPECT_THAT(shape_of(Add{}, {kInput, {1, 5, 3}}), HasSubstr("its inputs differ"));
  EXPECT_THAT(shape_of(Add{}, {kInput, {4, 5, 1}}), HasSubstr("its inputs differ"));
  EXPECT_THAT(shape_of(Multiply{}), HasSubstr("1 inputs, expected 2"));
  EXPECT_THAT(shape_of(Relu{}, {kInput, kInput}), HasSubstr("2 inputs, expected 1"));
}

TEST(ShapeRules, JoinAlongTheAxisAlone) {
  EXPECT_EQ(shape_of(Concat{2}, {kInput, {4, 1, 3}}), "[4, 6, 3]");
  EXPECT_THAT(shape_of(Concat{1}, {kInput, {4, 1, 3}}), HasSubstr("differ beside axis 1"));
  EXPECT_THAT(shape_of(Concat{4}, {kInput, kInput}), HasSubstr("axis 4"));
}

TEST(ShapeRules, MoveAxesAndKeepSizes) {
  EXPECT_EQ(shape_of(Permute{{3, 1, 2}}), "[3, 4, 5]");
  EXPECT_THAT(shape_of(Permute{{1, 1, 2}}), HasSubstr("no permutation"));
  EXPECT_EQ(shape_of(Reshape{{1, 60, 1}}), "[1, 60, 1]");
  EXPECT_THAT(shape_of(Reshape{{1, 59, 1}}), HasSubstr("[4, 5, 3] has no shape [1, 59, 1]"));
  EXPECT_THAT(shape_of(Reshape{{-4, -5, 3}}), HasSubstr("has no shape"));
  EXPECT_THAT(shape_of(Reshape{{kHuge, kHuge, kHuge}}), HasSubstr("has no shape"));
}

TEST(ShapeRules, RefusePaddingOutOfRange) {
  EXPECT_EQ(shape_of(Pad{.before = {1, 0, 2}, .after = {0, 3, 0}}), "[5, 8, 5]");
  EXPECT_THAT(shape_of(Pad{.before = {-1, 0, 0}}), HasSubstr("padding -1, 0 is out of range"));
  EXPECT_THAT(shape_of(Pad{.after = {0, 0, kHuge}}), HasSubstr("out of range"));
  EXPECT_THAT(shape_of(Pad{.after = {kHuge / 9, kHuge / 9, 0}}), HasSubstr("is out of range"));
  EXPECT_THAT(shape_of(Pad{.after = {0, 0, 3}, .mode = Pad::Mode::kReflect}),
              HasSubstr("must be smaller than the axis of 3"));
}

TEST(ShapeRules, RefuseSlicesBeyondTheAxis) {
  EXPECT_EQ(shape_of(Slice{.start = {0, 4, 0}, .step = {1, -2, 2}, .count = {4, 3, 2}}),
            "[4, 3, 2]");
  EXPECT_THAT(shape_of(Slice{.count = {4, 5, 4}}), HasSubstr("4 elements from 0 in steps of 1"));
  EXPECT_THAT(shape_of(Slice{.start = {0, 4, 0}, .step = {1, -2, 1}, .count = {4, 4, 3}}),
              HasSubstr("along an axis of 5"));
  EXPECT_THAT(shape_of(Slice{.step = {0, 1, 1}, .count = {1, 5, 3}}), HasSubstr("steps of 0"));
  EXPECT_THAT(shape_of(Slice{.count = {0, 5, 3}}), HasSubstr("0 elements"));
}

}  // namespace
}  // namespace crossloop::tests
