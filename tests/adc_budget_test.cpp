#include "pruning/adc_budget.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <limits>
#include <numeric>
#include <random>

#include "host/compiler/tile_sparsity.hpp"
#include "pruning/tile_quantise.hpp"
#include "tests/input_error.hpp"

namespace crossloop::pruning {
namespace {

using analog::AdcAccounting;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::error_of;

struct Layers {
  std::vector<PrunableLayer> layers;
  std::vector<std::vector<float>> weights;

  void add(int outputs, int inputs, std::vector<float> values) {
    layers.push_back(
        {.name = "l" + std::to_string(layers.size()), .outputs = outputs, .inputs = inputs});
    weights.push_back(std::move(values));
  }
  void add_random(int outputs, int inputs, unsigned seed) {
    std::mt19937 rng(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(static_cast<std::size_t>(outputs) * inputs);
    // Rows of unequal size, so that tiles differ.
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = normal(rng) * static_cast<float>(1 + i / inputs % 7);
    }
    add(outputs, inputs, std::move(values));
  }
  std::vector<std::vector<std::uint8_t>> spent(const TileShape& tile,
                                               const AdcBudget& budget) const {
    return spend_adc_budget({weights.begin(), weights.end()}, layers, tile, budget);
  }
};

/// Tiles of all layers by level, with the weights under the masks.
std::vector<std::int64_t> levels_of(const Layers& net, const TileShape& tile,
                                    const std::vector<std::vector<std::uint8_t>>& masks) {
  std::vector<std::int64_t> sum(compiler::sparsity_level(0, tile.rows) + 1);
  for (std::size_t l = 0; l < masks.size(); ++l) {
    auto left = net.weights[l];
    for (std::size_t i = 0; i < left.size(); ++i) left[i] *= static_cast<float>(masks[l][i]);
    const auto tiles = tiles_by_level(left, net.layers[l], tile);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += tiles[k];
  }
  return sum;
}

double saving_of(const Layers& net, const TileShape& tile, AdcAccounting accounting,
                 const std::vector<std::vector<std::uint8_t>>& masks) {
  return analog::adc_energy_improvement(levels_of(net, tile, masks), tile.rows, accounting,
                                        analog::AdcModel::kLinear, {.energy_pj = 1.0});
}

/// Share of the squares of each layer that leaves, added over layers.
double loss_of(const Layers& net, const std::vector<std::vector<std::uint8_t>>& masks) {
  double loss = 0.0;
  for (std::size_t l = 0; l < masks.size(); ++l) {
    double all = 0.0, left = 0.0;
    for (std::size_t i = 0; i < masks[l].size(); ++i) {
      const double square = static_cast<double>(net.weights[l][i]) * net.weights[l][i];
      all += square;
      left += masks[l][i] != 0 ? square : 0.0;
    }
    loss += 1.0 - left / all;
  }
  return loss;
}

TEST(AdcBudget, SavesWhatIsAskedForAndNoMoreThanOneStepBeyond) {
  Layers net;
  net.add_random(16, 40, 1);
  net.add_random(64, 150, 2);
  const TileShape tile{16, 8};
  for (const AdcAccounting accounting : {AdcAccounting::kPaper, AdcAccounting::kPhysical}) {
    for (const double saving : {1.5, 3.0, 4.5}) {
      const double got = saving_of(net, tile, accounting, net.spent(tile, {saving, accounting}));
      EXPECT_GE(got, saving - 1e-9);
      EXPECT_LE(got, saving * 1.1);
    }
  }
}

TEST(AdcBudget, KeepsAllWeightsWhereNothingIsToBeSaved) {
  Layers net;
  net.add_random(8, 32, 3);
  EXPECT_THAT(net.spent({16, 4}, {.saving = 1.0})[0], Each(1));
}

TEST(AdcBudget, KeepsTheLargestWeightOfEveryColumnAtAnySavingByTheCountOfThePaper) {
  Layers net;
  net.add(2, 4, {1, -5, 2, 3, 7, 1, 1, 7});
  EXPECT_THAT(net.spent({4, 2}, {.saving = 1000.0})[0], ElementsAre(0, 1, 0, 0, 1, 0, 0, 0));
}

TEST(AdcBudget, EmptiesTilesWhereEveryOneOfThemCosts) {
  // Two tiles of one column; 4 bits in all while dense at 8 rows, 8 / 4 = 2 of them stay.
  Layers net;
  net.add(1, 16, {1, 1, 1, 1, 1, 1, 1, 1, 9, 8, 1, 1, 1, 1, 1, 1});
  EXPECT_THAT(net.spent({8, 1}, {.saving = 4.0, .accounting = AdcAccounting::kPhysical})[0],
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0));
}

TEST(AdcBudget, WeighsALayerByWhatIsLostOfIt) {
  // The second layer is a thousand times smaller, and loses no more for that.
  Layers net;
  net.add(1, 8, {8, 4, 4, 4, 1, 1, 1, 1});
  net.add(1, 8, {.008F, .004F, .004F, .004F, .001F, .001F, .001F, .001F});
  const auto masks = net.spent({8, 1}, {.saving = 1.5});  // 4 of 6 bits
  EXPECT_EQ(masks[0], masks[1]);
  EXPECT_EQ(std::accumulate(masks[0].begin(), masks[0].end(), 0), 4);
}

/// The least loss of all choices of n per tile within the budget.
double least_loss(const Layers& net, int rows, double saving) {
  // One tile a layer.
  const std::size_t tiles = net.layers.size();
  const int levels = std::countr_zero(static_cast<unsigned>(rows)) + 1;
  double least = std::numeric_limits<double>::infinity();
  std::vector<int> bits(tiles, 0);
  while (true) {
    const int spent = std::accumulate(bits.begin(), bits.end(), 0);
    if (spent <= static_cast<double>(tiles) * (levels - 1) / saving) {
      std::vector<std::vector<std::uint8_t>> masks;
      for (std::size_t l = 0; l < tiles; ++l) {
        masks.emplace_back(net.weights[l].size(), 1);
        keep_largest(net.weights[l], net.layers[l], {0, net.layers[l].outputs, 0, rows},
                     std::size_t{1} << bits[l], masks.back());
      }
      least = std::min(least, loss_of(net, masks));
    }
    std::size_t digit = 0;
    while (digit < tiles && ++bits[digit] == levels) bits[digit++] = 0;
    if (digit == tiles) return least;
  }
}

TEST(AdcBudget, LosesTheLeastThatTheBitsItSpendsAllow) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Layers net;
    for (unsigned l = 0; l < 4; ++l) net.add_random(3, 8, 10 * seed + l);
    const TileShape tile{8, 3};
    const auto masks = net.spent(tile, {.saving = 2.0});
    const double saved = saving_of(net, tile, AdcAccounting::kPaper, masks);
    EXPECT_NEAR(loss_of(net, masks), least_loss(net, 8, saved), 1e-9) << seed;
  }
}

TEST(AdcBudget, RefusesWhatCannotBe) {
  Layers net;
  net.add_random(4, 16, 5);
  EXPECT_THAT(error_of([&] { net.spent({12, 4}, {}); }), HasSubstr("power of two"));
  EXPECT_THAT(error_of([&] {
                net.spent({8, 4}, {.saving = 0.5});
              }),
              HasSubstr("found 0.5, expected 1 or more"));
  EXPECT_THAT(error_of([&] {
                net.spent({8, 4}, {.saving = 100.0, .accounting = AdcAccounting::kPhysical});
              }),
              HasSubstr("layer l0: nothing of it stays"));
  Layers zeros;
  zeros.add(1, 8, std::vector<float>(8));
  EXPECT_THAT(error_of([&] { zeros.spent({8, 4}, {}); }), HasSubstr("layer l0"));
}

}  // namespace
}  // namespace crossloop::pruning
