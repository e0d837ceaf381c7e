// Options that several commands share, and what they stand for.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::cli {

inline constexpr int kMostImages = 10'000'000;

/// Where images come from. Training images are skipped unless the command has an option for them.
struct DataArguments {
  std::string source = "shapes";
  data::DataOptions options = {.seed = 1, .test_images = 2000, .skip_train = true};
};

inline constexpr const char* kSourceText =
    "shapes, a set of `crossloop data get`, or a folder with CIFAR, MNIST or images by class";

/// --data, --data-seed, --resize and --crop.
void add_data_options(CLI::App& command, DataArguments& arguments);
/// --resize and --crop of these.
void add_framing_options(CLI::App& command, DataArguments& arguments);
/// --train-images, with the default that makes sense for training.
void add_train_images_option(CLI::App& command, DataArguments& arguments);
/// --validation: how many of the training images are held out.
void add_validation_option(CLI::App& command, DataArguments& arguments);
/// --images: how many of the test images.
void add_test_images_option(CLI::App& command, DataArguments& arguments);

/// --tile, --device and --weight-bits: what a network is made for.
struct MappingArguments {
  std::string tile = "64x64c2";
  std::string device = "default";
  int weight_bits = 0;  ///< in place of the tile's; 0: the tile's
};
void add_mapping_options(CLI::App& command, MappingArguments& arguments);

struct Mapping {
  analog::Device device;
  compiler::TileFormat tile;
};
/// Reads both files; a tile is a file or a name in configs/tiles/. Throws InputError listing the
/// names where there is neither.
Mapping find_mapping(const MappingArguments& arguments);

/// --trace, for commands that may run RTL.
void add_trace_option(CLI::App& command, std::filesystem::path& trace);
/// Throws InputError if a wave file is asked for (not empty) that cannot be written, or where
/// nothing runs on RTL.
void check_trace(const std::filesystem::path& trace, bool on_rtl);

/// --device-model, --elapsed-s, --chip-seed, --noise-seed, --on and --trace: one chip and where it
/// lives.
struct ChipArguments {
  std::string device_model;  ///< empty: the device the deployment was compiled for
  std::uint64_t chip_seed = 1;
  std::uint32_t noise_seed = 1;
  std::string on = "engine";
  std::optional<double> elapsed_s;  ///< else what the device file says
  std::filesystem::path trace;      ///< waves of the RTL; empty: none
  bool predict_cycles = false;      ///< of the RTL, no option: for commands that show them
};
/// `places` are those that --on takes.
void add_chip_options(CLI::App& command, ChipArguments& arguments,
                      const std::vector<std::string>& places = {"engine", "rtl"});

/// The device of the chip: --device-model, else the deployment's, aged by --elapsed-s. Throws
/// InputError if it does not age, or if its level 0 has another code than the deployment's.
analog::Device find_chip_device(const ChipArguments& arguments,
                                const compiler::Deployment& deployment);

/// Opens the backend, with --trace where the chip is RTL.
std::unique_ptr<runtime::Backend> open_chip(const ChipArguments& arguments,
                                            const compiler::Deployment& deployment,
                                            const analog::Device& device);
/// open_chip(), and programs every crossbar of the deployment.
std::unique_ptr<runtime::Backend> program_chip(const ChipArguments& arguments,
                                               const compiler::Deployment& deployment,
                                               const analog::Device& device);

/// {"device", "chip_seed", "noise_seed", "on"}, and "elapsed_s" where the device ages.
nlohmann::json chip_json(const ChipArguments& arguments, const analog::Device& device);

/// "mean 0.49 0.48, std 0.25 0.24", or "none".
std::string normalisation_text(const network::InputNormalisation& normalisation);

}  // namespace crossloop::cli
