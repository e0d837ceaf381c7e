#include "bench/resnet20_chip.hpp"

#include <filesystem>

#include "host/analog/device.hpp"
#include "host/compiler/compile.hpp"
#include "host/data/catalogue.hpp"
#include "host/data/shapes.hpp"
#include "host/network/onnx_file.hpp"
#include "host/runtime/calibrate.hpp"

namespace crossloop::bench {

namespace {

constexpr int kCalibrationImages = 64;

}  // namespace

network::Network resnet20() {
  return network::read_onnx(std::filesystem::path(CROSSLOOP_SOURCE_DIR) /
                            "models/resnet20_cifar10.onnx");
}

data::Dataset cifar10_images(int count) {
  const std::filesystem::path source = CROSSLOOP_SOURCE_DIR;
  data::DataOptions options;
  options.test_images = count;
  options.skip_train = true;
  for (const auto& folder : {data::default_folder("cifar10"), source / "../shared/data/cifar10"}) {
    if (std::filesystem::exists(folder)) return data::load_data(folder.string(), options).test;
  }
  return data::make_shapes(1, count);
}

Resnet20Chip resnet20_chip(int cell_bits, bool read_noise, const data::Dataset& calibration) {
  analog::Device device = analog::find_device("demo", CROSSLOOP_SOURCE_DIR);
  if (!read_noise) device.read_noise_over_g_max = 0.0;
  compiler::TileFormat tile;
  tile.rows = tile.columns = 128;
  tile.code = analog::code_format(device, cell_bits, 8, cell_bits == 4 ? 3 : 5);
  network::Network network = resnet20();
  const data::Dataset sample = calibration.slice(0, kCalibrationImages);
  Resnet20Chip chip;
  chip.deployment = compiler::compile(network, tile, device, sample);
  runtime::calibrate_ideal(chip.deployment, sample);
  constexpr std::uint64_t kChipSeed = 7;
  chip.backend = std::make_unique<runtime::EngineBackend>(
      tile, device, kChipSeed, engine::EngineOptions{.threads = kEngineThreads});
  runtime::program_all(*chip.backend, chip.deployment);
  return chip;
}

}  // namespace crossloop::bench
