#include "host/loop/weight_error.hpp"

#include <cmath>

namespace crossloop::loop {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;

namespace {

/// The weights of a layer are the whole matrix [N][K], a node holds the part [N][K / groups] inside
/// the groups. Sizes of that part, and where its elements are.
struct NodeWeights {
  explicit NodeWeights(const Layer& layer)
      : outputs(static_cast<std::size_t>(layer.outputs)),
        inputs(static_cast<std::size_t>(layer.inputs_per_output / layer.groups)),
        taps(static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w)),
        whole_(static_cast<std::size_t>(layer.inputs_per_output)),
        outputs_per_group_(static_cast<std::size_t>(layer.outputs / layer.groups)) {}

  std::size_t size() const { return outputs * inputs; }
  /// Element i of the node, in the layer's matrix.
  std::size_t place(std::size_t i) const { return i / inputs * whole_ + column(i); }
  std::size_t channel(std::size_t i) const { return column(i) / taps; }

  std::size_t outputs;
  std::size_t inputs;
  std::size_t taps;

 private:
  std::size_t column(std::size_t i) const {
    return i / inputs / outputs_per_group_ * inputs + i % inputs;
  }
  std::size_t whole_;
  std::size_t outputs_per_group_;
};

/// +1 or -1: compile() folds the sign of gamma into w_q, which shows against the node's weights.
std::vector<float> folded_signs(const Layer& layer, std::span<const float> weights) {
  const NodeWeights node(layer);
  std::vector<double> products(node.outputs);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    products[i / node.inputs] +=
        static_cast<double>(layer.weights[node.place(i)]) * static_cast<double>(weights[i]);
  }
  std::vector<float> signs;
  for (const double product : products) signs.push_back(product < 0.0 ? -1.0F : 1.0F);
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

/// One level of w_q in units of the node's weights, shaped as they are; negative where the sign of
/// gamma is.
std::vector<float> level_units(const Deployment& deployment, const Layer& layer,
                               std::span<const float> weights) {
  const auto signs = folded_signs(layer, weights);
  const auto factors = unfold_factors(deployment, layer);
  const NodeWeights node(layer);
  std::vector<float> units(weights.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    const std::size_t output = i / node.inputs;
    units[i] =
        static_cast<float>(layer.weight_scale[output]) * signs[output] * factors[node.channel(i)];
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
    const auto measured =
        runtime::effective_weights(deployment, static_cast<int>(index), measurement);
    const auto units =
        level_units(deployment, layer, network::weight_values(network.node(layer.name)));
    const NodeWeights node(layer);
    std::vector<float> error(node.size());
    for (std::size_t i = 0; i < error.size(); ++i) {
      const std::size_t place = node.place(i);
      error[i] = (measured[place] - static_cast<float>(layer.weights[place])) * units[i];
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
