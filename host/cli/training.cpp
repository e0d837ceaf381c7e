#include "host/cli/training.hpp"

#include <spdlog/spdlog.h>

#include "host/cli/command.hpp"

namespace crossloop::cli {

void add_training_options(CLI::App& command, pruning::TrainOptions& options) {
  command.add_option("--epochs", options.epochs, "times over the training images")
      ->check(in_range(0, 1000))
      ->capture_default_str();
  command.add_option("--batch", options.batch, "images per step")
      ->check(in_range(1, 65536))
      ->capture_default_str();
  command.add_option("--learning-rate", options.learning_rate, "of the first step; cosine to 0")
      ->check(in_range(0.0, 10.0))
      ->capture_default_str();
  command.add_option("--weight-decay", options.weight_decay, "L2 penalty of the weights")
      ->check(in_range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--seed", options.seed, "order and augmentation; of a new network its weights")
      ->capture_default_str();
  command.add_flag("!--no-augment", options.augment, "images as they are: no random crop, no flip");
  command.add_flag("!--no-flip", options.flip, "crop at random, but never mirror: for digits, say");
  command
      .add_option("--checkpoint", options.checkpoint,
                  "resume from this file, and keep it after every epoch")
      ->type_name("FILE");
}

void log_epoch(const pruning::EpochReport& report) {
  spdlog::info("epoch {}: loss {:.4f}, training accuracy {:.2f} %, {:.1f} s", report.epoch,
               report.loss, 100.0 * report.train_accuracy, report.seconds);
}

}  // namespace crossloop::cli
