// Proven ADCs give exact integer products and cannot do with a bit less; what inspect says of a
// deployment follows from its columns and levels alone.
#include "host/compiler/adc_proof.hpp"

#include <gmock/gmock.h>

#include "host/compiler/adc_summary.hpp"
#include "host/compiler/compile.hpp"
#include "host/compiler/mapping.hpp"
#include "host/compiler/tile_sparsity.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/gather.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// One layer "fc" of random weights, a fifth of them 0.
network::Network random_linear(int features, int outputs, unsigned seed) {
  network::Network network = single_linear(features, outputs);
  std::mt19937 rng(seed);
  for (float& weight : std::get<network::Linear>(network.nodes[0].op).weight) {
    weight = rng() % 5 == 0 ? 0.0F : static_cast<float>(draw(rng, -1.0, 1.0));
  }
  return network;
}

/// Noise, and one image at whose every phase all word lines are driven.
data::Dataset images_of(const network::Network& network) {
  data::Dataset images = noisy_images(network.input_shape, 20, 7);
  const auto size = static_cast<std::ptrdiff_t>(network.input_shape.size());
  std::fill_n(images.pixels.begin(), size, std::uint8_t{255});
  return images;
}

struct Case {
  std::string name;
  Encoding encoding = Encoding::kDifferential;
  int rows = 64, cell_bits = 2;
  AdcGroup group = AdcGroup::kSlice;
  bool convolution = false;
  Mapping mapping = Mapping::kFolded;
};

/// One compiled layer on ideal cells.
struct Proof {
  explicit Proof(const Case& c, unsigned seed = 3)
      : network(c.convolution ? small_resnet(seed) : random_linear(100, 5, seed)),
        images(images_of(network)) {
    TileFormat tile = test_tile(c.rows, 64, c.cell_bits);
    tile.encoding = c.encoding;
    CompileOptions options;
    options.placement.mapping = c.mapping;
    deployment = compile(network, tile, test_device(), images, options);
    prove_adcs(deployment, 0, c.group);
  }

  runtime::LayerResult run() const {
    runtime::EngineBackend engine = runtime::ideal_tiles(deployment);
    const auto activations = runtime::start_batch(deployment, images, 0, images.count);
    return runtime::run_layer(deployment, 0, engine, {}, 0, images.count, activations);
  }

  /// [images * positions][N] of exact products.
  std::vector<std::int32_t> products() const {
    const Layer& layer = deployment.layers[0];
    const auto activations = runtime::start_batch(deployment, images, 0, images.count);
    const auto windows = runtime::gather_windows(deployment, 0, activations);
    const auto inputs = static_cast<std::size_t>(layer.inputs_per_output);
    std::vector<std::int32_t> products;
    for (std::size_t first = 0; first < windows.size(); first += inputs) {
      const auto one = integer_product(layer, std::span(windows).subspan(first, inputs));
      products.insert(products.end(), one.begin(), one.end());
    }
    return products;
  }

  network::Network network;
  data::Dataset images;
  Deployment deployment;
};

class ProvenAdc : public ::testing::TestWithParam<Case> {};

TEST_P(ProvenAdc, GivesExactIntegerProductsWithoutClipping) {
  for (const unsigned seed : {3U, 4U, 5U}) {
    const Proof proof(GetParam(), seed);
    const auto result = proof.run();
    EXPECT_EQ(proof.deployment.layers[0].accumulator_unit, 1.0);
    EXPECT_EQ(result.accumulators, proof.products());
    EXPECT_EQ(result.counters.clipped_low, 0);
    EXPECT_EQ(result.counters.clipped_high, 0);
    const LayerAdcs adcs = summarise_adcs(proof.deployment)[0];
    for (const AdcColumns& columns : adcs.columns) {
      EXPECT_EQ(columns.doubt, AdcDoubt::kNone);
    }
  }
}

TEST_P(ProvenAdc, WouldClipWithOneBitLess) {
  Proof proof(GetParam());
  for (Crossbar& crossbar : proof.deployment.crossbars) {
    if (crossbar.layer != 0) continue;
    for (ColumnSetting& column : crossbar.tables.columns)
      column.bits = std::max(1, column.bits - 1);
  }
  const auto result = proof.run();
  EXPECT_GT(result.counters.clipped_high, 0);
  EXPECT_NE(result.accumulators, proof.products());
  std::int64_t clipping = 0;
  const LayerAdcs adcs = summarise_adcs(proof.deployment)[0];
  for (const AdcColumns& columns : adcs.columns) {
    if (columns.doubt == AdcDoubt::kClips) clipping += columns.columns;
  }
  EXPECT_GT(clipping, 0);
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Layers, ProvenAdc,
    ::testing::Values(
        Case{.name = "slice"}, Case{.name = "layer", .group = AdcGroup::kLayer},
        Case{.name = "column", .group = AdcGroup::kColumn}, Case{.name = "one_bit", .cell_bits = 1},
        Case{.name = "four_bits", .cell_bits = 4},
        Case{.name = "tall", .rows = 256, .cell_bits = 4, .group = AdcGroup::kColumn},
        Case{.name = "offset", .encoding = Encoding::kOffset},
        Case{.name = "offset_layer", .encoding = Encoding::kOffset, .group = AdcGroup::kLayer},
        Case{.name = "offset_column", .encoding = Encoding::kOffset, .group = AdcGroup::kColumn},
        Case{.name = "convolution", .group = AdcGroup::kColumn, .convolution = true},
        Case{.name = "semi_folded", .convolution = true, .mapping = Mapping::kSemiFolded}),
    name_of);

