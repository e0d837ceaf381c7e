// Training, pruning and fine-tuning a Network with LibTorch. No LibTorch type appears here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::pruning {

/// SGD with Nesterov momentum, cosine learning rate, random crop (pad 4, reflected) and flip.
struct TrainOptions {
  int epochs = 10;
  int batch = 128;
  double learning_rate = 0.1;
  double momentum = 0.9;
  double weight_decay = 5e-4;
  bool augment = true;
  bool flip = true;  ///< horizontal flips, part of augment
  double label_smoothing = 0.0;
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: all cores
  /// Where to keep a checkpoint (weights, optimiser state, epoch) after every epoch; training
  /// resumes from it when it matches network, options and data. Empty: none.
  std::filesystem::path checkpoint = {};
};

struct EpochReport {
  int epoch = 0;  ///< 1-based
  double loss = 0.0;
  double train_accuracy = 0.0;  ///< 0..1, on the augmented images
  double seconds = 0.0;
};
using EpochObserver = std::function<void(const EpochReport&)>;

/// 1 where a weight may move, 0 where it is pruned; by node name, laid out as the weight.
using Masks = std::map<std::string, std::vector<std::uint8_t>>;

/// Trains in place. Throws InputError if images and network do not fit, Interrupted on Ctrl-C (the
/// checkpoint holds the last whole epoch).
void train(network::Network& network, const data::Dataset& images, const TrainOptions& options,
           const EpochObserver& observer = {});

/// What fine-tuning holds fixed.
struct FinetuneConstraints {
  Masks masks = {};  ///< re-applied after every step; nodes not named are free
  /// Clamp every weight with a frozen scale to +-scale*qmax after every step, and quantise it in
  /// the forward pass with a straight-through gradient (weight-constrained training).
  bool clamp_to_scale = false;
  int weight_bits = 8;
  /// Per node: measured minus programmed weight, added in the forward pass and held constant
  /// (straight-through gradient). Laid out as the weight. For the first layer in units of the
  /// network's own weights.
  std::map<std::string, std::vector<float>> weight_error = {};
  /// Gammas keep their sign (clamped at a small positive multiple of themselves).
  bool hold_gamma_sign = false;
  /// Weights of Conv and Linear stay as they are; batch norm and biases train.
  bool freeze_weights = false;
  /// Batch norm uses its running statistics and does not change them.
  bool freeze_batch_norm = false;
};
void finetune(network::Network& network, const data::Dataset& images, const TrainOptions& options,
              const FinetuneConstraints& constraints, const EpochObserver& observer = {});

/// Float accuracy (0..1) with LibTorch.
double evaluate(const network::Network& network, const data::Dataset& images, int batch = 256,
                int threads = 0);

/// Runs the graph with LibTorch on NCHW floats; equals network::run to rounding.
std::vector<float> forward(const network::Network& network, std::span<const float> input,
                           int batch);

}  // namespace crossloop::pruning
