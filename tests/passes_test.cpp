// What compiles differently must compute the same: mappings, encodings, copies and passes give the
// logits of the plain deployment on ideal tiles, bit for bit.
#include <gmock/gmock.h>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/compiler/duplicate.hpp"
#include "host/error.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/executor.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// Codes are those of the levels exactly.
std::vector<std::int32_t> ideal_logits(const Deployment& deployment, const data::Dataset& images) {
  runtime::EngineBackend engine = runtime::ideal_tiles(deployment);
  return runtime::run_images(deployment, engine, images, {});
}

/// A residual network of which whole channels, whole inputs and scattered segments are pruned.
network::Network pruned_resnet() {
  network::Network network = small_resnet();
  std::mt19937 rng(4);
  for (network::Node& node : network.nodes) {
    auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv == nullptr || conv->in_channels == 3) continue;
    const auto taps = static_cast<std::size_t>(conv->window.kernel_h * conv->window.kernel_w);
    const auto inputs = static_cast<std::size_t>(conv->in_channels) * taps;
    for (std::size_t i = 0; i < conv->weight.size(); ++i) {
      const bool channel = i / inputs % 3 == 0;
      const bool input = i % inputs / taps % 4 == 1;
      if (channel || input) conv->weight[i] = 0.0F;
    }
    for (std::size_t first = 0; first < conv->weight.size(); first += inputs) {
      if (rng() % 3 != 0) continue;  // the first 64 inputs of an output: a segment
      std::fill_n(conv->weight.begin() + static_cast<std::ptrdiff_t>(first),
                  std::min<std::size_t>(64, inputs), 0.0F);
    }
  }
  for (network::Node& node : network.nodes) {
    auto* norm = std::get_if<network::BatchNorm>(&node.op);
    if (norm == nullptr) continue;
    for (std::size_t c = 0; c < norm->gamma.size(); c += 3) {  // what is left of a dead channel
      norm->beta[c] = -0.2F;
      norm->mean[c] = 0.0F;
    }
  }
  return network;
}

struct Case {
  std::string name;
  CompileOptions options;
  Encoding encoding = Encoding::kDifferential;
  int rows = 64, columns = 64, cell_bits = 2, weight_bits = 8;
};

TileFormat tile_of(const Case& c) {
  TileFormat tile = test_tile(c.rows, c.columns, c.cell_bits);
  tile.encoding = c.encoding;
  tile.weight_bits = c.weight_bits;
  tile.adc_bits = 12;  // no sum of these tiles needs a step of more than one level
  return tile;
}

Deployment compiled(const Case& c) {
  network::Network network = pruned_resnet();
  return compile(network, tile_of(c), test_device(), noisy_images(network.input_shape, 8, 3),
                 c.options);
}

CompileOptions with(bool PlanOptions::*pass) {
  CompileOptions options;
  options.placement.plan.*pass = true;
  return options;
}

CompileOptions everything() {
  CompileOptions options;
  options.placement.plan = {.reorder = true, .compact = true, .rearrange = true, .share = true};
  options.placement.drop_silent = true;
  return options;
}

CompileOptions semi_folded(CompileOptions options = {}) {
  options.placement.mapping = Mapping::kSemiFolded;
  return options;
}

CompileOptions with_budget(CompileOptions options, int budget) {
  options.crossbar_budget = budget;
  return options;
}

CompileOptions dropping() {
  CompileOptions options;
  options.placement.drop_silent = true;
  return options;
}

class Variants : public ::testing::TestWithParam<Case> {};

TEST_P(Variants, GiveTheLogitsOfThePlainDeployment) {
  const Case& variant = GetParam();
  Case plain = variant;
  plain.options = {};
  plain.encoding = Encoding::kDifferential;
  const auto images = noisy_images({3, 8, 8}, 4, 11);
  const Deployment deployment = compiled(variant);
  EXPECT_NO_THROW(validate(deployment));
  EXPECT_EQ(ideal_logits(deployment, images), ideal_logits(compiled(plain), images));
}

