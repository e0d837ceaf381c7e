#include "host/loop/starting_network.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "host/network/onnx_file.hpp"
#include "host/network/zoo.hpp"
#include "pruning/train.hpp"

namespace crossloop::loop {

namespace {

network::Network given_model(const LoopConfig& config) {
  network::Network network = network::read_onnx(config.model);
  if (!config.mean.empty()) network.normalisation.mean = config.mean;
  if (!config.std.empty()) network.normalisation.std = config.std;
  network::infer_shapes(network);  // refuses a normalisation that does not fit
  return network;
}

std::filesystem::path shipped_file(const LoopConfig& config) {
  return std::filesystem::exists(config.shipped) ? config.shipped : config.root / config.shipped;
}

/// The shipped model where it is what a training here would make.
std::optional<network::Network> shipped_model(const LoopConfig& config,
                                              const data::Dataset& images) {
  if (config.shipped.empty()) return std::nullopt;
  network::Network network = network::read_onnx(shipped_file(config));
  const auto dataset = network.metadata.find("dataset");
  const network::Shape shape{images.channels, images.height, images.width};
  const bool fits = network.name == config.network && network.input_shape == shape &&
                    dataset != network.metadata.end() && dataset->second == images.name &&
                    network::infer_shapes(network).at(network.output_name).size() == images.classes;
  if (fits) return network;
  spdlog::info("{} is no {} for {}: training one", shipped_file(config).string(), config.network,
               images.name);
  return std::nullopt;
}

network::Network trained_network(const LoopConfig& config, const data::Dataset& images,
                                 const pruning::EpochObserver& observer) {
  network::Network network = network::make_network(
      config.network, {images.channels, images.height, images.width}, images.classes, config.seed);
  const auto statistics = data::channel_statistics(images);
  network.normalisation = {statistics.mean, statistics.std};
  network.metadata["dataset"] = images.name;
  network.metadata["seed"] = std::to_string(config.seed);
  pruning::TrainOptions options = config.train;
  options.checkpoint = config.run_folder / "train.ckpt";
  pruning::train(network, images, options, observer);
  network::write_onnx(network, config.run_folder / "float.onnx");
  return network;
}

}  // namespace

void check_starting_network(const LoopConfig& config) {
  if (!config.model.empty()) {
    given_model(config);
  } else {
    const std::vector<std::string> names = network::zoo_names();
    if (std::find(names.begin(), names.end(), config.network) == names.end()) {
      network::make_network(config.network, {3, 32, 32}, 10, config.seed);  // says which there are
    }
    if (!config.shipped.empty()) network::read_onnx(shipped_file(config));
  }
}

StartingNetwork starting_network(const LoopConfig& config, const data::Dataset& images,
                                 const pruning::EpochObserver& observer) {
  if (!config.model.empty()) return {given_model(config), config.model.string()};
  if (auto shipped = shipped_model(config, images)) {
    return {std::move(*shipped), config.shipped.string()};
  }
  return {trained_network(config, images, observer), "trained here"};
}

}  // namespace crossloop::loop
