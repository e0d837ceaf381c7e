#include "host/compiler/place.hpp"

#include <gmock/gmock.h>

#include "host/compiler/compile.hpp"
#include "host/engine/reference.hpp"
#include "host/error.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::ElementsAre;

Deployment compile_single(network::Network& network, const TileFormat& tile) {
  return compile(network, tile, test_device(), noisy_images(network.input_shape, 4, 3));
}

/// A linear layer with random weights, about half of them zero.
network::Network sparse_linear(int features, int outputs, unsigned seed) {
  network::Network network = single_linear(features, outputs);
  std::mt19937 rng(seed);
  for (float& weight : network::weight_of(network.nodes[0]).values) {
    weight = static_cast<float>(std::max(0.0, draw(rng, -1.0, 1.0)) * (rng() & 1U ? 1.0 : -1.0));
  }
  return network;
}

std::vector<std::int32_t> run_ideal(const Deployment& deployment, const Layer& layer,
                                    const std::vector<std::uint8_t>& input,
                                    engine::ConversionCounters& counters) {
  std::vector<std::int32_t> accumulators(static_cast<std::size_t>(layer.outputs));
  for (const std::int32_t id : layer.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    const auto codes = ideal_codes(crossbar, deployment.tile.code);
    engine::accumulate_page({codes, &crossbar.tables}, static_cast<std::uint32_t>(id), {}, 0, input,
                            accumulators, counters);
  }
  return accumulators;
}

TEST(Place, MakesIdealCellsAndAWideAdcEqualTheIntegerProduct) {
  struct Case {
    int rows, columns, cell_bits, weight_bits, adc_bits;
  };
  for (const Case& c : {Case{64, 64, 2, 8, 8},
                        {16, 16, 1, 8, 5},
                        {128, 64, 4, 8, 11},
                        {32, 24, 3, 6, 8},
                        {64, 64, 2, 2, 8}}) {
    SCOPED_TRACE(::testing::Message() << c.rows << "x" << c.columns << ", " << c.cell_bits
                                      << " bits per cell, " << c.weight_bits << "-bit weights");
    TileFormat tile = test_tile(c.rows, c.columns, c.cell_bits);
    tile.weight_bits = c.weight_bits;
    tile.adc_bits = c.adc_bits;
    network::Network network = sparse_linear(150, 11, 5);
    const Deployment deployment = compile_single(network, tile);
    const Layer& layer = deployment.layers[0];
    ASSERT_EQ(layer.accumulator_unit, 1.0);
    std::mt19937 rng(9);
    for (int vector = 0; vector < 4; ++vector) {
      std::vector<std::uint8_t> input(150);
      for (auto& x : input) x = static_cast<std::uint8_t>(vector == 0 ? 255 : rng() >> 24);
      engine::ConversionCounters counters;
      ASSERT_EQ(run_ideal(deployment, layer, input, counters), integer_product(layer, input));
      EXPECT_EQ(counters.clipped_high, 0);
      EXPECT_EQ(counters.clipped_low, 0);
    }
  }
}

TEST(Place, ChoosesAStepAtWhichTheLargestColumnSumJustFitsANarrowAdc) {
  TileFormat tile = test_tile(64, 64, 2);
  tile.adc_bits = 6;  // 64 rows of level 3 make 192, which needs a step of 4: 48
  network::Network network = single_linear(64, 8);
  const Deployment deployment = compile_single(network, tile);
  const Layer& layer = deployment.layers[0];
  EXPECT_EQ(deployment.crossbars[0].tables.columns[0].shift,
            tile.code.fraction_bits + kGainFractionBits + 2);
  EXPECT_EQ(layer.accumulator_unit, 4.0);
  engine::ConversionCounters counters;
  const std::vector<std::uint8_t> input(64, 255);
  const auto sums = run_ideal(deployment, layer, input, counters);
  EXPECT_EQ(counters.clipped_high, 0);
  EXPECT_EQ(sums[0] * 4, integer_product(layer, input)[0]);
}

TEST(Place, CountsRoundingWhenItFitsTheLargestColumnSum) {
  TileFormat tile = test_tile(128, 64, 2);
  tile.adc_bits = 6;  // 85 rows of level 3 make 255: at a step of 4 that rounds to 64, one too many
  network::Network network = single_linear(85, 8);
  const Deployment deployment = compile_single(network, tile);
  EXPECT_EQ(deployment.layers[0].accumulator_unit, 8.0);
  engine::ConversionCounters counters;
  run_ideal(deployment, deployment.layers[0], std::vector<std::uint8_t>(85, 255), counters);
  EXPECT_EQ(counters.clipped_high, 0);
}

