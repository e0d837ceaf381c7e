// Operators of a network against their integer rules, written out by hand.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include "host/compiler/compile.hpp"
#include "host/compiler/deployment_file.hpp"
#include "host/error.hpp"
#include "tests/ideal_tiles.hpp"

namespace crossloop::compiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Deployment compile_for(network::Network network, const data::Dataset& images,
                       const TileFormat& tile = test_tile()) {
  return compile(network, tile, test_device(), images);
}

/// A convolution in groups of one channel: 3x3 weights n / 127, n an integer and 127 among them.
network::Network depthwise(int channels, int side) {
  network::Network network;
  network.name = "depthwise";
  network.input_shape = {channels, side, side};
  network::Conv conv{.in_channels = channels,
                     .out_channels = channels,
                     .window = {.kernel_h = 3, .kernel_w = 3},
                     .weight = {},
                     .bias = {},
                     .groups = channels};
  for (int i = 0; i < 9 * channels; ++i) {
    conv.weight.push_back(i % 9 == i / 9 % 9 ? 1.0F : static_cast<float>(i % 101 - 50) / 127.0F);
  }
  network.nodes = {{"dw", conv, {"input"}, "dw", {}}};
  network.output_name = "dw";
  return network;
}

/// Accumulators of the first layer, [image][position][channel].
std::vector<std::int32_t> first_accumulators(const Deployment& deployment,
                                             const data::Dataset& images) {
  auto backend = runtime::ideal_tiles(deployment);
  std::vector<std::int32_t> sums;
  runtime::run_images(deployment, backend, images, {}, [&](const runtime::LayerEvent& event) {
    if (event.layer == 0) sums.assign(event.accumulators.begin(), event.accumulators.end());
  });
  return sums;
}

TEST(CompileOperators, PacksADepthwiseConvolutionBlockDiagonally) {
  const network::Network network = depthwise(64, 3);
  const data::Dataset images = noisy_images(network.input_shape, 3, 1);
  const Deployment deployment = compile_for(network, images);
  // 576 inputs are 9 bands of 64 word lines; each touches 8 channels, as many as lie side by side.
  EXPECT_EQ(deployment.crossbars.size(), 9u);
  EXPECT_EQ(deployment.layers[0].groups, 64);
  EXPECT_EQ(deployment.layers[0].inputs_per_output, 576);
  const auto sums = first_accumulators(deployment, images);
  ASSERT_EQ(sums.size(), 3u * 64u);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t image = i / 64;
    const std::size_t channel = i % 64;
    std::int32_t expected = 0;
    for (std::size_t tap = 0; tap < 9; ++tap) {
      const int n = static_cast<int>(channel * 9 + tap) % 101 - 50;
      const int weight = tap == channel % 9 ? 127 : n;
      expected += weight * images.image(static_cast<int>(image))[tap * 64 + channel];
    }
    EXPECT_EQ(sums[i], expected) << "image " << image << ", channel " << channel;
  }
}

TEST(CompileOperators, GivesSemiFoldedGroupsTheSameSums) {
  network::Network network = depthwise(8, 5);
  network.nodes.push_back({"pool", network::GlobalAveragePool{}, {"dw"}, "pool", {}});
  network::Linear linear{.in_features = 8, .out_features = 2, .weight = {}, .bias = {}};
  linear.weight.assign(16, 0.5F);
  network.nodes.push_back({"fc", linear, {"pool"}, "fc", {}});
  network.output_name = "fc";
  const data::Dataset images = noisy_images(network.input_shape, 2, 1);
  CompileOptions options;
  options.placement.mapping = Mapping::kSemiFolded;
  network::Network copy = network;
  const Deployment semi = compile(copy, test_tile(), test_device(), images, options);
  EXPECT_EQ(semi.layers[0].mapping, Mapping::kSemiFolded);
  EXPECT_EQ(first_accumulators(semi, images),
            first_accumulators(compile_for(network, images), images));
}

TEST(CompileOperators, UpdatesTheWeightsOfAGroup) {
  network::Network network = depthwise(64, 3);
  const data::Dataset images = noisy_images(network.input_shape, 3, 1);
  Deployment deployment = compile(network, test_tile(), test_device(), images);
  float& weight = network::weight_of(network.nodes[0]).values[7 * 9 + 2];  // of row 65, band 1
  weight = 20.0F / 127.0F;
  EXPECT_EQ(update_weights(deployment, network), std::vector<std::int32_t>{1});
  EXPECT_EQ(deployment.layers[0].weights[7 * 576 + 65], 20);
}

