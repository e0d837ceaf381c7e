// The configuration of the closed loop, configs/demo/*.toml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/analog/device.hpp"
#include "host/compiler/activation_ranges.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/runtime/calibrate.hpp"
#include "host/runtime/measure.hpp"
#include "pruning/method_options.hpp"
#include "pruning/train.hpp"

namespace crossloop::loop {

/// Where the RTL differs from the engine on purpose: the negative controls.
enum class Inject { kNone, kRtlCell, kEngineAdcRounding };

struct LoopConfig {
  std::string name;
  std::uint64_t seed = 1;  ///< initial weights, training order, pruning
  std::string source;      ///< data::load_data
  data::DataOptions data;
  std::string network;           ///< zoo name, or
  std::filesystem::path model;   ///< an ONNX file, which is not trained again
  std::vector<float> mean, std;  ///< with `model`: the input normalisation it does not carry
  /// With `network`: an ONNX file to start from where it fits, see starting_network().
  std::filesystem::path shipped;
  pruning::TrainOptions train;
  std::string prune_method;  ///< empty: nothing is pruned
  pruning::MethodOptions::Given prune_options;
  pruning::TrainOptions prune;            ///< fine-tuning with the zeros held
  pruning::TrainOptions prune_penalised;  ///< before it, for methods with a penalty
  std::filesystem::path tile_file;
  std::string device_preset;
  std::uint64_t chip_seed = 1;
  std::uint32_t noise_seed = 1;
  std::string device = "rtl";  ///< what is programmed and measured
  int calibration_images = 256;
  compiler::ActivationRangeOptions activations;
  runtime::AdcRangeOptions range;
  runtime::MeasureOptions measure;
  pruning::TrainOptions finetune;
  int batch_norm_epochs = 1;  ///< of fine-tuning with all weights held
  int min_change = 4;         ///< weights that fine-tuning moved by fewer levels of w_q go back
  int test_images = 2000;
  int rtl_images = 4;  ///< whole images compared between RTL and engine

  // Not from the file.
  Inject inject = Inject::kNone;
  bool fresh = false;                ///< forget the checkpoints of earlier runs
  std::filesystem::path run_folder;  ///< runs/NAME
  std::string command;               ///< that reproduces the run, for the summary
  std::string version;               ///< of the program, for the summary
  std::filesystem::path root;        ///< the folder that holds configs/
};

/// Reads and checks a configuration. `root` resolves the files it names. Throws InputError naming
/// key, line and allowed range.
LoopConfig read_loop_config(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace crossloop::loop
