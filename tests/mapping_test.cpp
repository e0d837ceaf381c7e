#include "host/compiler/mapping.hpp"

#include <gtest/gtest.h>

#include "host/compiler/network_counts.hpp"
#include "host/error.hpp"
#include "host/network/zoo.hpp"
#include "tests/compiler_fixture.hpp"

namespace crossloop::compiler {
namespace {

LayerGeometry conv(int inputs, int outputs, int kernel, int stride, int out_size) {
  LayerGeometry geometry{.inputs = inputs, .outputs = outputs, .window = {}};
  geometry.window.kernel_h = geometry.window.kernel_w = kernel;
  geometry.window.stride_h = geometry.window.stride_w = stride;
  geometry.out_height = geometry.out_width = out_size;
  return geometry;
}

/// Layers of one shape, as the papers' tables list them.
struct Layers {
  int count;
  int inputs, outputs, kernel, stride, out_size;
};

/// Folded: ceil(C_in k^2 / 128) * ceil(C_out / 16), summed by hand over the layers.
void expect_folded(const std::vector<Layers>& layers, const MappingCounts& found) {
  std::int64_t folded = 0, unfolded = 0;
  for (const Layers& l : layers) {
    const std::int64_t one =
        std::int64_t{(l.inputs * l.kernel * l.kernel + 127) / 128} * ((l.outputs + 15) / 16);
    folded += l.count * one;
    unfolded += l.count * one * l.out_size * l.out_size;
  }
  EXPECT_EQ(found.folded, folded);
  EXPECT_EQ(found.unfolded, unfolded);
}

MappingCounts counts_of(const std::string& name, network::Shape input, int classes,
                        const TileFormat& tile = test_tile(128, 128)) {
  const network::NetworkPlan plan = network::plan_network(name, input, classes);
  return total(network_counts(plan.network, plan.shapes, tile));
}

// A weight takes 8 columns (4 slices, two signs): 16 weights beside each other on 128 columns.

TEST(MappingCounts, OfVgg8AreThoseOfTheClosedForms) {
  const auto found = counts_of("vgg8", {3, 32, 32}, 10);
  expect_folded({{1, 3, 32, 3, 1, 32},
                 {1, 32, 32, 3, 1, 32},
                 {1, 32, 64, 3, 1, 16},
                 {1, 64, 64, 3, 1, 16},
                 {1, 64, 128, 3, 1, 8},
                 {1, 128, 128, 3, 1, 8},
                 {1, 2048, 256, 1, 1, 1},
                 {1, 256, 10, 1, 1, 1}},
                found);
  EXPECT_EQ(found.folded, 2 + 6 + 12 + 20 + 40 + 72 + 256 + 2);
  // conv1: 8 columns of 3 channels, W_t = 10, 3 * 3 * 10 = 90 rows, 2 channels * 8 = 16 weights:
  // 4 slices * 1 * ceil(32 / 2) = 64. The others: W_s = 1, W_t = 3, K_in = 14, K_out = 16.
  EXPECT_EQ(found.semi_folded,
            64 + 32 * 3 * 2 + 16 * 3 * 4 + 16 * 5 * 4 + 8 * 5 * 8 + 8 * 10 * 8 + 256 + 2);
}

TEST(MappingCounts, OfVgg16AreThoseOfTheClosedForms) {
  const auto found = counts_of("vgg16", {3, 32, 32}, 10);
  expect_folded({{1, 3, 64, 3, 1, 32},
                 {1, 64, 64, 3, 1, 32},
                 {1, 64, 128, 3, 1, 16},
                 {1, 128, 128, 3, 1, 16},
                 {1, 128, 256, 3, 1, 8},
                 {2, 256, 256, 3, 1, 8},
                 {1, 256, 512, 3, 1, 4},
                 {2, 512, 512, 3, 1, 4},
                 {3, 512, 512, 3, 1, 2},
                 {1, 512, 10, 1, 1, 1}},
                found);
  // W_s = 1, K_in = 14, K_out = 16 but for the first, as in VGG8.
  EXPECT_EQ(found.semi_folded, 4 * 32 + 32 * 5 * 4 + 16 * 5 * 8 + 16 * 10 * 8 + 8 * 10 * 16 +
                                   2 * 8 * 19 * 16 + 4 * 19 * 32 + 2 * 4 * 37 * 32 +
                                   3 * 2 * 37 * 32 + 4);
}

const std::vector<Layers> kResnet18 = {
    {1, 3, 64, 7, 2, 112},   {4, 64, 64, 3, 1, 56},   {1, 64, 128, 3, 2, 28},
    {1, 64, 128, 1, 2, 28},  {3, 128, 128, 3, 1, 28}, {1, 128, 256, 3, 2, 14},
    {1, 128, 256, 1, 2, 14}, {3, 256, 256, 3, 1, 14}, {1, 256, 512, 3, 2, 7},
    {1, 256, 512, 1, 2, 7},  {3, 512, 512, 3, 1, 7},  {1, 512, 1000, 1, 1, 1}};

TEST(MappingCounts, OfResnet18AreThoseOfTheClosedForms) {
  const auto found = counts_of("resnet18", {3, 224, 224}, 1000);
  expect_folded(kResnet18, found);
  EXPECT_EQ(found.folded, 5724);
  EXPECT_EQ(found.semi_folded, 58492);
}

TEST(MappingCounts, OfResnet50AreThoseOfTheClosedForms) {
  const auto found = counts_of("resnet50", {3, 224, 224}, 1000);
  std::vector<Layers> layers = {{1, 3, 64, 7, 2, 112}, {1, 2048, 1000, 1, 1, 1}};
  struct Stage {
    int width, blocks, size, inputs;
  };
  for (const Stage& s :
       {Stage{64, 3, 56, 64}, {128, 4, 28, 256}, {256, 6, 14, 512}, {512, 3, 7, 1024}}) {
    const int stride = s.width == 64 ? 1 : 2;
    layers.push_back({1, s.inputs, s.width, 1, 1, s.size * stride});
    layers.push_back({1, s.inputs, s.width * 4, 1, stride, s.size});
    layers.push_back({1, s.width, s.width, 3, stride, s.size});
    layers.push_back({s.blocks - 1, s.width, s.width, 3, 1, s.size});
    layers.push_back({s.blocks, s.width, s.width * 4, 1, 1, s.size});
    layers.push_back({s.blocks - 1, s.width * 4, s.width, 1, 1, s.size});
  }
  expect_folded(layers, found);
  EXPECT_EQ(found.folded, 12504);
  EXPECT_EQ(found.semi_folded, 132048);
}

TEST(MappingCounts, PutWholeGroupsBesideEachOther) {
  LayerGeometry depthwise = conv(64, 64, 3, 1, 8);
  depthwise.groups = 64;  // 9 rows and one weight a channel: 14 on 128 rows, 16 on 128 columns
  EXPECT_EQ(mapping_counts(depthwise, test_tile(128, 128)).folded, 5);
  LayerGeometry grouped = conv(64, 64, 3, 1, 8);
  grouped.groups = 2;  // 288 rows each: not two to a tile
  EXPECT_EQ(mapping_counts(grouped, test_tile(128, 128)).folded, 2 * 3 * 2);
}

TEST(MappingCounts, TakeAColumnLessForTheUnitColumnOfTheOffsetEncoding) {
  TileFormat tile = test_tile(128, 128);
  tile.encoding = Encoding::kOffset;  // 4 slices of 2 bits: (128 - 1) / 4 = 31 weights
  EXPECT_EQ(tile.slices(), 4);
  EXPECT_EQ(mapping_counts(conv(16, 62, 3, 1, 8), tile).folded, 2 * 2);
  EXPECT_EQ(mapping_counts(conv(16, 63, 3, 1, 8), tile).folded, 2 * 3);
}

TEST(SemiFolding, TakesWhatTheUserFixes) {
  const TileFormat tile = test_tile(128, 128);
  const auto free = semi_folding(conv(16, 16, 3, 1, 32), tile);
  ASSERT_TRUE(free);
  EXPECT_EQ(free->crossbars, 64);
  // W_s = 4: W_t = 6, 3 * 6 = 18 rows a channel, 7 channels; 4 outputs of 4 columns.
  const auto fixed =
      semi_folding(conv(16, 16, 3, 1, 32), tile, {.output_channels = 4, .columns = 4});
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->input_channels, 7);
  EXPECT_EQ(fixed->crossbars, 8 * 3 * 4);
  const auto fewer =
      semi_folding(conv(16, 16, 3, 1, 32), tile, {.input_channels = 4, .columns = 4});
  ASSERT_TRUE(fewer);
  EXPECT_EQ(fewer->crossbars, 8 * 4 * 4);
  EXPECT_FALSE(semi_folding(conv(16, 16, 3, 1, 32), tile, {.columns = 17}));
  EXPECT_FALSE(semi_folding(conv(16, 16, 3, 1, 32), tile, {.input_channels = 60, .columns = 1}));
}

TEST(SemiFolding, GivesAKernelRowACrossbarWhereTheKernelIsTooTall) {
  const auto folding = semi_folding(conv(1, 1, 7, 1, 1), test_tile(16, 16));
  ASSERT_TRUE(folding);  // 7 * 7 > 16 rows
  EXPECT_EQ(folding->kernel_rows, 1);
  EXPECT_EQ(folding->input_channels, 1);
  EXPECT_EQ(folding->crossbars, 7);
  EXPECT_FALSE(semi_folding(conv(1, 1, 17, 1, 1), test_tile(16, 16)));
}

TEST(WeightIndex, OfASemiFoldedLayerIsBlockToeplitz) {
  Layer layer;
  layer.outputs = 2;
  layer.window.kernel_h = 1;
  layer.window.kernel_w = 3;
  layer.window.stride_w = 2;
  layer.inputs_per_output = 3;
  layer.mapping = Mapping::kSemiFolded;
  layer.columns_per_vector = 2;
  layer.weights = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(vector_inputs(layer), 5);
  ASSERT_EQ(accumulators_of(layer), 4);
  const int expected[4][5] = {{1, 2, 3, 0, 0}, {4, 5, 6, 0, 0}, {0, 0, 1, 2, 3}, {0, 0, 4, 5, 6}};
  for (int a = 0; a < 4; ++a) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(weight_at(layer, a, i), expected[a][i]) << a << i;
  }
  layer.window.dilation_w = 2;  // taps at 0, 2, 4 of 7
  ASSERT_EQ(vector_inputs(layer), 7);
  EXPECT_EQ(weight_at(layer, 0, 1), 0);
  EXPECT_EQ(weight_at(layer, 0, 4), 3);
  EXPECT_EQ(weight_at(layer, 3, 6), 6);
}

}  // namespace
}  // namespace crossloop::compiler