network::Conv pointwise(int inputs, int outputs, std::vector<float> weight) {
  network::Conv conv;
  conv.in_channels = inputs;
  conv.out_channels = outputs;
  conv.weight = std::move(weight);
  return conv;
}

/// Four channels, each `factor` times its input.
network::Conv scaled(float factor) {
  std::vector<float> weight(16);
  for (std::size_t i = 0; i < 16; i += 5) weight[i] = factor;
  return pointwise(4, 4, std::move(weight));
}

/// The image {2, 4, 4} through a 1x1 convolution "c" to four channels (read as "c"), then nodes of
/// the test from "c" to "end", then a global average pool and a linear layer. Channel o of "c" is
/// (o + 1) (x0 - x1) / 255 with x0, x1 the pixels.
network::Network around(const std::vector<network::Node>& nodes, int features) {
  network::Network network;
  network.name = "around";
  network.input_shape = {2, 4, 4};
  const auto conv = pointwise(2, 4, {1.0F, -1.0F, 2.0F, -2.0F, 3.0F, -3.0F, 4.0F, -4.0F});
  network.nodes = {{"c", conv, {"input"}, "c", {}}};
  network.nodes.insert(network.nodes.end(), nodes.begin(), nodes.end());
  network.nodes.push_back({"pool", network::GlobalAveragePool{}, {"end"}, "pool", {}});
  network::Linear linear{.in_features = features, .out_features = 2, .weight = {}, .bias = {}};
  linear.weight.assign(2 * static_cast<std::size_t>(features), 0.5F);
  network.nodes.push_back({"fc", linear, {"pool"}, "fc", {}});
  network.output_name = "fc";
  return network;
}

data::Dataset small_images() { return noisy_images({2, 4, 4}, 3, 1); }

/// What the layers of a network make, by the name of the value.
struct Made {
  explicit Made(const network::Network& network)
      : deployment(compile_for(network, small_images())),
        tensors(runtime::run_on_ideal_tiles(deployment, small_images())) {}

  std::size_t id(const std::string& name) const {
    const auto found = std::find_if(deployment.tensors.begin(), deployment.tensors.end(),
                                    [&](const TensorInfo& info) { return info.name == name; });
    return static_cast<std::size_t>(found - deployment.tensors.begin());
  }
  const TensorInfo& info(const std::string& name) const { return deployment.tensors.at(id(name)); }
  const Layer& layer(const std::string& name) const { return deployment.layers.at(id(name) - 1); }
  const IntegerTensor& codes(const std::string& name) const { return tensors.at(id(name) - 1); }
  int at(const std::string& name, int image, int channel, int y, int x) const {
    const network::Shape& shape = info(name).shape;
    const int index = ((image * shape.height + y) * shape.width + x) * shape.channels + channel;
    return codes(name).at(static_cast<std::size_t>(index));
  }

  Deployment deployment;
  std::vector<IntegerTensor> tensors;
};

/// Calls check(image, channel, y, x) for every element of three images.
template <typename Check>
void for_elements(const network::Shape& shape, const Check& check) {
  for (int image = 0; image < 3; ++image) {
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) check(image, c, y, x);
      }
    }
  }
}

TEST(CompileOperators, TakesEverySecondPixelAndReversedChannelsOfASlice) {
  const network::Slice slice{.start = {3, 1, 0}, .step = {-1, 2, 3}, .count = {2, 2, 2}};
  const Made made(around({{"end", slice, {"c"}, "end", {}}}, 2));
  EXPECT_GT(made.info("c").zero, 50);
  EXPECT_EQ(made.info("end").scale, made.info("c").scale);
  EXPECT_EQ(made.info("end").zero, made.info("c").zero);
  for_elements({2, 2, 2}, [&](int image, int c, int y, int x) {
    EXPECT_EQ(made.at("end", image, c, y, x), made.at("c", image, 3 - c, 1 + 2 * y, 3 * x));
  });
}

