// Whole networks on the core by descriptors only, against the engine: every tensor, every logit,
// every counter, with device errors, read noise and clipping on.
#include <gtest/gtest.h>

#include "host/runtime/engine_backend.hpp"
#include "host/runtime/network_runner.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"
#include "tests/compiler_fixture.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using testing_support::rough_device;

constexpr std::uint64_t kChip = 21;

network::Conv conv(int in, int out, int kernel, int stride, int pad, std::mt19937& rng) {
  network::Conv conv;
  conv.in_channels = in;
  conv.out_channels = out;
  conv.window = {.kernel_h = kernel,
                 .kernel_w = kernel,
                 .stride_h = stride,
                 .stride_w = stride,
                 .pad_top = pad,
                 .pad_left = pad,
                 .pad_bottom = pad,
                 .pad_right = pad};
  conv.weight = testing_support::random_floats(static_cast<std::size_t>(out * in * kernel * kernel),
                                               0.5F, rng);
  conv.bias = testing_support::random_floats(static_cast<std::size_t>(out), 0.3F, rng);
  return conv;
}

/// Every operator the core knows on sizes that fill no word: 5 channels, 7x5 pixels, a table behind
/// a convolution and one behind an addition, both pools, overlapping windows, stride 2.
network::Network odd_network() {
  std::mt19937 rng(5);
  network::Network net;
  net.name = "odd";
  net.input_shape = {3, 7, 5};
  net.normalisation = {{0.5F, 0.4F, 0.6F}, {0.25F, 0.3F, 0.2F}};
  network::Linear linear;
  linear.in_features = 5;
  linear.out_features = 3;
  linear.weight = testing_support::random_floats(15, 0.5F, rng);
  linear.bias = {0.1F, -0.2F, 0.0F};
  const network::Window pool{.kernel_h = 3,
                             .kernel_w = 2,
                             .stride_h = 2,
                             .stride_w = 1,
                             .pad_top = 1,
                             .pad_left = 0,
                             .pad_bottom = 1,
                             .pad_right = 1};
  net.nodes = {
      {"conv1", conv(3, 5, 3, 1, 1, rng), {"input"}, "a", {}},
      {"leaky", network::LeakyRelu{0.2F}, {"a"}, "b", {}},
      {"max", network::MaxPool{pool}, {"b"}, "c", {}},
      {"conv2", conv(5, 5, 1, 1, 0, rng), {"c"}, "d", {}},
      {"conv3", conv(5, 5, 3, 1, 1, rng), {"c"}, "e", {}},
      {"add", network::Add{}, {"d", "e"}, "f", {}},
      {"swish", network::HardSwish{}, {"f"}, "g", {}},
      {"average",
       network::AveragePool{
           {.kernel_h = 2, .kernel_w = 2, .stride_h = 2, .pad_top = 1, .pad_bottom = 1}, true},
       {"g"},
       "h",
       {}},
      {"global", network::GlobalAveragePool{}, {"h"}, "i", {}},
      {"fc", linear, {"i"}, "logits", {}}};
  net.output_name = "logits";
  return net;
}

network::Network small_network() {
  std::mt19937 rng(3);
  return testing_support::small_network(rng);
}

/// A network compiled for tiles of `side`, with a rough chip.
struct Case {
  Case(network::Network net, int side, int count)
      : images(compiler::noisy_images(net.input_shape, count, 3)) {
    tile.rows = tile.columns = side;
    tile.adc_bits = side == 16 ? 4 : 6;
    tile.code = analog::code_format(device, 2, 8, 5);
    deployment = compiler::compile(net, tile, device, images, {});
    calibrate_ideal(deployment, images, {.percentile = 98.0});  // the rest clips
  }
  analog::Device device = rough_device();
  data::Dataset images;
  compiler::TileFormat tile;
  compiler::Deployment deployment;
};

/// The chip in RTL and engine, and what each makes of the images.
class Pair {
 public:
  Pair(const compiler::Deployment& deployment, const analog::Device& device, double stalls = 0.0,
       int engines = 1)
      : deployment_(deployment), engine_(deployment.tile, device, kChip) {
    const auto& tile = deployment.tile;
    auto simulation = testbench::make_verilated_device(
        {.geometry = {tile.rows, tile.columns, tile.code.bits, engines},
         .stall_probability = stalls});
    auto planted = std::make_unique<PlantedTransport>(std::move(simulation),
                                                      analog::Chip(device, tile.code, kChip));
    rtl_ = std::make_unique<DeviceBackend>("rtl", std::move(planted), tile);
    program_all(engine_, deployment);
    rtl_->restore(engine_.snapshot(static_cast<std::int32_t>(deployment.crossbars.size())));
  }

  /// Holds everything equal; returns the plan.
  NetworkPlan compare(const data::Dataset& images, PlanOptions plan, RunOptions options = {}) {
    plan.keep_tensors = true;
    options.batch = images.count;
    std::vector<std::vector<std::uint8_t>> expected(deployment_.tensors.size());
    ConversionCounters counters;
    const auto golden =
        run_images(deployment_, engine_, images, options, [&](const LayerEvent& event) {
          if (event.counters) counters += *event.counters;
          expected = event.activations->tensors;
        });
    EXPECT_GT(counters.clipped_low + counters.clipped_high, 0);
    NetworkRunner runner(deployment_, *rtl_, plan);
    std::vector<std::vector<std::uint8_t>> found(deployment_.tensors.size());
    const NetworkRun run = runner.run(images, options, [&](int, const Activations& activations) {
      for (std::size_t id = 0; id < found.size(); ++id) {
        const auto& bytes = activations.tensors[id];
        found[id].insert(found[id].end(), bytes.begin(), bytes.end());
      }
    });
    EXPECT_EQ(run.logits, golden);
    EXPECT_EQ(run.counters, counters);
    EXPECT_GT(run.cycles, 0);
    for (std::size_t id = 0; id < found.size(); ++id) {
      EXPECT_EQ(found[id], expected[id]) << "tensor " << id << " " << deployment_.tensors[id].name;
    }
    plan.keep_tensors = false;  // places are used again
    EXPECT_EQ(NetworkRunner(deployment_, *rtl_, plan).run(images, options).logits, golden);
    return runner.plan();
  }