INSTANTIATE_TEST_SUITE_P(
    All, Variants,
    ::testing::Values(
        Case{"compact", with(&PlanOptions::compact)}, Case{"share", with(&PlanOptions::share)},
        Case{"reorder", with(&PlanOptions::reorder)},
        Case{"rearrange", with(&PlanOptions::rearrange)}, Case{"drop", dropping()},
        Case{"everything", everything()}, Case{"copies", with_budget({}, 300)},
        Case{"semi_folded", semi_folded()},
        Case{"semi_folded_everything", semi_folded(everything())},
        Case{"semi_folded_narrow", semi_folded(), Encoding::kDifferential, 32, 24, 4},
        Case{"offset", {}, Encoding::kOffset},
        Case{"offset_one_bit", {}, Encoding::kOffset, 64, 64, 1},
        Case{"offset_three_bits", {}, Encoding::kOffset, 128, 32, 3},
        Case{"offset_five_bit_weights", everything(), Encoding::kOffset, 16, 48, 2, 5},
        Case{"offset_everything", with_budget(everything(), 300), Encoding::kOffset},
        Case{"offset_semi_folded", semi_folded(everything()), Encoding::kOffset, 128, 64, 4},
        Case{"two_bit_weights", everything(), Encoding::kDifferential, 16, 512, 1, 2},
        Case{"largest", semi_folded(), Encoding::kDifferential, 256, 512, 4}),
    [](const auto& test) { return test.param.name; });

int crossbars(const Case& c) { return static_cast<int>(compiled(c).crossbars.size()); }

TEST(Passes, SaveCrossbarsAndSaySo) {
  const int plain = crossbars({"", {}});
  const Deployment all = compiled({"", everything()});
  EXPECT_LT(static_cast<int>(all.crossbars.size()), plain);
  ASSERT_EQ(all.passes.size(), 6u);
  EXPECT_EQ(all.passes[0].name, "pruned segments");
  EXPECT_EQ(all.passes[0].before, all.count().dense);
  EXPECT_EQ(all.passes[0].after, plain);
  for (std::size_t i = 1; i < all.passes.size(); ++i) {
    EXPECT_EQ(all.passes[i].before, all.passes[i - 1].after) << all.passes[i].name;
    EXPECT_LE(all.passes[i].after, all.passes[i].before) << all.passes[i].name;
  }
  EXPECT_EQ(all.passes.back().after, static_cast<int>(all.crossbars.size()));
}

TEST(Passes, DropInputsThatAlwaysHoldTheZeroPoint) {
  const Deployment deployment = compiled({"", dropping()});
  std::size_t silent = 0;
  for (const Layer& layer : deployment.layers) silent += layer.silent_inputs.size();
  EXPECT_GT(silent, 0u);
}

TEST(Duplicates, BalanceThePipelineWithinTheBudget) {
  const Case plain{"", {}};
  const Deployment one = compiled(plain);
  const int before = static_cast<int>(one.crossbars.size());
  const int first = one.count(0).pruned;
  const Deployment two = compiled({"", with_budget({}, before + first)});
  EXPECT_EQ(pipeline_steps(one), 64);
  EXPECT_EQ(static_cast<int>(two.crossbars.size()), before + first);
  EXPECT_EQ(two.layers[0].parts, 2);
  const Deployment many = compiled({"", with_budget({}, 4 * before)});
  EXPECT_LE(static_cast<int>(many.crossbars.size()), 4 * before);
  EXPECT_LT(pipeline_steps(many), 32);
  EXPECT_EQ(many.passes.back().after, static_cast<int>(many.crossbars.size()));
  EXPECT_THAT(
      [&] {
        compiled({"", with_budget({}, before - 1)});
      },
      ThrowsMessage<InputError>(HasSubstr("a budget of")));
}

