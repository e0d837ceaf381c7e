// Runs a pruning method on a network: train under its penalty, select, fine-tune, stage by stage.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/method.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

struct PipelineOptions {
  TileShape tile;
  LayerPolicy policy;
  /// The training under the penalty, before each selection of a method that has one. Its
  /// checkpoint, and that of `finetuning`, get `.penalty-STAGE` and `.finetune-STAGE` appended.
  TrainOptions penalised = {.epochs = 2, .learning_rate = 0.01};
  TrainOptions finetuning = {.epochs = 4, .learning_rate = 0.02};
  int calibration_images = 256;
  /// Weights that are zero already stay so, and vanished channels silent: a second method joins the
  /// first. Only for networks whose metadata say that they were pruned.
  bool keep_zeros = true;
};

/// What is held at zero; see Selection.
struct HeldZeros {
  Masks weights;
  Masks channels;
};

/// What an already pruned network holds at zero: its zero weights, and the channels of batch norms
/// of which gamma and beta are.
HeldZeros zeros_of(const network::Network& network);

/// Called where a step begins: "penalty 1 of 2", "select 1 of 2", "fine-tune 1 of 2".
using StepObserver = std::function<void(const std::string& step)>;

/// Prunes in place. Records in the metadata `pruning.method` (joined with `+` to those before),
/// its options as `pruning.METHOD.OPTION`, tile and seed, `pruning.order.NODE`. Throws InputError
/// for what the method or the trainings refuse, Interrupted on Ctrl-C: with checkpoints the same
/// call goes on where it stopped.
HeldZeros run_method(network::Network& network, const data::Dataset& images, const MethodInfo& info,
                     const MethodOptions& given, const PipelineOptions& options,
                     const EpochObserver& epochs = {}, const StepObserver& steps = {});

/// Zeroes the weights, biases, gammas and betas that `zeros` names. Throws InputError for a node
/// that is absent or has another size.
void apply_zeros(network::Network& network, const HeldZeros& zeros);

}  // namespace crossloop::pruning
