#include "pruning/train.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/progress.hpp"
#include "pruning/checkpoint.hpp"
#include "pruning/constraints.hpp"
#include "pruning/evaluate.hpp"
#include "pruning/penalty.hpp"
#include "pruning/prefetch.hpp"
#include "pruning/scalar_log.hpp"
#include "pruning/schedule.hpp"
#include "pruning/sgd.hpp"

namespace crossloop::pruning {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void check_number(const char* what, double value, double low, double high, bool high_allowed) {
  if (value >= low && (value < high || (high_allowed && value == high))) return;
  throw InputError("training option " + std::string(what) + ": found " + std::to_string(value) +
                   ", expected from " + std::to_string(low) + " to " +
                   (high_allowed ? "" : "below ") + std::to_string(high));
}

void check_options(const TrainOptions& options) {
  check_number("epochs", options.epochs, 0, 1e6, true);
  check_number("batch", options.batch, 1, 1e6, true);
  check_number("learning_rate", options.learning_rate, 0.0, 1e3, true);
  check_number("momentum", options.momentum, 0.0, 1.0, false);
  check_number("weight_decay", options.weight_decay, 0.0, 1.0, true);
  check_number("label_smoothing", options.label_smoothing, 0.0, 1.0, false);
  check_number("threads", options.threads, 0, 4096, true);
  check_number("cutout", options.cutout, 0, 1e4, true);
  check_schedule(options);
}

/// Whether the outputs are probabilities already: the loss takes logarithms of them then.
bool makes_probabilities(const network::Network& network) {
  for (const network::Node& node : network.nodes) {
    if (node.output == network.output_name) {
      return std::holds_alternative<network::Softmax>(node.op);
    }
  }
  return false;
}

/// Sums over some steps.
struct Tally {
  double loss = 0.0;  ///< times images
  std::int64_t correct = 0, images = 0;

  void add(const Tally& other) {
    loss += other.loss;
    correct += other.correct;
    images += other.images;
  }
  double mean_loss() const { return loss / static_cast<double>(std::max<std::int64_t>(1, images)); }
  double accuracy() const {
    return static_cast<double>(correct) / static_cast<double>(std::max<std::int64_t>(1, images));
  }
};

/// One training run: network, optimiser, constraints and where it stands.
class Training {
 public:
  Training(const network::Network& network, const data::Dataset& images,
           const TrainOptions& options, const FinetuneConstraints& constraints,
           const data::Dataset* validation)
      : network_(network),
        images_(images),
        validation_(validation),
        options_(options),
        execution_(resolve_execution(options)),
        device_(execution_.accelerator == Accelerator::kCuda ? at::kCUDA : at::kCPU),
        torch_(network, device_),
        keeper_(torch_, network, constraints),
        sgd_(torch_, keeper_.masks(), options.momentum, options.weight_decay),
        penalty_(constraints.penalty),
        noisy_(!constraints.output_noise.empty()),
        mode_(constraints.freeze_batch_norm ? BatchNormMode::kRunning : BatchNormMode::kBatch),
        ends_in_softmax_(makes_probabilities(network)),
        steps_per_epoch_((images.count + options.batch - 1) / options.batch),
        batches_(network, images,
                 {.crop = options.augment,
                  .flip = options.augment && options.flip,
                  .seed = options.seed,
                  .cutout = options.augment ? options.cutout : 0}) {
    if (!options.checkpoint.empty()) {
      require_writable(options.checkpoint);
      fingerprint_ = fingerprint_of(network, images, options, constraints);
      resume();
    }
    log_.emplace(options.log, epochs_done_);
  }

  int epochs_done() const { return epochs_done_; }
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  void store(network::Network& network) const { torch_.store(network); }

  EpochReport run_epoch(Progress& progress) {
    const Clock::time_point start = Clock::now();
    const std::vector<int> order = shuffled(images_.count, options_.seed, epochs_done_);
    Tally epoch, recent;
    request(order, 0);
    for (std::int64_t step = 0; step < steps_per_epoch_; ++step) {
      BatchSource& batch = batches_.take();
      if (step + 1 < steps_per_epoch_) request(order, step + 1);
      const Tally tally = run_step(batch, step);
      epoch.add(tally);
      recent.add(tally);
      if ((step + 1) % kStepsPerRecord == 0) log_->add(record(std::exchange(recent, {}), step));
      progress.update(epochs_done_ * steps_per_epoch_ + step + 1, note(epoch, start));
    }
    EpochReport report{.epoch = epochs_done_ + 1,
                       .loss = epoch.mean_loss(),
                       .train_accuracy = epoch.accuracy(),
                       .seconds = seconds_since(start)};
    if (validation_ != nullptr) {
      report.validation_accuracy =
          accuracy_of(torch_, network_, *validation_, kValidationBatch, device_);
    }
    ScalarRecord total = record(epoch, steps_per_epoch_ - 1);
    total.validation_accuracy = report.validation_accuracy;
    total.seconds = report.seconds;
    log_->add(total);
    ++epochs_done_;
    if (!options_.checkpoint.empty()) save();
    log_->flush();
    return report;
  }

 private:
  /// Batches of nearly equal size: a last one of a few images would upset batch norm.
  void request(const std::vector<int>& order, std::int64_t step) {
    const auto first = static_cast<std::size_t>(images_.count * step / steps_per_epoch_);
    const auto end = static_cast<std::size_t>(images_.count * (step + 1) / steps_per_epoch_);
    batches_.request(std::span(order).subspan(first, end - first), epochs_done_);
  }