TEST(CompileOperators, PadsWithTheZeroPoint) {
  const network::Pad pad{.before = {1, 0, 2}, .after = {2, 1, 0}};
  const Made made(around({{"end", pad, {"c"}, "end", {}}}, 7));
  for_elements({7, 5, 6}, [&](int image, int c, int y, int x) {
    const bool inside = c >= 1 && c < 5 && y < 4 && x >= 2;
    EXPECT_EQ(made.at("end", image, c, y, x),
              inside ? made.at("c", image, c - 1, y, x - 2) : made.info("c").zero);
  });
}

TEST(CompileOperators, ConcatenatesAlongEveryAxisWithOneScale) {
  for (const int axis : {1, 2, 3}) {
    const Made made(around({{"d", scaled(3.0F), {"c"}, "d", {}},
                            {"relu", network::Relu{}, {"d"}, "r", {}},
                            {"end", network::Concat{axis}, {"c", "r"}, "end", {}}},
                           axis == 1 ? 8 : 4));
    EXPECT_EQ(made.info("c").scale, made.info("r").scale);
    EXPECT_EQ(made.info("c").zero, made.info("r").zero);
    EXPECT_EQ(made.layer("r").range.low, made.info("r").zero);
    const auto& codes = made.codes("end");
    EXPECT_EQ(*std::min_element(codes.begin(), codes.end()), 0);    // the least of c
    EXPECT_GE(*std::max_element(codes.begin(), codes.end()), 253);  // the largest of r = 3 c
    for_elements({4, 4, 4}, [&](int image, int c, int y, int x) {
      EXPECT_EQ(made.at("end", image, c, y, x), made.at("c", image, c, y, x));
      EXPECT_EQ(
          made.at("end", image, c + 4 * (axis == 1), y + 4 * (axis == 2), x + 4 * (axis == 3)),
          made.at("r", image, c, y, x));
    });
  }
}

TEST(CompileOperators, SharesOneScaleThroughPoolsAndNestedConcats) {
  const network::MaxPool pool{{.kernel_h = 2, .kernel_w = 2, .stride_h = 2, .stride_w = 2}};
  network::Conv half = pointwise(4, 1, std::vector<float>(16, 0.5F));
  half.window = pool.window;
  std::vector<network::Node> nodes = {
      {"p", pool, {"c"}, "p", {}},
      {"d", half, {"c"}, "d", {}},
      {"inner", network::Concat{1}, {"p", "d"}, "inner", {}},
      {"end", network::Concat{1}, {"inner", "inner", "p"}, "end", {}}};
  const Made made(around(nodes, 14));
  nodes.back() = {"end", network::Slice{.count = {1, 1, 1}}, {"inner"}, "end", {}};
  EXPECT_EQ(Made(around(nodes, 1)).info("c").scale, made.info("c").scale);
  for (const std::string name : {"p", "d", "inner", "end"}) {
    EXPECT_EQ(made.info(name).scale, made.info("c").scale) << name;
    EXPECT_EQ(made.info(name).zero, made.info("c").zero) << name;
  }
  for_elements({1, 2, 2}, [&](int image, int, int y, int x) {
    EXPECT_EQ(made.at("end", image, 4, y, x), made.at("d", image, 0, y, x));
    EXPECT_EQ(made.at("end", image, 9, y, x), made.at("d", image, 0, y, x));
    EXPECT_EQ(made.at("end", image, 13, y, x), made.at("p", image, 3, y, x));
  });
}

TEST(CompileOperators, ClipsAtTheCodesOfItsBounds) {
  const Made plain(around({{"end", network::Relu{}, {"c"}, "end", {}}}, 4));
  const Made made(around({{"clip", network::Clip{0.0F, 0.25F}, {"c"}, "r", {}},
                          {"d", network::GlobalMaxPool{}, {"r"}, "d", {}},
                          {"pad", network::Pad{.after = {0, 3, 3}}, {"d"}, "end", {}}},
                         4));
  EXPECT_DOUBLE_EQ(made.info("r").scale, 0.25 / 255.0);
  EXPECT_EQ(made.layer("r").range, (OutputRange{.zero = 0, .low = 0, .high = 255}));
  const double ratio = plain.info("end").scale / made.info("r").scale;
  for (std::size_t i = 0; i < plain.codes("end").size(); ++i) {
    const double exact = std::min(255.0, ratio * plain.codes("end")[i]);
    EXPECT_NEAR(made.codes("r")[i], exact, 0.5 * ratio + 1.0);
  }
}