TEST(Duplicates, AreCrossbarsWithErrorsOfTheirOwn) {
  const Deployment deployment = compiled({"", with_budget({}, 300)});
  const Layer& layer = deployment.layers[0];
  ASSERT_GT(layer.parts, 1);
  analog::Device rough = test_device();
  rough.cycle_to_cycle.sigma = 0.1;
  runtime::EngineBackend engine(deployment.tile, rough, 1);
  runtime::program_all(engine, deployment);
  const auto snapshot = engine.snapshot(static_cast<std::int32_t>(deployment.crossbars.size()));
  const auto codes = [&](std::size_t i) {
    return snapshot.codes[static_cast<std::size_t>(layer.crossbars[i])];
  };
  const std::size_t copies = layer.crossbars.size() / static_cast<std::size_t>(layer.parts);
  EXPECT_EQ(deployment.crossbars[static_cast<std::size_t>(layer.crossbars[0])].levels,
            deployment.crossbars[static_cast<std::size_t>(layer.crossbars[copies])].levels);
  EXPECT_NE(codes(0), codes(copies));
}

TEST(Remnants, OfTwoBandsMeetOnOneCrossbar) {
  // 32 inputs in two bands of 16; outputs 0, 1 read four rows of the first, 2, 3 of the second.
  network::Network network = single_linear(32, 4);
  auto weights = network::weight_of(network.nodes[0]).values;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const bool second = i / 32 >= 2;
    if (i % 32 / 16 != (second ? 1u : 0u) || i % 16 >= 4) weights[i] = 0.0F;
  }
  TileFormat tile = test_tile(16, 32);
  CompileOptions options = with(&PlanOptions::share);
  const auto images = noisy_images(network.input_shape, 4, 3);
  network::Network again = network;
  const Deployment apart = compile(again, tile, test_device(), images);
  const Deployment together = compile(network, tile, test_device(), images, options);
  EXPECT_EQ(apart.crossbars.size(), 2u);
  ASSERT_EQ(together.crossbars.size(), 1u);
  EXPECT_EQ(together.crossbars[0].row_count(), 8);
  EXPECT_EQ(together.crossbars[0].column_count(), 32);
  EXPECT_EQ(ideal_logits(together, images), ideal_logits(apart, images));
}

TEST(Remnants, StayApartWhereARowWouldMeetALiveWeightTwice) {
  // Every output reads every input, so a row of one band meets live weights of all columns.
  network::Network network = single_linear(20, 6);  // bands of 16 and 4 rows, 4 + 2 outputs
  TileFormat tile = test_tile(16, 32);
  const auto images = noisy_images(network.input_shape, 4, 3);
  const Deployment deployment =
      compile(network, tile, test_device(), images, with(&PlanOptions::share));
  EXPECT_EQ(deployment.crossbars.size(), 4u);
}

TEST(Remnants, OfRandomLayersGiveTheSameLogits) {
  std::mt19937 rng(6);
  std::size_t saved = 0;
  for (int round = 0; round < 40; ++round) {
    const int inputs = 20 + static_cast<int>(rng() % 60),
              outputs = 2 + static_cast<int>(rng() % 11);
    const auto alive = 1 + rng() % 5;  // of 10 groups of four weights
    network::Network network = single_linear(inputs, outputs);
    auto weights = network::weight_of(network.nodes[0]).values;
    bool keep = true;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i % 4 == 0) keep = rng() % 10 < alive;
      if (!keep) weights[i] = 0.0F;
    }
    const TileFormat tile = test_tile(16, 32);
    const auto images = noisy_images(network.input_shape, 4, 3);
    network::Network again = network;
    const Deployment apart = compile(again, tile, test_device(), images);
    const Deployment together =
        compile(network, tile, test_device(), images, with(&PlanOptions::share));
    EXPECT_NO_THROW(validate(together)) << "round " << round;
    ASSERT_EQ(ideal_logits(together, images), ideal_logits(apart, images)) << "round " << round;
    ASSERT_LE(together.crossbars.size(), apart.crossbars.size());
    saved += apart.crossbars.size() - together.crossbars.size();
  }
  EXPECT_GT(saved, 20u);
}