  Tally run_step(BatchSource& batch, std::int64_t step) {
    const auto count = static_cast<std::int64_t>(batch.labels().size());
    const at::Tensor labels = at::from_blob(batch.labels().data(), {count}, at::kLong).to(device_);
    if (noisy_) torch_.seed_noise(noise_seed(step));
    const bool low = execution_.precision == Precision::kBfloat16;
    at::Tensor logits = torch_.forward(batch_tensor(batch, images_, device_), mode_,
                                       low ? at::kBFloat16 : at::kFloat);
    if (ends_in_softmax_) logits = at::log(logits.clamp_min(1e-30));
    const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                                   options_.label_smoothing);
    const auto value = loss.item<double>();
    require_finite(value, "loss", step);
    loss.backward();
    if (penalty_ != nullptr) add_penalty(step);
    sgd_.step(rate(step));
    keeper_.apply();
    const at::NoGradGuard no_grad;
    return {value * static_cast<double>(count),
            logits.argmax(1).eq(labels).sum().item<std::int64_t>(), count};
  }

  void add_penalty(std::int64_t step) {
    const at::NoGradGuard no_grad;
    require_finite(penalty_->add_gradients(torch_.nodes()), "penalty", step);
  }

  void require_finite(double value, const char* what, std::int64_t step) const {
    if (std::isfinite(value)) return;
    throw CheckFailed(fmt::format(
        "training of {}: {} is not finite in epoch {}, step {} of {}; a smaller learning rate may "
        "help",
        network_.name, what, epochs_done_ + 1, step + 1, steps_per_epoch_));
  }

  std::uint64_t noise_seed(std::int64_t step) const {
    return options_.seed + 0x9E3779B97F4A7C15ULL *
                               static_cast<std::uint64_t>(epochs_done_ * steps_per_epoch_ + step);
  }

  double rate(std::int64_t step) const {
    return learning_rate(options_, epochs_done_ * steps_per_epoch_ + step, steps_per_epoch_);
  }

  ScalarRecord record(const Tally& tally, std::int64_t step) const {
    return {.epoch = epochs_done_ + 1,
            .step = epochs_done_ * steps_per_epoch_ + step + 1,
            .loss = tally.mean_loss(),
            .learning_rate = rate(step),
            .train_accuracy = tally.accuracy()};
  }

  std::string note(const Tally& epoch, Clock::time_point start) const {
    const double speed = static_cast<double>(epoch.images) / std::max(1e-9, seconds_since(start));
    return fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.1f} %  {:.0f} images/s",
                       epochs_done_ + 1, options_.epochs, epoch.mean_loss(),
                       100.0 * epoch.accuracy(), speed);
  }

  /// What a checkpoint holds, in its order.
  std::vector<at::Tensor> state() const {
    std::vector<at::Tensor> all = torch_.parameters();
    for (const auto& more : {torch_.statistics(), sgd_.momenta()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

  void save() const {
    Checkpoint checkpoint{fingerprint_, epochs_done_, {}};
    for (const at::Tensor& tensor : state()) {
      const at::Tensor plain = tensor.detach().cpu().contiguous();
      const auto* first = plain.data_ptr<float>();
      checkpoint.values.emplace_back(first, first + plain.numel());
    }
    write_checkpoint(options_.checkpoint, checkpoint);
  }

  void resume() {
    const std::optional<Checkpoint> found = read_checkpoint(options_.checkpoint);
    if (!found) return;
    const std::vector<at::Tensor> tensors = state();
    if (found->fingerprint != fingerprint_ || found->values.size() != tensors.size()) {
      if (!options_.replace_checkpoint) {
        throw InputError(options_.checkpoint.string() +
                         ": is the checkpoint of another training (network, images or options "
                         "differ); remove it, or name another file");
      }
      spdlog::info("checkpoint {} is of another training and will be replaced",
                   options_.checkpoint.string());
      return;
    }
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      auto* values = const_cast<float*>(found->values[i].data());
      tensors[i].copy_(at::from_blob(values, tensors[i].sizes(), at::kFloat));
    }
    epochs_done_ = found->epoch;
    keeper_.apply();
    spdlog::info("resuming {} after epoch {}", options_.checkpoint.string(), epochs_done_);
  }

  static constexpr std::int64_t kStepsPerRecord = 50;
  static constexpr int kValidationBatch = 256;

  const network::Network& network_;
  const data::Dataset& images_;
  const data::Dataset* validation_;
  const TrainOptions& options_;
  Execution execution_;
  at::Device device_;
  TorchNetwork torch_;
  ConstraintKeeper keeper_;
  Sgd sgd_;
  const Penalty* penalty_;
  bool noisy_;
  BatchNormMode mode_;
  bool ends_in_softmax_;
  std::int64_t steps_per_epoch_;
  BatchPrefetcher batches_;
  std::optional<ScalarLog> log_;
  std::uint64_t fingerprint_ = 0;
  int epochs_done_ = 0;
};

}  // namespace

void train(network::Network& network, const data::Dataset& images, const TrainOptions& options,
           const EpochObserver& observer, const data::Dataset* validation) {
  finetune(network, images, options, {}, observer, validation);
}

void finetune(network::Network& network, const data::Dataset& images, const TrainOptions& options,
              const FinetuneConstraints& constraints, const EpochObserver& observer,
              const data::Dataset* validation) {
  check_options(options);
  check_images_fit(network, images);
  if (validation != nullptr) check_images_fit(network, *validation);
  const TorchScope threads(options.threads);
  Training training(network, images, options, constraints, validation);
  Progress progress("train " + network.name, training.steps_per_epoch() * options.epochs,
                    training.steps_per_epoch() * training.epochs_done());
  while (training.epochs_done() < options.epochs) {
    const EpochReport report = training.run_epoch(progress);
    if (observer) observer(report);
  }
  training.store(network);
}

}  // namespace crossloop::pruning