TEST(CompileOperators, ClipsBelowTheScaleOfAWiderPartnerAndAboveZero) {
  network::Conv offset = pointwise(4, 1, {1.0F, 0.0F, 0.0F, 0.0F});
  offset.bias = {0.5F};
  const Made made(around({{"low", network::Clip{-0.5F, 0.125F}, {"c"}, "low", {}},
                          {"relu", network::Relu{}, {"low"}, "rectified", {}},
                          {"d", offset, {"rectified"}, "d", {}},
                          {"top", network::Clip{0.25F, 0.5F}, {"d"}, "top", {}},
                          {"end", network::Concat{1}, {"rectified", "top"}, "end", {}}},
                         5));
  EXPECT_DOUBLE_EQ(made.info("end").scale, 0.5 / 255.0);
  // round(0.125 / (0.5 / 255)) and round(0.25 / (0.5 / 255)), halves away from zero
  EXPECT_EQ(made.layer("rectified").range, (OutputRange{.zero = 0, .low = 0, .high = 64}));
  EXPECT_EQ(made.layer("top").range, (OutputRange{.zero = 0, .low = 128, .high = 255}));
  const auto& codes = made.codes("rectified");
  EXPECT_EQ(*std::max_element(codes.begin(), codes.end()), 64);
}

TEST(CompileOperators, TakesTheLargestOfAGlobalMaxPool) {
  const Made made(around({{"end", network::GlobalMaxPool{}, {"c"}, "end", {}}}, 4));
  for_elements({4, 1, 1}, [&](int image, int c, int, int) {
    int largest = 0;
    for (int i = 0; i < 16; ++i) largest = std::max(largest, made.at("c", image, c, i / 4, i % 4));
    EXPECT_EQ(made.at("end", image, c, 0, 0), largest);
  });
}

TEST(CompileOperators, MakesLogitsOfALastAverage) {
  network::Network network = around({{"end", network::Relu{}, {"c"}, "end", {}}}, 4);
  network.nodes.pop_back();
  network.output_name = "pool";
  const Made made(network);
  const OutputScale& scale = made.layer("pool").scales.at(0);
  const auto& logits = made.codes("pool");
  EXPECT_NEAR(*std::max_element(logits.begin(), logits.end()), 1 << 16, 1 << 10);
  for_elements({4, 1, 1}, [&](int image, int c, int, int) {
    std::int64_t sum = 0;
    for (int i = 0; i < 16; ++i) sum += made.at("end", image, c, i / 4, i % 4);
    const std::int64_t half = std::int64_t{1} << (scale.shift - 1);
    EXPECT_EQ(made.at("pool", image, c, 0, 0), (sum * scale.multiplier + half) >> scale.shift);
  });
}

TEST(CompileOperators, KeepsTheSilenceOfCopiedChannels) {
  const auto next = pointwise(10, 2, std::vector<float>(20, 0.5F));
  network::Network network =
      around({{"slice",
               network::Slice{.start = {3, 0, 0}, .step = {-1, 1, 1}, .count = {4, 4, 4}},
               {"c"},
               "s",
               {}},
              {"pad", network::Pad{.before = {1, 0, 0}, .after = {1, 0, 0}}, {"s"}, "p", {}},
              {"cat", network::Concat{1}, {"c", "p"}, "cat", {}},
              {"next", next, {"cat"}, "end", {}}},
             2);
  auto weights = network::weight_of(network.node("c")).values;
  weights[2] = weights[3] = 0.0F;  // channel 1
  CompileOptions options;
  options.placement.drop_silent = true;
  const Deployment deployment =
      compile(network, test_tile(), test_device(), small_images(), options);
  EXPECT_EQ(deployment.layers[4].name, "next");
  EXPECT_THAT(deployment.layers[4].silent_inputs, ::testing::ElementsAre(1, 4, 7, 9));
}

