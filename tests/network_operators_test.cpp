// The operators of the float executor without a window, against the reference operators.
#include <gmock/gmock.h>

#include "tests/operator_checks.hpp"

namespace crossloop::tests {
namespace {

using namespace network;

constexpr Shape kInput = {4, 5, 3};

TEST(ExecutorActivation, FollowsItsDefinition) {
  const std::vector<Operator> operators = {Relu{},
                                           LeakyRelu{},
                                           LeakyRelu{.alpha = 1.5F},
                                           LeakyRelu{.alpha = -0.5F},
                                           Clip{},
                                           Clip{.low = 0.0F, .high = 6.0F},
                                           Clip{.low = -1.0F},
                                           Clip{.high = -2.0F},
                                           Sigmoid{},
                                           HardSigmoid{},
                                           HardSigmoid{.alpha = 1.0F / 6.0F, .beta = 0.25F},
                                           HardSwish{}};
  for (std::size_t i = 0; i < operators.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "operator " << i);
    for (const float magnitude : {0.5F, 10.0F}) expect_reference(operators[i], {kInput}, magnitude);
  }
}

TEST(ExecutorSigmoid, StaysFiniteFarFromZero) {
  EXPECT_EQ(run(network_of(Sigmoid{}, {{1, 1, 2}}), std::vector<float>{-1000, 1000}, 1),
            (std::vector<float>{0, 1}));
}

TEST(ExecutorQuantise, FollowsItsDefinition) {
  for (const float scale : {0.031F, 0.25F, 2.0F}) {
    for (const Quantise& op : {Quantise{scale, 128, 0, 255}, Quantise{scale, -3, -128, 127}}) {
      SCOPED_TRACE(testing::Message() << "scale " << scale << ", zero point " << op.zero_point);
      for (const float magnitude : {1.0F, 20.0F}) expect_reference(op, {kInput}, magnitude);
    }
  }
}

TEST(ExecutorQuantise, RoundsHalfToEvenAndSaturates) {
  const Quantise op{.scale = 0.5F, .zero_point = 1, .low = -2, .high = 4};
  EXPECT_EQ(run(network_of(op, {{1, 1, 8}}),
                std::vector<float>{-0.75F, -0.25F, 0.25F, 0.75F, 1.25F, 1.3F, 1e30F, -1e30F}, 1),
            (std::vector<float>{-1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.5F, 1.5F, -1.5F}));
}

TEST(ExecutorLinear, FollowsItsDefinition) {
  for (const int bias : {0, 9}) {
    expect_reference(Linear{.in_features = 37,
                            .out_features = 9,
                            .weight = random_floats(9 * 37, 1),
                            .bias = random_floats(bias, 2)},
                     {{37, 1, 1}});
  }
}

TEST(ExecutorBatchNorm, FollowsItsDefinition) {
  auto variance = random_floats(4, 4);
  for (float& v : variance) v = v * v;
  for (const float epsilon : {1e-5F, 0.1F}) {
    expect_reference(BatchNorm{.epsilon = epsilon,
                               .gamma = random_floats(4, 1),
                               .beta = random_floats(4, 2),
                               .mean = random_floats(4, 3),
                               .variance = variance},
                     {kInput});
  }
}

TEST(ExecutorSoftmax, SumsAlongAnyRangeOfAxes) {
  for (int first = 1; first <= 3; ++first) {
    for (int last = first; last <= 3; ++last) {
      SCOPED_TRACE(testing::Message() << "axes " << first << " to " << last);
      expect_reference(Softmax{first, last}, {kInput}, 5.0F);
    }
  }
}

TEST(ExecutorSoftmax, DoesNotOverflow) {
  EXPECT_EQ(run(network_of(Softmax{}, {{2, 1, 1}}), std::vector<float>{1000, 1000}, 1),
            (std::vector<float>{0.5F, 0.5F}));
}

TEST(ExecutorLrn, TakesOddAndEvenSizes) {
  for (const int size : {1, 2, 3, 4, 5, 8, 2147483647}) {
    SCOPED_TRACE(testing::Message() << "size " << size);
    expect_reference(Lrn{.size = size}, {{7, 2, 3}});
    const float alpha = static_cast<float>(size);
    expect_reference(Lrn{.size = size, .alpha = alpha, .beta = 0.6F, .bias = 0.5F}, {{7, 2, 3}},
                     2.0F);
  }
}

TEST(ExecutorAddAndMultiply, BroadcastOneValuePerChannel) {
  const std::vector<std::vector<Shape>> pairs = {
      {kInput, kInput}, {kInput, {4, 1, 1}}, {{4, 1, 1}, kInput}, {{4, 1, 1}, {4, 1, 1}}};
  for (const auto& pair : pairs) {
    SCOPED_TRACE(to_string(pair[0]) + " and " + to_string(pair[1]));
    expect_reference(Add{}, pair);
    expect_reference(Multiply{}, pair);
  }
}

TEST(ExecutorScaleShift, BroadcastsItsConstants) {
  for (int ones = 0; ones < 8; ++ones) {
    const Shape shape = {ones & 1 ? 1 : kInput.channels, ones & 2 ? 1 : kInput.height,
                         ones & 4 ? 1 : kInput.width};
    for (int present = 0; present < 4; ++present) {
      SCOPED_TRACE(to_string(shape) + " with " + std::to_string(present));
      expect_reference(ScaleShift{.shape = shape,
                                  .factor = random_floats(present & 1 ? shape.size() : 0, 1),
                                  .offset = random_floats(present & 2 ? shape.size() : 0, 2)},
                       {kInput});
    }
  }
}

TEST(ExecutorConcat, JoinsAlongEveryAxis) {
  expect_reference(Concat{1}, {{2, 3, 4}, {5, 3, 4}});
  expect_reference(Concat{1}, {{2, 3, 4}, {1, 3, 4}, {3, 3, 4}});
  expect_reference(Concat{2}, {{2, 3, 4}, {2, 1, 4}, {2, 2, 4}});
  expect_reference(Concat{3}, {{2, 3, 4}, {2, 3, 1}, {2, 3, 5}});
}

TEST(ExecutorReshape, KeepsTheOrderOfValues) {
  expect_reference(Flatten{}, {kInput});
  expect_reference(Reshape{{10, 2, 3}}, {kInput});
}

TEST(ExecutorPermute, TakesEveryOrder) {
  std::array<int, 3> axes = {1, 2, 3};
  do {
    SCOPED_TRACE(testing::PrintToString(axes));
    expect_reference(Permute{axes}, {kInput});
  } while (std::next_permutation(axes.begin(), axes.end()));
}

TEST(ExecutorPad, GrowsEveryAxisInEveryMode) {
  for (const auto mode : {Pad::Mode::kConstant, Pad::Mode::kReflect, Pad::Mode::kEdge}) {
    SCOPED_TRACE(static_cast<int>(mode));
    expect_reference(Pad{.before = {1, 2, 0}, .after = {3, 0, 2}, .mode = mode}, {kInput});
    expect_reference(Pad{.before = {0, 4, 2}, .after = {0, 1, 1}, .mode = mode, .value = -2.5F},
                     {kInput});
  }
  expect_reference(Pad{.before = {9, 0, 0}, .after = {0, 8, 7}, .mode = Pad::Mode::kEdge},
                   {kInput});
}

TEST(ExecutorSlice, StepsForwardsAndBackwards) {
  expect_reference(Slice{.count = {4, 5, 3}}, {kInput});
  expect_reference(Slice{.start = {0, 0, 0}, .step = {1, 2, 2}, .count = {4, 3, 2}}, {kInput});
  expect_reference(Slice{.start = {3, 4, 2}, .step = {-1, -1, -1}, .count = {4, 5, 3}}, {kInput});
  expect_reference(Slice{.start = {3, 3, 1}, .step = {-2, -3, 1}, .count = {2, 2, 1}}, {kInput});
}

}  // namespace
}  // namespace crossloop::tests