  DeviceBackend& rtl() { return *rtl_; }

 private:
  const compiler::Deployment& deployment_;
  EngineBackend engine_;
  std::unique_ptr<DeviceBackend> rtl_;
};

TEST(WholeNetwork, RunsASmallNetworkInBatchesByDescriptorsOnly) {
  const Case test(small_network(), 16, 12);
  Pair pair(test.deployment, test.device);
  const NetworkPlan plan = pair.compare(test.images.slice(0, 5), {.images = 2});
  EXPECT_EQ(plan.layers_on_device(), 2);
  EXPECT_EQ(plan.images, 2);
}

TEST(WholeNetwork, RunsEveryOperatorOnSizesThatFillNoWord) {
  const Case test(odd_network(), 64, 20);
  Pair pair(test.deployment, test.device);
  const NetworkPlan plan = pair.compare(test.images.slice(0, 3), {.images = 3});
  EXPECT_EQ(plan.layers_on_device(), static_cast<int>(test.deployment.layers.size()));
  EXPECT_EQ(plan.steps.size(), 1u);
}

TEST(WholeNetwork, KeepsVectorNumbersFromBatchToBatchAndEpochToEpoch) {
  const Case test(small_network(), 16, 12);
  Pair pair(test.deployment, test.device);
  pair.compare(test.images.slice(0, 3), {.images = 3},
               {.noise_seed = 9, .epoch = 2, .skip_zero = false, .total_images = 7});
}

TEST(WholeNetwork, SharesTheWindowWithAHostThatStalls) {
  const Case test(odd_network(), 64, 20);
  Pair pair(test.deployment, test.device, 0.5);
  pair.compare(test.images.slice(0, 1), {});
}

TEST(WholeNetwork, RunsAResidualNetwork) {
  const Case test(compiler::small_resnet(), 64, 12);
  Pair pair(test.deployment, test.device);
  const NetworkPlan plan = pair.compare(test.images.slice(0, 4), {.images = 4});
  EXPECT_EQ(plan.layers_on_device(), static_cast<int>(test.deployment.layers.size()));
}

/// Layers of up to 300 crossbars on 16 pages, running sums in between.
TEST(WholeNetwork, KeepsRunningSumsWhereALayerHasMoreCrossbarsThanPages) {
  const Case test(compiler::small_resnet(), 16, 12);
  Pair pair(test.deployment, test.device);
  pair.compare(test.images.slice(0, 1), {});
}

TEST(WholeNetwork, RunsOnTwoEngines) {
  const Case test(compiler::small_resnet(), 16, 12);
  for (const double stalls : {0.0, 0.4}) {
    Pair pair(test.deployment, test.device, stalls, 2);
    pair.compare(test.images.slice(0, 1), {});
  }
}

/// A window so small that running sums hold only some rows of an image.
TEST(WholeNetwork, RunsAnImageRowByRowWhereItsSumsDoNotFit) {
  const Case test(compiler::small_resnet(), 16, 12);
  Pair pair(test.deployment, test.device);
  const NetworkPlan plan = pair.compare(test.images.slice(0, 1), {.window_words = 2500});
  bool by_rows = false;
  for (const PlanStep& step : plan.steps) {
    for (const LayerPlaces& places : step.layers) {
      by_rows |= places.sum_rows > 0 && places.sum_rows < 8;
    }
  }
  EXPECT_TRUE(by_rows);
}

/// The shortcuts of a residual network of kind A are slices and paddings.
TEST(WholeNetwork, LeavesToTheHostWhatTheCoreCannot) {
  network::Network net = network::make_network("resnet8_a", {3, 8, 8}, 4, 1);
  compiler::randomise_affine(net, 1);
  const Case test(std::move(net), 64, 12);
  Pair pair(test.deployment, test.device);
  const NetworkPlan plan = pair.compare(test.images.slice(0, 2), {.images = 2});
  EXPECT_GT(plan.steps.size(), 1u);
  EXPECT_LT(plan.layers_on_device(), static_cast<int>(test.deployment.layers.size()));
  EXPECT_GT(plan.layers_on_device(), 5);
}

TEST(WholeNetwork, FindsAWrongRow) {
  const Case test(small_network(), 16, 12);
  Pair pair(test.deployment, test.device);
  NetworkRunner runner(test.deployment, pair.rtl(), {});
  const auto images = test.images.slice(0, 1);
  const auto before = runner.run(images, {}).logits;
  EXPECT_EQ(runner.run(images, {}).logits, before);
  auto& device = dynamic_cast<testbench::VerilatedDevice&>(
      dynamic_cast<PlantedTransport&>(pair.rtl().transport()).inner());
  for (int column = 0; column < 16; ++column) device.flip_array_bit(0, column, 7, 3);
  EXPECT_NE(runner.run(images, {}).logits, before);
}

}  // namespace
}  // namespace crossloop::runtime
