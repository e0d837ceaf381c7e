// Training, pruning and fine-tuning a Network with LibTorch. No LibTorch type appears here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::pruning {

/// How the learning rate runs over the steps of a training, after the warm-up.
enum class Schedule {
  kCosine,   ///< half a cosine from the rate to zero (Loshchilov 2017)
  kStep,     ///< times step_factor at each milestone
  kOneCycle  ///< cosine up from 1/25 of the rate in the first 30 %, then down to 1e-5 of it (Smith
             ///< 2018)
};

/// The numbers convolutions are computed in. Weights, their gradients, batch-norm statistics and
/// the optimiser are single precision always.
enum class Precision {
  kFloat32,
  kBfloat16,
  kAuto  ///< bfloat16 where the processor multiplies it (AVX-512 BF16, AMX) or on a GPU
};

enum class Accelerator {
  kAuto,  ///< a GPU where the LibTorch at hand has one, else the processor
  kCpu,
  kCuda
};

/// SGD with Nesterov momentum; weight decay on the weights of Conv and Linear alone; random crop
/// (pad 4, reflected), flip and cutout.
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
  /// What becomes of a checkpoint of another training: replaced, or refused with an InputError.
  bool replace_checkpoint = true;

  Schedule schedule = Schedule::kCosine;
  /// Epochs in which the rate first grows linearly from 0; the schedule takes what is left. Not for
  /// kOneCycle, which warms up itself.
  double warmup_epochs = 0.0;
  std::vector<int> milestones = {};  ///< kStep: epochs after which the rate drops, ascending
  double step_factor = 0.1;          ///< kStep
  /// Side of the square, in pixels, that is blanked at a random place of each image (DeVries 2017);
  /// 0: none. Part of augment.
  int cutout = 0;
  Precision precision = Precision::kFloat32;
  Accelerator accelerator = Accelerator::kCpu;
  /// Scalars over time (loss, rate, accuracies), one line each 50 steps and one per epoch: CSV if
  /// the name ends so, else JSON lines. Written after every epoch; kept when a training resumes.
  /// Empty: none.
  std::filesystem::path log = {};
};

struct EpochReport {
  int epoch = 0;  ///< 1-based
  double loss = 0.0;
  double train_accuracy = 0.0;  ///< 0..1, on the augmented images
  double seconds = 0.0;
  std::optional<double> validation_accuracy = {};  ///< 0..1, where there are validation images
};
using EpochObserver = std::function<void(const EpochReport&)>;

/// 1 where a weight may move, 0 where it is pruned; by node name, laid out as the weight.
using Masks = std::map<std::string, std::vector<std::uint8_t>>;

/// Trains in place. `validation` (not owned, may be nullptr) is scored after every epoch and moves
/// nothing. Throws InputError if images and network do not fit or an option is out of range or not
/// to be had here (a GPU), Interrupted on Ctrl-C (the checkpoint holds the last whole epoch).
void train(network::Network& network, const data::Dataset& images, const TrainOptions& options,
           const EpochObserver& observer = {}, const data::Dataset* validation = nullptr);

/// "float32" or "bfloat16", "cpu" or "cuda": what the options come to on this machine. Throws
/// InputError where they ask for what is not there.
struct Execution {
  Precision precision = Precision::kFloat32;
  Accelerator accelerator = Accelerator::kCpu;
  std::string text() const;  ///< "bfloat16 on cpu"
};
Execution resolve_execution(const TrainOptions& options);

class Penalty;  // pruning/penalty.hpp

/// What fine-tuning holds fixed, and what it pays for.
struct FinetuneConstraints {
  Masks masks = {};  ///< re-applied after every step; nodes not named are free
  /// Per channel of a Conv or Linear its bias, of a BatchNorm gamma and beta: held at zero where 0.
  Masks channels = {};
  /// Added to the loss; not owned. nullptr: none.
  const Penalty* penalty = nullptr;
  /// Clamp every weight with a frozen scale to +-scale*qmax after every step, and quantise it in
  /// the forward pass with a straight-through gradient (weight-constrained training).
  bool clamp_to_scale = false;
  /// Quantise every weight to weight_bits in the forward pass with a straight-through gradient; one
  /// level of an output is its largest weight at that moment over qmax. Not with clamp_to_scale.
  bool dynamic_scale = false;
  int weight_bits = 8;
  /// Per node: no weight leaves +-limit (weight-constrained training, methods.md 2.5).
  std::map<std::string, float> weight_limit = {};
  /// Per node: measured minus programmed weight, added in the forward pass and held constant
  /// (straight-through gradient). Laid out as the weight. For the first layer in units of the
  /// network's own weights.
  std::map<std::string, std::vector<float>> weight_error = {};
  /// Per node: standard deviation of what a Conv or Linear adds to each of its outputs in the
  /// forward pass, drawn afresh in every step by the seed of the training. What ADCs round off is
  /// such a noise.
  std::map<std::string, std::vector<float>> output_noise = {};
  /// Gammas keep their sign (clamped at a small positive multiple of themselves).
  bool hold_gamma_sign = false;
  /// Weights of Conv and Linear stay as they are; batch norm and biases train.
  bool freeze_weights = false;
  /// Batch norm uses its running statistics and does not change them.
  bool freeze_batch_norm = false;
};
void finetune(network::Network& network, const data::Dataset& images, const TrainOptions& options,
              const FinetuneConstraints& constraints, const EpochObserver& observer = {},
              const data::Dataset* validation = nullptr);

/// Float accuracy (0..1) with LibTorch.
double evaluate(const network::Network& network, const data::Dataset& images, int batch = 256,
                int threads = 0);

/// Runs the graph with LibTorch on NCHW floats; equals network::run to rounding.
std::vector<float> forward(const network::Network& network, std::span<const float> input,
                           int batch);

}  // namespace crossloop::pruning
