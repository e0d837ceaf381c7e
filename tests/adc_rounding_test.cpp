// The noise that stands for the steps of ADCs: by hand, and against what the engine rounds off.
#include "host/compiler/adc_rounding.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "host/compiler/compile.hpp"
#include "host/runtime/layer_errors.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::Each;
using ::testing::FloatEq;
using ::testing::Pointwise;

/// Of 2 bits per cell and 5 fraction bits: an ADC steps by one level at this shift.
constexpr int kOneLevel = kGainFractionBits + 5;

struct HandColumn {
  int output = 0;
  int slice = 0;
  int shift = kOneLevel;
};

/// Layer 1 of 2 outputs behind a digital layer, 4 input bits; input scale 0.5, weight scales 0.25
/// and 2. One crossbar per list of columns.
Deployment hand_made(const std::vector<std::vector<HandColumn>>& crossbars) {
  Deployment deployment;
  deployment.tile = test_tile();
  deployment.tile.input_bits = 4;
  deployment.tensors.resize(3);
  deployment.tensors[1].scale = 0.5;
  deployment.layers.resize(2);
  deployment.layers[0].kind = LayerKind::kMaxPool;
  Layer& layer = deployment.layers[1];
  layer.inputs = {1};
  layer.output = 2;
  layer.outputs = 2;
  layer.weight_scale = {0.25, 2.0};
  for (const auto& columns : crossbars) {
    layer.crossbars.push_back(static_cast<std::int32_t>(deployment.crossbars.size()));
    Crossbar crossbar;
    crossbar.layer = 1;
    for (const HandColumn& column : columns) {
      ColumnSetting setting;
      setting.output = column.output;
      setting.slice = column.slice;
      setting.shift = column.shift;
      crossbar.tables.columns.push_back(setting);
    }
    deployment.crossbars.push_back(crossbar);
  }
  return deployment;
}

/// Phases weigh 1, 4, 16 and 64.
constexpr double kPhases = 85.0;

TEST(AdcRounding, IsNoneWhereAStepIsOneLevelOrLess) {
  const Deployment deployment =
      hand_made({{{0, 0, kOneLevel}, {0, 3, kOneLevel - 1}, {1, 0, kOneLevel}, {1, 1, 0}}});
  EXPECT_THAT(adc_rounding_noise(deployment, 1), ::testing::ElementsAre(0.0F, 0.0F));
}

TEST(AdcRounding, AddsTheVariancesOfColumnsSlicesAndBands) {
  // Sums of integers rounded to multiples of 4 are off by 0, -1, 2 or 1: variance 5/4; of 2 by 0 or
  // 1: variance 1/4.
  const Deployment deployment =
      hand_made({{{0, 0, kOneLevel + 2}, {0, 0, kOneLevel + 2}, {1, 1, kOneLevel + 1}},
                 {{0, 1, kOneLevel + 2}, {1, 0, kOneLevel}}});
  const double first = 2 * 1.25 + 16 * 1.25;  // slice 1 weighs 4 in each sum
  const double second = 16 * 0.25;
  const std::vector<float> expected = {static_cast<float>(std::sqrt(first * kPhases) * 0.5 * 0.25),
                                       static_cast<float>(std::sqrt(second * kPhases) * 0.5 * 2.0)};
  EXPECT_THAT(adc_rounding_noise(deployment, 1), Pointwise(FloatEq(), expected));
}

TEST(AdcRounding, WeighsSlicesByTheBitsOfACell) {
  Deployment deployment = hand_made({{{1, 1, kOneLevel + 1}}});
  const float two_bits = adc_rounding_noise(deployment, 1)[1];
  deployment.tile.code.cell_bits = 4;  // slice 1 weighs 16 in place of 4
  EXPECT_FLOAT_EQ(adc_rounding_noise(deployment, 1)[1], 4.0F * two_bits);
  deployment.tile.code.fraction_bits = 6;  // half a level in place of a whole one
  EXPECT_THAT(adc_rounding_noise(deployment, 1), Each(0.0F));
}

TEST(AdcRounding, IsTheMeanOfParallelColumnsAndCopies) {
  // Accumulators 0 and 1 are two columns of output 0, only one of them rounded.
  Deployment deployment = hand_made({{{0, 0, kOneLevel + 2}, {1, 0, kOneLevel}, {2, 0, 0}}});
  deployment.layers[1].columns_per_vector = 2;
  const auto scaled = [](double variance) {
    return static_cast<float>(std::sqrt(variance * kPhases) * 0.5 * 0.25);
  };
  EXPECT_FLOAT_EQ(adc_rounding_noise(deployment, 1)[0], scaled(1.25 / 2.0));
  EXPECT_EQ(adc_rounding_noise(deployment, 1)[1], 0.0F);
  deployment.layers[1].columns_per_vector = 1;
  deployment.layers[1].parts = 2;
  EXPECT_FLOAT_EQ(adc_rounding_noise(deployment, 1)[0], scaled(1.25 / 2.0));
}

