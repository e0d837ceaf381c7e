// A small random network on 16 x 16 tiles, for tests that need a whole Deployment in milliseconds.
#pragma once

#include <random>
#include <vector>

#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "host/runtime/calibrate.hpp"

namespace crossloop::testing_support {

inline std::vector<float> random_floats(std::size_t count, float scale, std::mt19937& rng) {
  std::vector<float> values(count);
  for (float& value : values) {
    value = scale * (static_cast<float>(rng() % 2001) / 1000.0F - 1.0F);
  }
  return values;
}

/// conv 3x3 2 -> 4 (stride 2) + batch norm + ReLU, linear to 3 classes; 6 x 6 images.
inline network::Network small_network(std::mt19937& rng) {
  network::Network net;
  net.name = "small";
  net.output_name = "logits";
  net.input_shape = {2, 6, 6};
  net.normalisation = {{0.5F, 0.4F}, {0.25F, 0.3F}};
  network::Conv conv;
  conv.in_channels = 2;
  conv.out_channels = 4;
  conv.window = {.kernel_h = 3,
                 .kernel_w = 3,
                 .stride_h = 2,
                 .stride_w = 2,
                 .pad_top = 1,
                 .pad_left = 1,
                 .pad_bottom = 1,
                 .pad_right = 1};
  conv.weight = random_floats(4 * 2 * 9, 0.5F, rng);
  network::BatchNorm norm;
  norm.gamma = {1.0F, -0.8F, 1.2F, 0.9F};
  norm.beta = {0.1F, 0.3F, 0.0F, -0.1F};
  norm.mean = {0.0F, 0.1F, -0.1F, 0.0F};
  norm.variance = {1.0F, 0.8F, 1.1F, 0.9F};
  network::Linear linear;
  linear.in_features = 36;
  linear.out_features = 3;
  linear.weight = random_floats(108, 0.3F, rng);
  linear.bias = {0.1F, -0.2F, 0.0F};
  net.nodes = {{"conv", conv, {"input"}, "a", {}},
               {"bn", norm, {"a"}, "b", {}},
               {"relu", network::Relu{}, {"b"}, "c", {}},
               {"flatten", network::Flatten{}, {"c"}, "d", {}},
               {"fc", linear, {"d"}, "logits", {}}};
  return net;
}

inline data::Dataset small_images(int count, std::mt19937& rng) {
  data::Dataset images{"random", count, 6, 6, 2, 3, {}, {}};
  for (int i = 0; i < count * 72; ++i)
    images.pixels.push_back(static_cast<std::uint8_t>(rng() % 256));
  for (int i = 0; i < count; ++i) images.labels.push_back(static_cast<std::uint16_t>(rng() % 3));
  return images;
}

inline compiler::TileFormat small_tile(const analog::Device& device) {
  compiler::TileFormat tile;
  tile.rows = 16;
  tile.columns = 16;
  tile.code = analog::code_format(device, 2, 8, 5);
  return tile;
}

/// Errors of every kind, gentle enough for 16 x 16 cells.
inline analog::Device rough_device() {
  analog::Device device;
  device.name = "rough";
  device.cycle_to_cycle.sigma = 0.08;
  device.stuck_lrs_rate = 0.004;
  device.read_noise_over_g_max = 0.005;
  device.wires = {300.0, 5.0, 5.0, 300.0};
  return device;
}

inline analog::Device ideal_device() {
  analog::Device device;
  device.name = "ideal";
  device.wires = {0.0, 0.0, 0.0, 0.0};
  return device;
}

/// What SmallCase is compiled with.
struct SmallOptions {
  compiler::Encoding encoding = compiler::Encoding::kDifferential;
  compiler::CompileOptions compile;
};

struct SmallCase {
  explicit SmallCase(const analog::Device& chosen, unsigned seed = 3,
                     const SmallOptions& options = {})
      : rng(seed), device(chosen), net(small_network(rng)), images(small_images(40, rng)) {
    compiler::TileFormat tile = small_tile(device);
    tile.encoding = options.encoding;
    deployment = compiler::compile(net, tile, device, images, options.compile);
    runtime::calibrate_ideal(deployment, images);
  }
  std::mt19937 rng;
  analog::Device device;
  network::Network net;
  data::Dataset images;
  compiler::Deployment deployment;
};

}  // namespace crossloop::testing_support
