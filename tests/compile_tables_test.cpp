// Activations by a table behind the clamp (numerics.md, step 8).
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <ostream>
#include <set>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/compiler/output_table.hpp"
#include "host/compiler/silent.hpp"
#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "host/runtime/layer_errors.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

network::Node node_of(network::Operator op) { return {"act", std::move(op), {"x"}, "act", {}}; }

TEST(OutputTable, HoldsEveryCodeOfALeakyRelu) {
  const OutputTable table =
      output_table(node_of(network::LeakyRelu{0.25F}), {0.5, 128}, {0.25, 64}, 255);
  ASSERT_EQ(table.codes.size(), 256u);
  EXPECT_EQ(table.scale, 0.5);
  for (int q = 0; q < 256; ++q) {
    const int above = 64 + 2 * (q - 128);      // x = (q - 128) / 2 in steps of 1/4
    const int below = 64 - (128 - q + 1) / 2;  // a quarter of it: halves away from 0
    EXPECT_EQ(table(q), q >= 128 ? std::min(above, 255) : below) << q;
  }
}

TEST(OutputTable, HoldsTheCornersOfTheOthers) {
  const TensorScale sixteenths{1.0 / 16.0, 128};
  const OutputTable swish =
      output_table(node_of(network::HardSwish{}), sixteenths, {0.125, 10}, 255);
  EXPECT_EQ(swish(128 - 48), 10);      // x = -3
  EXPECT_EQ(swish(128 - 24), 10 - 3);  // x = -3/2 makes -3/8
  EXPECT_EQ(swish(128), 10);
  EXPECT_EQ(swish(128 + 48), 10 + 24);  // x = 3
  EXPECT_EQ(swish(255), 10 + 64);       // x = 127/16, rounded up from 63.5
  const OutputTable hard = output_table(node_of(network::HardSigmoid{.alpha = 0.25F, .beta = 0.5F}),
                                        sixteenths, {1.0 / 64.0, 0}, 60);
  EXPECT_EQ(hard(0), 0);
  EXPECT_EQ(hard(128 + 16), 48);  // x = 1 makes 3/4
  EXPECT_EQ(hard(255), 60);       // 1 is 64, beyond the highest code
  const OutputTable sigmoid =
      output_table(node_of(network::Sigmoid{}), {0.0625, 128}, {1.0 / 255.0, 0}, 255);
  EXPECT_EQ(sigmoid(128), 128);       // 127.5
  EXPECT_EQ(sigmoid(128 + 16), 186);  // 255 / (1 + 1/e) = 186.4
  EXPECT_EQ(sigmoid(128 - 16), 69);   // 68.6
  EXPECT_EQ(sigmoid(0), 0);
}

TEST(OutputTable, ReadsNoMoreThanWhatMovesTheOutput) {
  const ValueRange wide{-100.0F, 100.0F};
  const TensorScale bytes{1.0 / 255.0, 0};
  const auto range = [&](network::Operator op) { return tabled_range(node_of(op), wide, bytes); };
  EXPECT_EQ(range(network::LeakyRelu{}).low, -100.0F);
  EXPECT_EQ(range(network::HardSwish{}).low, -3.0F);
  EXPECT_EQ(range(network::HardSwish{}).high, 100.0F);
  EXPECT_NEAR(range(network::Sigmoid{}).high, std::log(509.0), 1e-6);
  EXPECT_FLOAT_EQ(range(network::HardSigmoid{.alpha = 0.25F, .beta = 0.5F}).low, -2.0F);
  EXPECT_FLOAT_EQ(range(network::HardSigmoid{.alpha = -0.25F, .beta = 0.5F}).high, 2.0F);
  EXPECT_EQ(range(network::HardSigmoid{.alpha = 0.0F}).high, 100.0F);
}

