#include "host/loop/weight_error.hpp"

#include <cmath>

namespace crossloop::loop {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;

namespace {

/// +1 or -1: compile() folds the sign of gamma into w_q, which shows against the node's weights.
std::vector<float> folded_signs(const Layer& layer, std::span<const float> weights) {
  const std::size_t inputs = static_cast<std::size_t>(layer.inputs_per_output);
  std::vector<float> signs;
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
    double product = 0.0;
    for (std::size_t k = o * inputs; k < (o + 1) * inputs; ++k) {
      product += static_cast<double>(layer.weights[k]) * static_cast<double>(weights[k]);
    }
    signs.push_back(product < 0.0 ? -1.0F : 1.0F);
  }
  return signs;
}

/// What the input normalisation multiplies the weight of input channel c by: 1/(255 std[c]) on the
/// first layer, undone here.
std::vector<float> unfold_factors(const Deployment& deployment, const Layer& layer) {
  const std::size_t channels = static_cast<std::size_t>(
      deployment.tensors[static_cast<std::size_t>(layer.inputs[0])].shape.channels);
  std::vector<float> factors(channels, 1.0F);
  if (layer.inputs[0] != 0) return factors;
  for (std::size_t c = 0; c < channels; ++c) {
    const auto& std = deployment.normalisation.std;
    factors[c] = 255.0F * (std.empty() ? 1.0F : std[c]);
  }
  return factors;
}

/// One level of w_q in units of the node's weights, [N][K]; negative where the sign of gamma is.
std::vector<float> level_units(const Deployment& deployment, const Layer& layer,
                               std::span<const float> weights) {
  const auto signs = folded_signs(layer, weights);
  const auto factors = unfold_factors(deployment, layer);
  const std::size_t inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const std::size_t taps = static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w);
  std::vector<float> units(weights.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    units[i] = static_cast<float>(layer.weight_scale[i / inputs]) * signs[i / inputs] *
               factors[i % inputs / taps];
  }
  return units;
}

}  // namespace

std::map<std::string, std::vector<float>> weight_errors(const network::Network& network,
                                                        const Deployment& deployment,
                                                        const runtime::Measurement& measurement) {
  std::map<std::string, std::vector<float>> errors;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    const Layer& layer = deployment.layers[index];
    if (layer.kind != LayerKind::kCrossbar) continue;
    auto error = runtime::effective_weights(deployment, static_cast<int>(index), measurement);
    const auto units =
        level_units(deployment, layer, network::weight_values(network.node(layer.name)));
    for (std::size_t i = 0; i < error.size(); ++i) {
      error[i] = (error[i] - static_cast<float>(layer.weights[i])) * units[i];
    }
    errors.emplace(layer.name, std::move(error));
  }
  return errors;
}

void undo_small_changes(network::Network& network, const network::Network& before,
                        const Deployment& deployment, int min_change) {
  for (const Layer& layer : deployment.layers) {
    if (layer.kind != LayerKind::kCrossbar) continue;
    const auto old = network::weight_values(before.node(layer.name));
    const auto weights = network::weight_of(network.node(layer.name)).values;
    const auto units = level_units(deployment, layer, old);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const float levels = std::abs(weights[i] - old[i]) / std::abs(units[i]);
      if (levels < static_cast<float>(min_change)) weights[i] = old[i];
    }
  }
}

}  // namespace crossloop::loop