TEST(Place, PacksOutputsInOrderWithTheColumnsOfEachSideBySide) {
  network::Network network = single_linear(20, 3);
  const Deployment deployment = compile_single(network, test_tile(16, 16, 2));
  ASSERT_EQ(deployment.crossbars.size(), 4u);  // 2 bands of 16 and 4 inputs, 2 outputs each
  const Crossbar& first = deployment.crossbars[0];
  EXPECT_EQ(first.row_count(), 16);
  ASSERT_EQ(first.column_count(), 16);
  for (int j = 0; j < 16; ++j) {
    const ColumnSetting& column = first.tables.columns[static_cast<std::size_t>(j)];
    EXPECT_EQ(column.output, j / 8);
    EXPECT_EQ(column.slice, j % 8 / 2);
    EXPECT_EQ(column.negative, j % 2 == 1);
    EXPECT_EQ(column.left_shift, 2 * column.slice);
  }
  EXPECT_EQ(deployment.crossbars[1].column_count(), 8);
  EXPECT_EQ(deployment.crossbars[3].band, 1);
  EXPECT_THAT(deployment.crossbars[3].tables.rows, ElementsAre(16, 17, 18, 19));
  // 127 = 3 + 4*3 + 16*3 + 64*1
  EXPECT_THAT(std::vector(first.levels.begin(), first.levels.begin() + 8),
              ElementsAre(3, 0, 3, 0, 3, 0, 1, 0));
}

TEST(Place, GivesPrunedSegmentsNoColumnsAndDeadInputsNoRow) {
  network::Network network = single_linear(32, 4);
  const auto weights = network::weight_of(network.nodes[0]).values;
  const auto zero = [&](int output, int input) {
    weights[static_cast<std::size_t>(output * 32 + input)] = 0.0F;
  };
  for (int k = 0; k < 16; ++k) zero(0, k), zero(2, k);  // two segments of band 0
  for (int o = 0; o < 4; ++o) zero(o, 5);               // an input nobody reads
  for (int o = 0; o < 2; ++o) zero(o, 20);              // one the first pair does not read
  const Deployment deployment = compile_single(network, test_tile(16, 16, 2));
  ASSERT_EQ(deployment.crossbars.size(), 3u);
  EXPECT_EQ(deployment.count(0).dense, 4);
  EXPECT_EQ(deployment.count(0).pruned, 3);
  const Crossbar& packed = deployment.crossbars[0];
  EXPECT_EQ(packed.tables.columns[0].output, 1);
  EXPECT_EQ(packed.tables.columns[8].output, 3);
  EXPECT_THAT(packed.tables.rows, ElementsAre(0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  EXPECT_EQ(deployment.crossbars[1].row_count(), 15);
  EXPECT_THAT(deployment.crossbars[1].tables.rows, ::testing::Not(::testing::Contains(20)));
  EXPECT_EQ(deployment.crossbars[2].row_count(), 16);
  EXPECT_EQ(deployment.cell_count(), 15 * 16 + 15 * 16 + 16 * 16);

  engine::ConversionCounters counters;
  const std::vector<std::uint8_t> input(32, 3);
  EXPECT_EQ(run_ideal(deployment, deployment.layers[0], input, counters),
            integer_product(deployment.layers[0], input));
}

TEST(Place, LeavesABandWithoutWeightsOut) {
  network::Network network = single_linear(48, 2);
  const auto weights = network::weight_of(network.nodes[0]).values;
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t k = 16; k < 32; ++k) weights[o * 48 + k] = 0.0F;
  }
  const Deployment deployment = compile_single(network, test_tile(16, 16, 2));
  ASSERT_EQ(deployment.crossbars.size(), 2u);
  EXPECT_EQ(deployment.crossbars[1].band, 2);
}

TEST(Place, KeepsTheCellOfAWeightThatRoundsToZero) {
  network::Network network = single_linear(16, 2);
  network::weight_of(network.nodes[0]).values[7] = 1e-6F;
  network::weight_of(network.nodes[0]).values[16 + 7] = 1e-6F;
  const Deployment deployment = compile_single(network, test_tile(16, 16, 2));
  EXPECT_EQ(deployment.layers[0].weights[7], 0);
  EXPECT_EQ(deployment.crossbars[0].row_count(), 16);
}

TEST(Place, GivesEveryColumnTheReadNoiseOfTheDevice) {
  analog::Device device = test_device();
  device.read_noise_over_g_max = 0.01;
  network::Network network = single_linear(16, 2);
  const TileFormat tile = test_tile(16, 16, 2);
  const Deployment deployment =
      compile(network, tile, device, noisy_images(network.input_shape, 4, 3));
  const std::int32_t sigma = analog::noise_sigma(device, tile.code);
  EXPECT_GT(sigma, 0);
  for (const ColumnSetting& column : deployment.crossbars[0].tables.columns) {
    EXPECT_EQ(column.sigma, sigma);
    EXPECT_EQ(column.reference, tile.code.reference);
    EXPECT_EQ(column.gain, kUnitGain);
    EXPECT_EQ(column.offset, 0);
  }
}

}  // namespace
}  // namespace crossloop::compiler