/// 3x3 weights n / 127 on an image of `side` pixels, of which 8 bits lose nothing.
network::Conv exact_conv(int channels, int outputs) {
  network::Conv conv{.in_channels = channels,
                     .out_channels = outputs,
                     .window = {.kernel_h = 3, .kernel_w = 3},
                     .weight = {},
                     .bias = {}};
  for (int o = 0; o < outputs; ++o) {
    for (int k = 0; k < 9 * channels; ++k) {
      conv.weight.push_back(k == o ? 1.0F : static_cast<float>((7 * k + 13 * o) % 255 - 127) / 127);
    }
    conv.bias.push_back(static_cast<float>(o) - 1.5F);
  }
  return conv;
}

/// conv -> `activation` "act" -> pool -> fc.
network::Network activated(network::Operator activation) {
  network::Network network;
  network.name = "activated";
  network.input_shape = {2, 6, 6};
  network::Linear linear{.in_features = 4, .out_features = 3, .weight = {}, .bias = {}};
  for (int i = 0; i < 12; ++i) linear.weight.push_back(static_cast<float>(i % 5 - 2) / 4.0F);
  network.nodes = {{"conv", exact_conv(2, 4), {"input"}, "conv", {}},
                   {"act", std::move(activation), {"conv"}, "act", {}},
                   {"pool", network::GlobalAveragePool{}, {"act"}, "pool", {}},
                   {"flat", network::Flatten{}, {"pool"}, "flat", {}},
                   {"fc", linear, {"flat"}, "fc", {}}};
  network.output_name = "fc";
  return network;
}

Deployment compile_small(network::Network& network) {
  return compile(network, runtime::lossless_tile(), test_device(),
                 noisy_images(network.input_shape, 8, 3));
}

/// Value `name` of the float network, HWC.
std::vector<float> float_value(const network::Network& network, const data::Dataset& images,
                               const std::string& name) {
  std::vector<float> found;
  network::run(network, network::normalise(network, images, 0, images.count), images.count,
               [&](const std::string& value, const network::Shape& shape, int batch,
                   std::span<const float> content) {
                 if (value != name) return;
                 const auto positions = static_cast<std::size_t>(shape.height * shape.width);
                 const auto channels = static_cast<std::size_t>(shape.channels);
                 const std::size_t size = positions * channels;
                 found.resize(content.size());
                 for (std::size_t i = 0; i < size * static_cast<std::size_t>(batch); ++i) {
                   const std::size_t j = i % size;
                   found[i / size * size + j % positions * channels + j / positions] = content[i];
                 }
               });
  return found;
}

struct Case {
  const char* name;
  network::Operator op;
  double slope;  ///< the steepest of the activation
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

class Activation : public ::testing::TestWithParam<Case> {};

TEST_P(Activation, IsOffByTheRoundingOfItsTwoScales) {
  network::Network network = activated(GetParam().op);
  const Deployment deployment = compile_small(network);
  const Layer& layer = deployment.layers.at(0);
  ASSERT_EQ(layer.table.codes.size(), 256u);
  const data::Dataset images = noisy_images(network.input_shape, 8, 3);
  const auto expected = float_value(network, images, "act");
  const auto tensors = runtime::run_on_ideal_tiles(deployment, images);
  const TensorInfo& info = deployment.tensors.at(1);
  ASSERT_EQ(tensors[0].size(), expected.size());
  // Half a step on either side of the table, and what M's 16 bits leave of 255 steps.
  const double before = (0.5 + 255.0 / (1 << 16)) * layer.table.scale;
  const double tolerance = GetParam().slope * before + 0.5 * info.scale + 1e-5;
  std::set<std::int32_t> codes;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(info.scale * (tensors[0][i] - info.zero), expected[i], tolerance) << i;
    codes.insert(tensors[0][i]);
  }
  EXPECT_GT(codes.size(), 30u);
}