TEST(Offset, FlipsColumnsSoThatNoSumExceedsHalfOfTheLargest) {
  const Deployment deployment = compiled({"", {}, Encoding::kOffset});
  bool flipped = false;
  for (const Crossbar& crossbar : deployment.crossbars) {
    const std::size_t columns = crossbar.tables.columns.size();
    for (std::size_t j = 0; j < columns; ++j) {
      int sum = 0;
      for (std::size_t i = j; i < crossbar.levels.size(); i += columns) sum += crossbar.levels[i];
      EXPECT_LE(2 * sum, crossbar.row_count() * 3);
      flipped = flipped || crossbar.tables.columns[j].negative;
    }
    for (std::size_t i = columns - 1; i < crossbar.levels.size(); i += columns) {
      EXPECT_EQ(crossbar.levels[i], 1);
    }
  }
  EXPECT_TRUE(flipped);
}

TEST(Offset, RefusesRungsThatNeedPairs) {
  Deployment deployment = compiled({"", {}, Encoding::kOffset});
  const auto measurement = runtime::nominal_measurement(deployment);
  EXPECT_THROW(runtime::fit_gains(deployment, 0, measurement, {}), InputError);
  EXPECT_NEAR(runtime::relative_weight_error(deployment, measurement), 0.0, 1e-6);
}

TEST(SemiFolded, HasTheTargetWeightsAsEffectiveOnes) {
  for (const Case& c : {Case{"", semi_folded(everything())}, Case{"", with_budget({}, 300)}}) {
    const Deployment deployment = compiled(c);
    EXPECT_NEAR(
        runtime::relative_weight_error(deployment, runtime::nominal_measurement(deployment)), 0.0,
        1e-6);
  }
}

TEST(SemiFolded, NamesTheNodeThatDoesNotFit) {
  CompileOptions options = semi_folded();
  options.placement.folding.columns = 12;
  EXPECT_THAT(
      [&] {
        compiled({"", options});
      },
      ThrowsMessage<InputError>(HasSubstr("semi-folded kernel of width 3")));
}

TEST(Updates, OfWeightsKeepEveryVariantExact) {
  for (const Case& c :
       {Case{"", semi_folded(everything())}, Case{"", everything(), Encoding::kOffset},
        Case{"", with_budget(everything(), 300)}}) {
    network::Network network = pruned_resnet();
    const auto calibration = noisy_images(network.input_shape, 8, 3);
    Deployment deployment = compile(network, tile_of(c), test_device(), calibration, c.options);
    for (network::Node& node : network.nodes) {
      if (!network::has_weight(node)) continue;
      for (float& weight : network::weight_of(node).values) weight *= 0.75F;
    }
    EXPECT_FALSE(update_weights(deployment, network).empty());
    const Deployment again = compile(network, tile_of(c), test_device(), calibration, c.options);
    const auto images = noisy_images(network.input_shape, 3, 17);
    update_activation_ranges(deployment, network, calibration);
    EXPECT_EQ(ideal_logits(deployment, images), ideal_logits(again, images));
  }
}

TEST(Updates, RefuseAChannelThatIsSilentNoMore) {
  network::Network network = pruned_resnet();
  Deployment deployment = compile(network, tile_of({}), test_device(),
                                  noisy_images(network.input_shape, 8, 3), dropping());
  for (network::Node& node : network.nodes) {
    if (auto* norm = std::get_if<network::BatchNorm>(&node.op)) norm->beta[0] = 0.5F;
  }
  EXPECT_THAT([&] { update_weights(deployment, network); },
              ThrowsMessage<InputError>(HasSubstr("always held the zero point")));
}

TEST(DeploymentFile, KeepsMappingsEncodingsCopiesAndPasses) {
  const std::string path = ::testing::TempDir() + "variant.xbar";
  for (const Case& c : {Case{"", semi_folded(everything())},
                        Case{"", with_budget(everything(), 300), Encoding::kOffset}}) {
    const Deployment deployment = compiled(c);
    write_deployment(deployment, path);
    const Deployment read = read_deployment(path);
    EXPECT_EQ(read.tile, deployment.tile);
    EXPECT_EQ(read.layers, deployment.layers);
    EXPECT_EQ(read.crossbars, deployment.crossbars);
    EXPECT_EQ(read.passes, deployment.passes);
  }
}

}  // namespace
}  // namespace crossloop::compiler