TEST(CompileOperators, ComesBackFromAFileAndIsRefusedWithACopyOutOfBounds) {
  network::MaxPool pool{{.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2}};
  pool.window.ceil_mode = true;
  const Made made(
      around({{"p", pool, {"c"}, "p", {}}, {"end", network::Concat{1}, {"p", "p"}, "end", {}}}, 8));
  EXPECT_EQ(made.info("p").shape, (network::Shape{4, 2, 2}));
  const auto path = std::filesystem::path(::testing::TempDir()) / "compile_operators_test.xbar";
  write_deployment(made.deployment, path);
  EXPECT_EQ(read_deployment(path).layers, made.deployment.layers);
  std::filesystem::remove(path);
  const std::vector<std::pair<std::string, void (*)(Deployment&)>> faults = {
      {"number of copies", [](Deployment& d) { d.layers[2].copies.pop_back(); }},
      {"number of copies", [](Deployment& d) { d.layers[1].copies.resize(1); }},
      {"offset of a copy", [](Deployment& d) { d.layers[2].copies[1].offset[0] = 8; }},
      {"count of a copy", [](Deployment& d) { d.layers[2].copies[1].count[0] = 5; }},
      {"start of a copy", [](Deployment& d) { d.layers[2].copies[0].start[1] = -1; }},
      {"last element of a copy", [](Deployment& d) { d.layers[2].copies[0].step[2] = 2; }},
      {"another scale", [](Deployment& d) { d.tensors[2].scale *= 2.0; }},
      {"zero point", [](Deployment& d) { d.layers[2].range.zero += 1; }}};
  for (const auto& [message, spoil] : faults) {
    Deployment spoilt = made.deployment;
    spoil(spoilt);
    EXPECT_THAT([&] { validate(spoilt); }, ThrowsMessage<InputError>(HasSubstr(message)));
  }
}

/// Concat of two quantised branches of "c".
network::Network quantised_concat(const network::Quantise& first, const network::Quantise& second) {
  return around({{"cq", first, {"c"}, "cq", {}},
                 {"d", scaled(1.0F), {"cq"}, "d", {}},
                 {"dq", second, {"d"}, "dq", {}},
                 {"end", network::Concat{1}, {"cq", "dq"}, "end", {}}},
                8);
}

TEST(CompileOperators, TakesTheScaleOfQuantisedOperandsAndRefusesTwoScales) {
  const Made made(quantised_concat({0.03125F, 0, -128, 127}, {0.03125F, 0, -128, 127}));
  EXPECT_EQ(made.info("end").scale, 0.03125);
  EXPECT_EQ(made.info("end").zero, 128);
  for (const network::Quantise& other :
       {network::Quantise{0.0625F, 0, -128, 127}, network::Quantise{0.03125F, 3, -128, 127}}) {
    EXPECT_THAT(
        [&] {
          Made(quantised_concat({0.03125F, 0, -128, 127}, other));
        },
        ThrowsMessage<InputError>(AllOf(HasSubstr("node 'end'"), HasSubstr("'dq'"),
                                        HasSubstr("0.03125"), HasSubstr("expected"))));
  }
}

TEST(CompileOperators, RefusesByNameWhatTheRulesDoNotCover) {
  using Nodes = std::vector<network::Node>;
  network::Pad mirrored{.before = {0, 1, 1}};
  mirrored.mode = network::Pad::Mode::kReflect;
  network::AveragePool ceiling{{.kernel_h = 3, .kernel_w = 3, .stride_h = 2, .stride_w = 2}};
  ceiling.window.ceil_mode = true;
  const std::vector<std::tuple<std::string, int, Nodes>> cases = {
      {"expected zeros", 4, {{"end", mirrored, {"c"}, "end", {}}}},
      {"1.000000, expected zeros", 4, {{"end", network::Pad{.value = 1.0F}, {"c"}, "end", {}}}},
      {"whole windows", 4, {{"end", ceiling, {"c"}, "end", {}}}},
      {"flattened",
       128,
       {{"f", network::Flatten{}, {"c"}, "f", {}},
        {"end", network::Concat{1}, {"f", "f"}, "end", {}}}},
      {"right after",
       4,
       {{"p", network::GlobalMaxPool{}, {"c"}, "p", {}},
        {"end", network::Clip{0.0F, 6.0F}, {"p"}, "end", {}}}},
      {"no integer rule", 4, {{"end", network::Softmax{}, {"c"}, "end", {}}}},
      {"on the input image", 6, {{"end", network::Concat{1}, {"c", "input"}, "end", {}}}}};
  for (const auto& [message, features, nodes] : cases) {
    EXPECT_THAT(([&, &nodes = nodes, features = features] { Made(around(nodes, features)); }),
                ThrowsMessage<InputError>(AllOf(HasSubstr("node 'end'"), HasSubstr(message))));
  }
}

}  // namespace
}  // namespace crossloop::compiler
