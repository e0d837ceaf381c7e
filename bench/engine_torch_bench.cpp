// The engine over LibTorch's float inference of the same ResNet-20, with the same threads.
#include <ATen/core/grad_mode.h>

#include "bench/figures.hpp"
#include "bench/resnet20_chip.hpp"
#include "host/runtime/executor.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::bench {

namespace {

constexpr int kImages = 256;
constexpr int kTorchBatch = 64;

/// Normalised floats, channels last.
std::vector<float> normalised(const data::Dataset& images, const network::Network& network) {
  std::vector<float> floats(images.pixels.size());
  const auto& [mean, std] = network.normalisation;
  const std::size_t channels = static_cast<std::size_t>(images.channels);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const float value = static_cast<float>(images.pixels[i]) / 255.0F;
    const std::size_t channel = i % channels;
    floats[i] = mean.empty() ? value : (value - mean[channel]) / std[channel];
  }
  return floats;
}

double torch_seconds(const pruning::TorchNetwork& torch, std::vector<float>& floats,
                     const data::Dataset& images) {
  return seconds([&] {
    float sum = 0.0F;
    for (int first = 0; first < images.count; first += kTorchBatch) {
      const at::Tensor batch =
          pruning::view_nhwc(floats.data() + static_cast<std::size_t>(first) * images.image_size(),
                             kTorchBatch, images.channels, images.height, images.width);
      sum += torch.forward(batch, pruning::BatchNormMode::kRunning)[0][0].item<float>();
    }
    if (sum > 1e30F) std::abort();  // the sum is used
  });
}

Figure measure_ratio(int cell_bits, double budget) {
  constexpr int kRounds = 7;
  const data::Dataset images = cifar10_images(kImages);
  const Resnet20Chip chip = resnet20_chip(cell_bits, false, images);
  const network::Network network = resnet20();
  std::vector<float> floats = normalised(images, network);
  const pruning::TorchScope scope(kEngineThreads);
  const at::NoGradGuard no_grad;
  const pruning::TorchNetwork torch(network);
  std::vector<double> ratios;
  torch_seconds(torch, floats, images);  // both sides warm up
  runtime::run_images(chip.deployment, *chip.backend, images, {});
  for (int round = 0; round < kRounds; ++round) {
    const double bare = torch_seconds(torch, floats, images);
    ratios.push_back(
        seconds([&] { runtime::run_images(chip.deployment, *chip.backend, images, {}); }) / bare);
  }
  return {median(ratios), "ratio", budget, Better::kSmaller};
}

Benchmark ratio(const std::string& name, int cell_bits, double budget) {
  return {{name}, [=] {
            return std::map<std::string, Figure>{{name, measure_ratio(cell_bits, budget)}};
          }};
}

}  // namespace

std::vector<Benchmark> engine_over_libtorch() {
  return {ratio("engine.resnet20_over_libtorch.cell4", 4, 8.0),
          ratio("engine.resnet20_over_libtorch.cell2", 2, 15.0)};
}

}  // namespace crossloop::bench
