// A small residual network and coloured 8x8 images that training tests finish in milliseconds.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "host/network/zoo_builder.hpp"

namespace crossloop::tests {

/// -1 .. 1, the same on every library.
inline float random_float(std::mt19937& rng) {
  return static_cast<float>(rng()) / 2147483648.0F - 1.0F;
}

inline std::vector<float> random_floats(std::size_t count, float scale, std::mt19937& rng) {
  std::vector<float> values(count);
  for (float& value : values) value = scale * random_float(rng);
  return values;
}

using network::square_window;

inline network::Conv random_conv(int in, int out, const network::Window& window,
                                 std::mt19937& rng) {
  const auto inputs = static_cast<std::size_t>(in * window.kernel_h * window.kernel_w);
  const float scale = 2.0F / std::sqrt(static_cast<float>(inputs));
  return {in, out, window, random_floats(static_cast<std::size_t>(out) * inputs, scale, rng), {}};
}

/// Random statistics too, so that batch norm does something.
inline network::BatchNorm random_norm(int channels, std::mt19937& rng) {
  network::BatchNorm norm;
  for (int c = 0; c < channels; ++c) {
    norm.gamma.push_back(1.0F + 0.5F * random_float(rng));
    norm.beta.push_back(0.2F * random_float(rng));
    norm.mean.push_back(0.2F * random_float(rng));
    norm.variance.push_back(1.0F + 0.5F * random_float(rng));
  }
  return norm;
}

/// 3x8x8 -> conv1 (8) bn1 relu1 -> conv2 (8) bn2, added to relu1 -> relu2 pool flatten fc (4).
inline network::Network tiny_network(unsigned seed = 7) {
  std::mt19937 rng(seed);
  network::Network net;
  net.name = "tiny";
  net.input_shape = {3, 8, 8};
  net.output_name = "fc.out";
  net.normalisation = {{0.5F, 0.4F, 0.6F}, {0.25F, 0.2F, 0.3F}};
  const auto add = [&](const std::string& name, network::Operator op,
                       std::vector<std::string> inputs) {
    net.nodes.push_back({name, std::move(op), std::move(inputs), name + ".out", {}});
  };
  add("conv1", random_conv(3, 8, square_window(3, 1, 1), rng), {"input"});
  add("bn1", random_norm(8, rng), {"conv1.out"});
  add("relu1", network::Relu{}, {"bn1.out"});
  add("conv2", random_conv(8, 8, square_window(3, 1, 1), rng), {"relu1.out"});
  add("bn2", random_norm(8, rng), {"conv2.out"});
  add("add", network::Add{}, {"bn2.out", "relu1.out"});
  add("relu2", network::Relu{}, {"add.out"});
  add("pool", network::GlobalAveragePool{}, {"relu2.out"});
  add("flatten", network::Flatten{}, {"pool.out"});
  add("fc", network::Linear{8, 4, random_floats(32, 0.5F, rng), random_floats(4, 0.1F, rng)},
      {"flatten.out"});
  return net;
}

/// Four classes told apart by a colour cast in strong noise.
inline data::Dataset tiny_images(int count, unsigned seed = 11) {
  std::mt19937 rng(seed);
  data::Dataset images{"tiny", count, 8, 8, 3, 4, {}, {}};
  for (int i = 0; i < count; ++i) {
    const unsigned label = rng() % 4;
    images.labels.push_back(static_cast<std::uint16_t>(label));
    for (int pixel = 0; pixel < 64; ++pixel) {
      for (unsigned c = 0; c < 3; ++c) {
        const unsigned cast = label == c ? 60 : 0;
        images.pixels.push_back(static_cast<std::uint8_t>(cast + rng() % 190));
      }
    }
  }
  return images;
}

}  // namespace crossloop::tests