TEST_P(Activation, RunsOnTheEngineAsByHand) {
  network::Network network = activated(GetParam().op);
  const Deployment deployment = compile_small(network);
  const data::Dataset images = noisy_images(network.input_shape, 3, 5);
  const auto tensors = runtime::run_on_ideal_tiles(deployment, images);
  IntegerTensor logits;
  for (int image = 0; image < images.count; ++image) {
    const IntegerTensor made = evaluate(deployment, images.image(image)).back();
    logits.insert(logits.end(), made.begin(), made.end());
  }
  EXPECT_EQ(tensors.back(), logits);
}

TEST_P(Activation, IsPartOfTheExactLayer) {
  network::Network network = activated(GetParam().op);
  const Deployment deployment = compile_small(network);
  const data::Dataset images = noisy_images(network.input_shape, 1, 5);
  const auto start = runtime::start_batch(deployment, images, 0, 1);
  EXPECT_EQ(runtime::exact_layer(deployment, 0, start),
            evaluate(deployment, images.image(0)).at(1));
}

INSTANTIATE_TEST_SUITE_P(Operators, Activation,
                         ::testing::Values(Case{"LeakyRelu", network::LeakyRelu{0.1F}, 1.0},
                                           Case{"Sigmoid", network::Sigmoid{}, 0.25},
                                           Case{"HardSigmoid", network::HardSigmoid{0.2F, 0.5F},
                                                0.2},
                                           Case{"HardSwish", network::HardSwish{}, 1.5}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(CompileTables, ActivatesASumAsWell) {
  network::Network network = activated(network::HardSwish{});
  network.nodes.insert(network.nodes.begin() + 1,
                       {{"other", exact_conv(2, 4), {"input"}, "other", {}},
                        {"sum", network::Add{}, {"conv", "other"}, "sum", {}}});
  network.node("act").inputs = {"sum"};
  const Deployment deployment = compile_small(network);
  const Layer& layer = deployment.layers.at(2);
  ASSERT_EQ(layer.kind, LayerKind::kAdd);
  const data::Dataset images = noisy_images(network.input_shape, 8, 3);
  const auto expected = float_value(network, images, "act");
  const auto tensors = runtime::run_on_ideal_tiles(deployment, images);
  const TensorInfo& info = deployment.tensors.at(3);
  const double operands = deployment.tensors[1].scale + deployment.tensors[2].scale;
  const double before = (0.5 + 255.0 / (1 << 16)) * (operands + layer.table.scale);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(info.scale * (tensors[2][i] - info.zero), expected[i],
                1.5 * before + 0.5 * info.scale + 1e-5);
  }
}

TEST(CompileTables, ClipsBeforeTheTable) {
  network::Network network = activated(network::HardSigmoid{0.2F, 0.5F});
  network.nodes.insert(network.nodes.begin() + 1,
                       {"clip", network::Clip{-0.25F, 0.25F}, {"conv"}, "clip", {}});
  network.node("act").inputs = {"clip"};
  const Deployment deployment = compile_small(network);
  const Layer& layer = deployment.layers.at(0);
  EXPECT_EQ(layer.range.low, 0);
  EXPECT_EQ(layer.range.high, 255);
  EXPECT_NEAR(layer.table.scale, 0.5 / 255.0, 1e-9);
  const TensorInfo& info = deployment.tensors.at(1);
  EXPECT_NEAR(info.scale * (layer.table(255) - info.zero), 0.55, 0.5 * info.scale + 0.001);
}

TEST(CompileTables, KeepsTheScaleOfAQuantiserBehind) {
  network::Network network = activated(network::LeakyRelu{0.1F});
  network.nodes.insert(network.nodes.begin() + 2,
                       {"q", network::Quantise{0.125F, -100, -128, 127}, {"act"}, "q", {}});
  network.node("pool").inputs = {"q"};
  const Deployment deployment = compile_small(network);
  EXPECT_EQ(deployment.tensors.at(1).scale, 0.125);
  EXPECT_EQ(deployment.tensors.at(1).zero, 28);
  const OutputTable& table = deployment.layers[0].table;
  EXPECT_EQ(table(deployment.layers[0].range.zero), 28);
}

TEST(CompileTables, FollowsFineTunedRanges) {
  network::Network network = activated(network::LeakyRelu{0.1F});
  Deployment deployment = compile_small(network);
  for (float& bias : network::weight_of(network.node("conv")).bias) bias *= 3.0F;
  update_weights(deployment, network);
  update_activation_ranges(deployment, network, noisy_images(network.input_shape, 8, 3));
  const Deployment fresh = compile_small(network);
  EXPECT_EQ(deployment.layers[0].table, fresh.layers[0].table);
  EXPECT_EQ(deployment.layers[0].scales, fresh.layers[0].scales);
}

TEST(CompileTables, KnowsWhichTablesKeepAChannelSilent) {
  const auto silent = [](network::Operator op) {
    network::Network network = activated(std::move(op));
    const network::WeightView view = network::weight_of(network.node("conv"));
    std::fill_n(view.values.begin() + 18, 18, 0.0F);
    view.bias[1] = 0.0F;
    return silent_channels(compile_small(network)).at(1);
  };
  EXPECT_THAT(silent(network::LeakyRelu{}), ::testing::ElementsAre(false, true, false, false));
  EXPECT_THAT(silent(network::Sigmoid{}), ::testing::Each(false));  // 1/2
}

TEST(CompileTables, RefusesATableWhereItHasNoPlace) {
  network::Network last = activated(network::Sigmoid{});
  last.nodes.push_back({"end", network::Sigmoid{}, {"fc"}, "end", {}});
  last.output_name = "end";
  EXPECT_THAT([&] { compile_small(last); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("node 'end'"), HasSubstr("logits"))));

  network::Network pooled = activated(network::Relu{});
  pooled.nodes.insert(pooled.nodes.begin() + 3,
                      {"late", network::HardSwish{}, {"pool"}, "late", {}});
  pooled.node("flat").inputs = {"late"};
  EXPECT_THAT([&] { compile_small(pooled); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("node 'late'"), HasSubstr("right after"))));

  network::Network twice = activated(network::LeakyRelu{});
  twice.nodes.insert(twice.nodes.begin() + 2,
                     {"again", network::LeakyRelu{}, {"act"}, "again", {}});
  twice.node("pool").inputs = {"again"};
  EXPECT_THAT([&] { compile_small(twice); }, ThrowsMessage<InputError>(HasSubstr("node 'again'")));
}

