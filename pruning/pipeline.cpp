#include "pruning/pipeline.hpp"

#include <spdlog/fmt/fmt.h>

#include <filesystem>
#include <memory>
#include <variant>

#include "host/error.hpp"
#include "pruning/penalty.hpp"
#include "pruning/prune.hpp"

namespace crossloop::pruning {

namespace {

/// What a channel mask silences in a node.
std::vector<std::vector<float>*> channel_parameters(network::Node& node) {
  if (auto* norm = std::get_if<network::BatchNorm>(&node.op)) return {&norm->gamma, &norm->beta};
  if (auto* conv = std::get_if<network::Conv>(&node.op)) return {&conv->bias};
  if (auto* linear = std::get_if<network::Linear>(&node.op)) return {&linear->bias};
  return {};
}

void zero_where_masked(std::span<float> values, const std::vector<std::uint8_t>& mask,
                       const std::string& what) {
  if (values.size() != mask.size()) {
    throw InputError(
        fmt::format("{}: mask of {} values, expected {}", what, mask.size(), values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (mask[i] == 0) values[i] = 0.0F;
  }
}

/// Adds the zeros of `more` to `masks`.
void join(Masks& masks, const Masks& more) {
  for (const auto& [name, mask] : more) {
    auto [held, is_new] = masks.try_emplace(name, mask);
    if (is_new) continue;
    if (held->second.size() != mask.size()) {
      throw InputError(fmt::format("mask of node {}: {} values, expected {}", name, mask.size(),
                                   held->second.size()));
    }
    for (std::size_t i = 0; i < mask.size(); ++i) held->second[i] &= mask[i];
  }
}

TrainOptions for_stage(TrainOptions options, const std::string& step, int stage) {
  if (!options.checkpoint.empty()) options.checkpoint += fmt::format(".{}-{}", step, stage + 1);
  if (!options.log.empty()) {
    const std::filesystem::path extension = options.log.extension();
    options.log.replace_extension(fmt::format(".{}-{}", step, stage + 1) + extension.string());
  }
  return options;
}

void record(network::Network& network, const MethodInfo& info, const MethodOptions& given,
            const PruningContext& context, const Selection& selection) {
  auto& metadata = network.metadata;
  for (const auto& [name, value] : given.values()) {
    metadata[fmt::format("pruning.{}.{}", info.name, name)] = value;
  }
  metadata["pruning.rows"] = std::to_string(context.tile.rows);
  metadata["pruning.outputs_per_crossbar"] = std::to_string(context.tile.outputs);
  metadata["pruning.seed"] = std::to_string(context.seed);
  for (const auto& [name, order] : selection.input_order) {
    metadata["pruning.order." + name] = fmt::format("{}", fmt::join(order, " "));
  }
}

PruningContext context_of(const network::Network& network, const data::Dataset& images,
                          const PipelineOptions& options) {
  return {.layers = prunable_layers(network, options.policy),
          .tile = options.tile,
          .images = &images,
          .calibration_images = options.calibration_images,
          .seed = options.finetuning.seed,
          .threads = options.finetuning.threads};
}

}  // namespace

HeldZeros zeros_of(const network::Network& network) {
  HeldZeros zeros{.weights = masks_of(network), .channels = {}};
  for (const network::Node& node : network.nodes) {
    const auto* norm = std::get_if<network::BatchNorm>(&node.op);
    if (norm == nullptr) continue;
    std::vector<std::uint8_t>& mask = zeros.channels[node.name];
    for (std::size_t c = 0; c < norm->gamma.size(); ++c) {
      mask.push_back(norm->gamma[c] != 0.0F || norm->beta[c] != 0.0F ? 1 : 0);
    }
  }
  return zeros;
}

void apply_zeros(network::Network& network, const HeldZeros& zeros) {
  for (const auto& [name, mask] : zeros.weights) {
    network::Node& node = network.node(name);
    if (!network::has_weight(node)) throw InputError("node " + name + ": has no weight to prune");
    zero_where_masked(network::weight_of(node).values, mask, "node " + name);
  }
  for (const auto& [name, mask] : zeros.channels) {
    for (std::vector<float>* values : channel_parameters(network.node(name))) {
      if (!values->empty()) zero_where_masked(*values, mask, "channels of node " + name);
    }
  }
}

HeldZeros run_method(network::Network& network, const data::Dataset& images, const MethodInfo& info,
                     const MethodOptions& given, const PipelineOptions& options,
                     const EpochObserver& epochs, const StepObserver& steps) {
  network::infer_shapes(network);
  const PruningContext context = context_of(network, images, options);
  const std::unique_ptr<Method> method = info.make(given);
  const bool joins = options.keep_zeros && network.metadata.contains("pruning.method");
  HeldZeros zeros = joins ? zeros_of(network) : HeldZeros{};
  const int stages = method->stages();
  const auto announce = [&](const char* step, int stage) {
    if (steps) steps(fmt::format("{} {} of {}", step, stage + 1, stages));
  };
  for (int stage = 0; stage < stages; ++stage) {
    const std::unique_ptr<Penalty> penalty = method->penalty(stage, network, context);
    if (penalty) {
      announce("penalty", stage);
      finetune(network, images, for_stage(options.penalised, "penalty", stage),
               {.masks = zeros.weights, .channels = zeros.channels, .penalty = penalty.get()},
               epochs);
    }
    announce("select", stage);
    const Selection selection = method->select(stage, network, context);
    join(zeros.weights, selection.weights);
    join(zeros.channels, selection.channels);
    apply_zeros(network, zeros);
    record(network, info, given, context, selection);
    announce("fine-tune", stage);
    finetune(network, images, for_stage(options.finetuning, "finetune", stage),
             {.masks = zeros.weights, .channels = zeros.channels}, epochs);
  }
  std::string& name = network.metadata["pruning.method"];
  name = joins ? name + "+" + info.name : info.name;
  return zeros;
}

}  // namespace crossloop::pruning
