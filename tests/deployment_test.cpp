#include "host/compiler/deployment.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "host/compiler/compile.hpp"
#include "host/compiler/fixed_point.hpp"
#include "host/error.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// One layer of one output over `rows` inputs on a 16x16 tile, 8-bit ADCs.
Deployment one_output(int rows = 16) {
  network::Network network = single_linear(rows, 1);
  return compile(network, test_tile(16, 16), test_device(),
                 noisy_images(network.input_shape, 4, 3));
}

TEST(FixedRatio, IsTheNearestSixteenBitMultiplier) {
  for (const double ratio : {1.0, 0.3, 1.0 / 3.0, 12345.678, 65535.0, 1e-6, 0.99999999}) {
    const FixedRatio fixed = fixed_ratio(ratio, "test");
    EXPECT_GE(fixed.multiplier, 0x8000) << ratio;
    EXPECT_LE(fixed.multiplier, 0xFFFF) << ratio;
    EXPECT_NEAR(fixed.value() / ratio, 1.0, 1.0 / 0x10000) << ratio;
  }
}

TEST(FixedRatio, LosesBitsOnlyBelowTheLargestShift) {
  const FixedRatio small = fixed_ratio(std::ldexp(3.0, -47), "test");
  EXPECT_EQ(small.multiplier, 3);
  EXPECT_EQ(small.shift, 47);
  EXPECT_EQ(fixed_ratio(0.0, "test").multiplier, 0);
}

TEST(FixedRatio, RefusesWhatHasNoMultiplier) {
  for (const double ratio : {-1.0, 65536.0, double{INFINITY}, double{NAN}}) {
    EXPECT_THAT([&] { fixed_ratio(ratio, "layer 'x'"); },
                ThrowsMessage<InputError>(HasSubstr("layer 'x'")));
  }
}

TEST(FinishLayer, TakesExponentsFromTheSmallestShiftOfTheLayer) {
  Deployment deployment = one_output(32);
  ASSERT_EQ(deployment.crossbars.size(), 2u);
  const int fraction = deployment.tile.code.fraction_bits + kGainFractionBits;
  for (Crossbar& crossbar : deployment.crossbars) {
    for (ColumnSetting& column : crossbar.tables.columns) column.shift = fraction + 3;
  }
  deployment.crossbars[1].tables.columns[2].shift = fraction + 1;
  finish_layer(deployment, 0);
  EXPECT_EQ(deployment.layers[0].accumulator_unit, 2.0);
  EXPECT_EQ(deployment.crossbars[0].tables.columns[2].left_shift, 2 * 1 + 2);
  EXPECT_EQ(deployment.crossbars[1].tables.columns[2].left_shift, 2 * 1 + 0);
}

TEST(FinishLayer, RefusesAnAccumulatorThatCouldOverflow) {
  Deployment deployment = one_output();
  auto& columns = deployment.crossbars[0].tables.columns;
  // 255 * 255 << (2 * 3 + e) plus the other columns stays below 2^31 up to e = 9.
  columns[6].shift += 9;
  EXPECT_NO_THROW(finish_layer(deployment, 0));
  columns[6].shift += 1;
  EXPECT_THAT([&] { finish_layer(deployment, 0); },
              ThrowsMessage<InputError>(HasSubstr("2147483647")));
}

TEST(FinishLayer, CountsTheZeroCodeIntoTheReachOfAnAccumulator) {
  Deployment deployment = one_output();
  auto& columns = deployment.crossbars[0].tables.columns;
  columns[6].shift += 10;
  EXPECT_THROW(finish_layer(deployment, 0), InputError);
  columns[6].zero_code = 128;  // now -128..127 instead of 0..255
  EXPECT_NO_THROW(finish_layer(deployment, 0));
}

TEST(SetOutputScales, MapsAccumulatorsToTheRealOutput) {
  Deployment deployment = one_output();
  Layer& layer = deployment.layers[0];
  layer.range = {.zero = 30, .low = 0, .high = 255};
  layer.pad_values.assign(16, 3);
  layer.accumulator_unit = 4.0;
  layer.weight_scale = {0.02};
  layer.affine_gain = {0.7};
  layer.affine_offset = {-1.3};
  deployment.tensors[0].scale = 0.05;
  deployment.tensors[1].scale = 0.11;
  set_output_scales(deployment, 0);
  const double zero_point_product = 16 * 127 * 3;
  for (int accumulator = -5000; accumulator < 20000; accumulator += 77) {
    const double z = 0.05 * 0.02 * (4.0 * accumulator - zero_point_product);
    const double q = std::clamp((0.7 * z - 1.3) / 0.11 + 30.0, 0.0, 255.0);
    const int found = engine::requantise(accumulator, layer.scales[0], layer.range);
    ASSERT_NEAR(found, q, 0.52) << accumulator;
  }
}

TEST(SetOutputScales, TakesAMeasuredZeroPointSum) {
  Deployment deployment = one_output();
  deployment.layers[0].pad_values.assign(16, 3);
  set_output_scales(deployment, 0);
  const std::int32_t nominal = deployment.layers[0].scales[0].bias;
  set_output_scales(deployment, 0, {16 * 127 * 3 - 50.0});
  EXPECT_EQ(deployment.layers[0].scales[0].bias, nominal + 50);
  EXPECT_THROW(set_output_scales(deployment, 0, {1.0, 2.0}), InputError);
}

TEST(SetOutputScales, MakesAChannelWithoutGainTheConstantItIs) {
  Deployment deployment = one_output();
  Layer& layer = deployment.layers[0];
  layer.range = {.zero = 10, .low = 0, .high = 255};
  layer.affine_offset = {20.0};
  deployment.tensors[1].scale = 0.25;
  for (const double gain : {0.0, 1e-12}) {
    layer.affine_gain = {gain};
    set_output_scales(deployment, 0);
    EXPECT_EQ(engine::requantise(0, layer.scales[0], layer.range), 90);
    EXPECT_EQ(engine::requantise(100'000, layer.scales[0], layer.range), 90);
    EXPECT_EQ(engine::requantise(-100'000, layer.scales[0], layer.range), 90);
  }
  layer.affine_offset = {0.0};
  set_output_scales(deployment, 0);
  EXPECT_EQ(engine::requantise(5000, layer.scales[0], layer.range), 10);
}

TEST(DeploymentCount, IsZeroForLayersWithoutCrossbars) {
  Deployment deployment = one_output();
  deployment.layers[0].kind = LayerKind::kMaxPool;
  EXPECT_EQ(deployment.count(0).dense, 0);
  EXPECT_THROW(deployment.count(1), std::out_of_range);
}

}  // namespace
}  // namespace crossloop::compiler