TEST(CompileTables, AreReadBackFromAFileAndValidated) {
  network::Network network = activated(network::HardSwish{});
  const Deployment deployment = compile_small(network);
  const auto path = std::filesystem::path(::testing::TempDir()) / "tables.xbar";
  write_deployment(deployment, path);
  EXPECT_EQ(read_deployment(path).layers, deployment.layers);
  std::filesystem::remove(path);

  Deployment bad = deployment;
  bad.layers[0].table.codes.pop_back();
  EXPECT_THAT([&] { validate(bad); },
              ThrowsMessage<InputError>(HasSubstr("table entries is 255, expected 256")));
  bad = deployment;
  bad.layers[0].table.scale = 0.0;
  EXPECT_THAT([&] { validate(bad); }, ThrowsMessage<InputError>(HasSubstr("scale of the table")));
  bad = deployment;
  bad.layers[1].table = deployment.layers[0].table;
  EXPECT_THAT([&] { validate(bad); }, ThrowsMessage<InputError>(HasSubstr("passes no clamp")));
  bad = deployment;
  bad.layers.back().table = deployment.layers[0].table;
  EXPECT_THAT([&] { validate(bad); }, ThrowsMessage<InputError>(HasSubstr("logits")));
}

}  // namespace
}  // namespace crossloop::compiler
