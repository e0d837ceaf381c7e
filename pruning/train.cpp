#include "pruning/train.hpp"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "host/error.hpp"
#include "host/progress.hpp"
#include "pruning/batches.hpp"
#include "pruning/checkpoint.hpp"
#include "pruning/constraints.hpp"
#include "pruning/torch_network.hpp"

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
}

/// Stochastic gradient descent with Nesterov momentum and weight decay as torch.optim.SGD has them.
class Sgd {
 public:
  /// Borrows the parameters of `torch`; masked weights and their momenta stay zero.
  Sgd(const TorchNetwork& torch, const std::vector<at::Tensor>& masks, const TrainOptions& options)
      : momentum_(options.momentum), weight_decay_(options.weight_decay) {
    for (const at::Tensor& parameter : torch.parameters()) {
      parameter.requires_grad_();
      slots_.push_back({parameter, at::zeros_like(parameter), {}});
    }
    for (std::size_t i = 0; i < masks.size(); ++i) {
      if (!masks[i].defined()) continue;
      for (Slot& slot : slots_) {
        if (slot.parameter.is_same(torch.nodes()[i].weight)) slot.mask = masks[i];
      }
    }
  }

  void step(double learning_rate) {
    const at::NoGradGuard no_grad;
    for (Slot& slot : slots_) {
      at::Tensor& gradient = slot.parameter.mutable_grad();
      if (!gradient.defined()) continue;
      gradient.add_(slot.parameter, weight_decay_);
      if (slot.mask.defined()) gradient.mul_(slot.mask);
      slot.momentum.mul_(momentum_).add_(gradient);
      gradient.add_(slot.momentum, momentum_);
      slot.parameter.add_(gradient, -learning_rate);
      gradient.reset();
    }
  }

  std::vector<at::Tensor> momenta() const {
    std::vector<at::Tensor> found;
    for (const Slot& slot : slots_) found.push_back(slot.momentum);
    return found;
  }

 private:
  struct Slot {
    at::Tensor parameter, momentum, mask;
  };
  double momentum_;
  double weight_decay_;
  std::vector<Slot> slots_;
};

/// One training run: network, optimiser, constraints and where it stands.
class Training {
 public:
  Training(const network::Network& network, const data::Dataset& images,
           const TrainOptions& options, const FinetuneConstraints& constraints)
      : network_(network),
        images_(images),
        options_(options),
        torch_(network),
        keeper_(torch_, network, constraints),
        sgd_(torch_, keeper_.masks(), options),
        mode_(constraints.freeze_batch_norm ? BatchNormMode::kRunning : BatchNormMode::kBatch),
        steps_per_epoch_((images.count + options.batch - 1) / options.batch),
        batches_(network, images,
                 {options.augment, options.augment && options.flip, options.seed}) {
    if (options.checkpoint.empty()) return;
    fingerprint_ = fingerprint_of(network, images, options, constraints);
    resume();
  }

  int epochs_done() const { return epochs_done_; }
  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  void store(network::Network& network) const { torch_.store(network); }

  EpochReport run_epoch(Progress& progress) {
    const Clock::time_point start = Clock::now();
    const std::vector<int> order = shuffled(images_.count, options_.seed, epochs_done_);
    double loss_sum = 0.0;
    std::int64_t correct = 0, seen = 0;
    for (std::int64_t step = 0; step < steps_per_epoch_; ++step) {
      // Batches of nearly equal size: a last one of a few images would upset batch norm.
      const std::int64_t end = images_.count * (step + 1) / steps_per_epoch_;
      const std::span indices = std::span(order).subspan(static_cast<std::size_t>(seen),
                                                         static_cast<std::size_t>(end - seen));
      const StepResult result = run_step(indices, step);
      loss_sum += result.loss * static_cast<double>(indices.size());
      correct += result.correct;
      seen = end;
      progress.update(epochs_done_ * steps_per_epoch_ + step + 1,
                      note(loss_sum / static_cast<double>(seen), seen, start));
    }
    ++epochs_done_;
    if (!options_.checkpoint.empty()) save();
    const auto count = static_cast<double>(images_.count);
    return {epochs_done_, loss_sum / count, static_cast<double>(correct) / count,
            seconds_since(start)};
  }

 private:
  struct StepResult {
    double loss = 0.0;  ///< mean over the batch
    std::int64_t correct = 0;
  };