/// Four inputs, weights 127, 64 and 0: levels of slice 0 to 3 are 3 3 3 1, 0 0 0 1 and 0.
Deployment three_weights() {
  network::Network network = single_linear(4, 2);
  std::get<network::Linear>(network.nodes[0].op).weight = {127.0F, 64.0F,  0.0F, 0.0F,
                                                           127.0F, 127.0F, 0.0F, -127.0F};
  return compile(network, test_tile(), test_device(), noisy_images(network.input_shape, 4, 3));
}

std::vector<int> bits_of(const Deployment& deployment) {
  std::vector<int> bits;
  for (const ColumnSetting& column : deployment.crossbars[0].tables.columns) {
    bits.push_back(column.bits);
  }
  return bits;
}

TEST(ProveAdcs, TakeTheFullestColumnOfTheGroup) {
  Deployment deployment = three_weights();
  EXPECT_THAT(column_level_sums(deployment.crossbars[0]),
              ElementsAre(3, 0, 3, 0, 3, 0, 2, 0, 6, 3, 6, 3, 6, 3, 2, 1));
  prove_adcs(deployment, 0, AdcGroup::kColumn);
  EXPECT_THAT(bits_of(deployment), ElementsAre(2, 1, 2, 1, 2, 1, 2, 1, 3, 2, 3, 2, 3, 2, 2, 1));
  prove_adcs(deployment, 0, AdcGroup::kSlice);
  EXPECT_THAT(bits_of(deployment), ElementsAre(3, 3, 3, 3, 3, 3, 2, 2, 3, 3, 3, 3, 3, 3, 2, 2));
  prove_adcs(deployment, 0, AdcGroup::kLayer);
  EXPECT_THAT(bits_of(deployment), Each(3));
  for (const ColumnSetting& column : deployment.crossbars[0].tables.columns) {
    EXPECT_EQ(column.shift, 8 + 5);
    EXPECT_EQ(column.zero_code, 0);
    EXPECT_EQ(column.offset, 0);
    EXPECT_EQ(column.left_shift, 2 * column.slice);
  }
}

TEST(ProveAdcs, BitsTellEverySumApart) {
  EXPECT_EQ(bits_for_sum(0), 1);
  EXPECT_EQ(bits_for_sum(1), 1);
  EXPECT_EQ(bits_for_sum(2), 2);
  EXPECT_EQ(bits_for_sum(255), 8);
  EXPECT_EQ(bits_for_sum(256), 9);
}

TEST(ProveAdcs, NamesLayerAndBitsWhereTwelveDoNotDo) {
  network::Network network = single_linear(512, 1);  // 512 rows at level 15
  Deployment deployment = compile(network, test_tile(512, 64, 4), test_device(),
                                  noisy_images(network.input_shape, 2, 3));
  const auto before = deployment.crossbars;
  EXPECT_THAT([&] { prove_adcs(deployment, 0, AdcGroup::kSlice); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("layer 'fc'"), HasSubstr("slice 0"),
                                              HasSubstr("7680 levels"), HasSubstr("13 bits"),
                                              HasSubstr("at most 12"))));
  EXPECT_EQ(deployment.crossbars, before);
}

TEST(AdcDoubt, ProvesOnlyWhatHoldsEverySum) {
  const analog::CodeFormat format = test_tile().code;  // a level is 32 code units
  ColumnSetting column;
  column.reference = format.reference;
  column.shift = 8 + 5;
  column.bits = 4;
  EXPECT_EQ(adc_doubt(column, 15, format), AdcDoubt::kNone);
  EXPECT_EQ(adc_doubt(column, 16, format), AdcDoubt::kClips);
  column.zero_code = 2;
  column.offset = 2 << column.shift;
  EXPECT_EQ(adc_doubt(column, 13, format), AdcDoubt::kNone);
  EXPECT_EQ(adc_doubt(column, 14, format), AdcDoubt::kClips);
  column.shift -= 1;  // half a level
  column.offset = 2 << column.shift;
  EXPECT_EQ(adc_doubt(column, 6, format), AdcDoubt::kNone);
  EXPECT_EQ(adc_doubt(column, 7, format), AdcDoubt::kClips);
  column.offset += 1;
  EXPECT_EQ(adc_doubt(column, 1, format), AdcDoubt::kOffset);
  column.shift = 8 + 6;
  EXPECT_EQ(adc_doubt(column, 1, format), AdcDoubt::kCoarseStep);
  column.gain = kUnitGain + 1;
  EXPECT_EQ(adc_doubt(column, 1, format), AdcDoubt::kGain);
  column.reference += 1;
  EXPECT_EQ(adc_doubt(column, 1, format), AdcDoubt::kReference);
  column.sigma = 1;
  EXPECT_EQ(adc_doubt(column, 1, format), AdcDoubt::kNoise);
  EXPECT_EQ(adc_doubt_text(AdcDoubt::kNone), "proven");
  EXPECT_EQ(adc_doubt_text(AdcDoubt::kClips), "statistical (may clip)");
}