struct Case {
  std::string name;
  int rows = 64;
  int coarse = 1;  ///< an ADC steps by 2^coarse levels
  Encoding encoding = Encoding::kDifferential;
  bool convolution = false;
  Mapping mapping = Mapping::kFolded;
  bool coarse_unit = false;  ///< the unit column rounds as the others do
};

class RoundedLayer : public ::testing::TestWithParam<Case> {
 protected:
  /// Layer 0 compiled, its ADCs too wide to clip; a unit column keeps steps of one level
  /// where it is not coarse, too.
  RoundedLayer() : images_(noisy_images(input_shape(), GetParam().convolution ? 24 : 400, 7)) {
    network::Network network = GetParam().convolution ? small_resnet() : random_linear();
    TileFormat tile = test_tile(GetParam().rows, 64);
    tile.encoding = GetParam().encoding;
    tile.adc_bits = 12;
    CompileOptions options;
    options.placement.mapping = GetParam().mapping;
    deployment_ = compile(network, tile, test_device(), images_, options);
    for (const std::int32_t id : deployment_.layers[0].crossbars) {
      auto& columns = deployment_.crossbars[static_cast<std::size_t>(id)].tables.columns;
      const int fine = GetParam().coarse_unit ? 0 : tile.unit_columns();
      const std::size_t coarse = columns.size() - static_cast<std::size_t>(fine);
      for (std::size_t j = 0; j < coarse; ++j) columns[j].shift = kOneLevel + GetParam().coarse;
    }
    finish_layer(deployment_, 0);
  }

  static network::Shape input_shape() {
    return GetParam().convolution ? network::Shape{3, 8, 8} : network::Shape{100, 1, 1};
  }
  static network::Network random_linear() {
    network::Network network = single_linear(100, 5);
    std::mt19937 rng(3);
    for (float& weight : std::get<network::Linear>(network.nodes[0].op).weight) {
      weight = static_cast<float>(draw(rng, -1.0, 1.0));
    }
    return network;
  }

  /// Standard deviation of accumulator minus exact product in units of w_q x_q, by output.
  std::vector<double> measured() const {
    runtime::EngineBackend engine = runtime::ideal_tiles(deployment_);
    const auto activations = runtime::start_batch(deployment_, images_, 0, images_.count);
    const auto got =
        runtime::run_layer(deployment_, 0, engine, {}, 0, images_.count, activations).accumulators;
    const auto exact = runtime::layer_products(deployment_, 0, activations);
    const auto outputs = static_cast<std::size_t>(deployment_.layers[0].outputs);
    std::vector<double> sum(outputs), square(outputs), deviation;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double error =
          deployment_.layers[0].accumulator_unit * got[i] - static_cast<double>(exact[i]);
      sum[i % outputs] += error;
      square[i % outputs] += error * error;
    }
    const double count = static_cast<double>(got.size() / outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      deviation.push_back(std::sqrt(square[o] / count - sum[o] * sum[o] / count / count));
    }
    return deviation;
  }

  data::Dataset images_;
  Deployment deployment_;
};

TEST_P(RoundedLayer, IsOffByTheNoisePredicted) {
  const std::vector<float> noise = adc_rounding_noise(deployment_, 0);
  const std::vector<double> found = measured();
  ASSERT_EQ(noise.size(), found.size());
  double predicted = 0.0, actual = 0.0;
  for (std::size_t o = 0; o < noise.size(); ++o) {
    const double unit = deployment_.tensors[0].scale * deployment_.layers[0].weight_scale[o];
    predicted += std::pow(noise[o] / unit, 2);
    actual += std::pow(found[o], 2);
  }
  // 1500 to 2000 samples know a deviation to 2 %; the rest is that few sums are not quite uniform.
  EXPECT_GT(predicted, 0.0);
  EXPECT_NEAR(std::sqrt(actual / predicted), 1.0, 0.15);
}

INSTANTIATE_TEST_SUITE_P(
    Layers, RoundedLayer,
    ::testing::Values(
        Case{.name = "linear"}, Case{.name = "tall", .rows = 128, .coarse = 3},
        Case{.name = "offset", .coarse = 2, .encoding = Encoding::kOffset},
        Case{
            .name = "unit_column", .coarse = 2, .encoding = Encoding::kOffset, .coarse_unit = true},
        Case{.name = "convolution", .convolution = true},
        Case{.name = "semi_folded", .convolution = true, .mapping = Mapping::kSemiFolded}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace crossloop::compiler