  StepResult run_step(std::span<const int> indices, std::int64_t step) {
    batches_.fill(indices, epochs_done_);
    const auto batch = static_cast<std::int64_t>(indices.size());
    const at::Tensor input =
        view_nhwc(batches_.pixels().data(), batch, images_.channels, images_.height, images_.width);
    const at::Tensor labels = at::from_blob(batches_.labels().data(), {batch}, at::kLong);
    const at::Tensor logits = torch_.forward(input, mode_);
    const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100,
                                                   options_.label_smoothing);
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw CheckFailed("training of " + network_.name + ": loss is not finite in epoch " +
                        std::to_string(epochs_done_ + 1) + ", step " + std::to_string(step + 1) +
                        " of " + std::to_string(steps_per_epoch_) +
                        "; a smaller learning rate may help");
    }
    loss.backward();
    sgd_.step(learning_rate(step));
    keeper_.apply();
    const at::NoGradGuard no_grad;
    return {value, logits.argmax(1).eq(labels).sum().item<std::int64_t>()};
  }

  /// Half a cosine from the initial rate to zero over the whole run, one value per step.
  double learning_rate(std::int64_t step) const {
    const auto total = static_cast<double>(steps_per_epoch_ * options_.epochs);
    const auto done = static_cast<double>(epochs_done_ * steps_per_epoch_ + step);
    return 0.5 * options_.learning_rate * (1.0 + std::cos(std::numbers::pi * done / total));
  }

  std::string note(double loss, std::int64_t seen, Clock::time_point start) const {
    const double rate = static_cast<double>(seen) / std::max(1e-9, seconds_since(start));
    return fmt::format("epoch {}/{}  loss {:.4f}  {:.0f} images/s", epochs_done_ + 1,
                       options_.epochs, loss, rate);
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
      const at::Tensor plain = tensor.detach().contiguous();
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

  const network::Network& network_;
  const data::Dataset& images_;
  const TrainOptions& options_;
  TorchNetwork torch_;
  ConstraintKeeper keeper_;
  Sgd sgd_;
  BatchNormMode mode_;
  std::int64_t steps_per_epoch_;
  BatchSource batches_;
  std::uint64_t fingerprint_ = 0;
  int epochs_done_ = 0;
};

}  // namespace

void train(network::Network& network, const data::Dataset& images, const TrainOptions& options,
           const EpochObserver& observer) {
  finetune(network, images, options, {}, observer);
}

void finetune(network::Network& network, const data::Dataset& images, const TrainOptions& options,
              const FinetuneConstraints& constraints, const EpochObserver& observer) {
  check_options(options);
  check_images_fit(network, images);
  const TorchScope threads(options.threads);
  Training training(network, images, options, constraints);
  Progress progress("train " + network.name, training.steps_per_epoch() * options.epochs);
  while (training.epochs_done() < options.epochs) {
    const EpochReport report = training.run_epoch(progress);
    if (observer) observer(report);
  }
  training.store(network);
}

double evaluate(const network::Network& network, const data::Dataset& images, int batch,
                int threads) {
  check_number("batch", batch, 1, 1e6, true);
  check_number("threads", threads, 0, 4096, true);
  check_images_fit(network, images);
  const TorchScope scope(threads);
  const at::NoGradGuard no_grad;
  const TorchNetwork torch(network);
  BatchSource batches(network, images, {});
  std::vector<int> order(static_cast<std::size_t>(images.count));
  std::iota(order.begin(), order.end(), 0);
  std::int64_t correct = 0;
  for (int first = 0; first < images.count; first += batch) {
    check_interrupt("evaluate " + network.name);
    const int count = std::min(batch, images.count - first);
    batches.fill(
        std::span(order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)),
        0);
    const at::Tensor input =
        view_nhwc(batches.pixels().data(), count, images.channels, images.height, images.width);
    const at::Tensor labels = at::from_blob(batches.labels().data(), {count}, at::kLong);
    const at::Tensor logits = torch.forward(input, BatchNormMode::kRunning);
    correct += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
  }
  return static_cast<double>(correct) / images.count;
}

std::vector<float> forward(const network::Network& network, std::span<const float> input,
                           int batch) {
  const network::Shape& shape = network.input_shape;
  const std::int64_t expected = std::int64_t{batch} * shape.size();
  if (batch < 1 || static_cast<std::int64_t>(input.size()) != expected) {
    throw InputError("forward of " + network.name + ": " + std::to_string(input.size()) +
                     " floats for a batch of " + std::to_string(batch) + ", expected " +
                     std::to_string(std::max<std::int64_t>(expected, shape.size())));
  }
  const at::NoGradGuard no_grad;
  const TorchNetwork torch(network);
  const at::Tensor nchw = at::from_blob(const_cast<float*>(input.data()),
                                        {batch, shape.channels, shape.height, shape.width});
  const at::Tensor output =
      torch.forward(nchw.clone(at::MemoryFormat::ChannelsLast), BatchNormMode::kRunning);
  const at::Tensor plain = output.contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

}  // namespace crossloop::pruning