TEST(SummariseAdcs, CountsColumnsBySliceAndWeighsBitsByConversions) {
  Deployment deployment = three_weights();
  prove_adcs(deployment, 0, AdcGroup::kSlice);
  deployment.crossbars[0].tables.columns[15].sigma = 5;
  const auto layers = summarise_adcs(deployment);
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0].conversions, 16 * 8);
  EXPECT_DOUBLE_EQ(layers[0].mean_bits, (12 * 3 + 4 * 2) / 16.0);
  EXPECT_DOUBLE_EQ(mean_bits(layers), layers[0].mean_bits);
  const auto columns = [](std::int32_t slice, AdcDoubt doubt, int count, int bits) {
    return AdcColumns{
        .slice = slice, .doubt = doubt, .columns = count, .fewest_bits = bits, .most_bits = bits};
  };
  EXPECT_THAT(layers[0].columns,
              ElementsAre(columns(0, AdcDoubt::kNone, 4, 3), columns(1, AdcDoubt::kNone, 4, 3),
                          columns(2, AdcDoubt::kNone, 4, 3), columns(3, AdcDoubt::kNone, 3, 2),
                          columns(3, AdcDoubt::kNoise, 1, 2)));
}

TEST(SummariseAdcs, WeighsALayerByItsPositions) {
  network::Network network = small_resnet();
  Deployment deployment =
      compile(network, test_tile(), test_device(), noisy_images(network.input_shape, 4, 3));
  for (Crossbar& crossbar : deployment.crossbars) {
    for (ColumnSetting& column : crossbar.tables.columns) column.bits = crossbar.layer == 0 ? 4 : 9;
  }
  const auto layers = summarise_adcs(deployment);
  std::int64_t all = 0;
  for (const LayerAdcs& layer : layers) all += layer.conversions;
  const auto first = static_cast<double>(layers[0].conversions);
  EXPECT_EQ(layers[0].conversions, 64 * 8 * 16 * 8);  // positions, phases, outputs, columns each
  EXPECT_NEAR(mean_bits(layers), 9.0 - 5.0 * first / static_cast<double>(all), 1e-12);
}

TEST(TilesBySparsity, GoByTheFullestColumnOfEachTile) {
  Deployment deployment = three_weights();  // two cells above 0 in its fullest columns, of 64
  EXPECT_THAT(tiles_by_sparsity(deployment), ElementsAre(0, 0, 0, 0, 0, 1, 0, 0));
  auto& levels = deployment.crossbars[0].levels;
  std::fill(levels.begin(), levels.end(), std::uint8_t{0});
  EXPECT_THAT(tiles_by_sparsity(deployment), ElementsAre(0, 0, 0, 0, 0, 0, 0, 1));
  levels[3] = 2;
  EXPECT_THAT(tiles_by_sparsity(deployment), ElementsAre(0, 0, 0, 0, 0, 0, 1, 0));
  deployment.layers[0].dense_crossbars += 4;
  EXPECT_EQ(tiles_left_out(deployment), 4);
  EXPECT_THAT(tiles_by_sparsity(deployment), ElementsAre(0, 0, 0, 0, 0, 0, 1, 4));
  deployment.tile.rows = 48;
  EXPECT_THAT([&] { tiles_by_sparsity(deployment); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("48"), HasSubstr("power of two"))));
}

TEST(TilesBySparsity, RoundTheFillUpToAPowerOfTwo) {
  network::Network network = random_linear(64, 1, 2);
  auto& weights = std::get<network::Linear>(network.nodes[0].op).weight;
  for (const auto& [filled, level] :
       {std::pair{64, 0}, {33, 0}, {32, 1}, {17, 1}, {3, 4}, {1, 6}}) {
    std::fill(weights.begin(), weights.end(), 0.0F);
    std::fill_n(weights.begin(), filled, 1.0F);
    const Deployment deployment =
        compile(network, test_tile(), test_device(), noisy_images(network.input_shape, 2, 3));
    network.nodes[0].weight_scale.clear();
    EXPECT_EQ(tiles_by_sparsity(deployment)[static_cast<std::size_t>(level)], 1) << filled;
  }
}

}  // namespace
}  // namespace crossloop::compiler
