#include "host/loop/weight_error.hpp"

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

}  // namespace

std::map<std::string, std::vector<float>> weight_errors(const network::Network& network,
                                                        const Deployment& deployment,
                                                        const runtime::Measurement& measurement) {
  std::map<std::string, std::vector<float>> errors;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    const Layer& layer = deployment.layers[index];
    if (layer.kind != LayerKind::kCrossbar) continue;
    auto error = runtime::effective_weights(deployment, static_cast<int>(index), measurement);
    const auto signs = folded_signs(layer, network::weight_values(network.node(layer.name)));
    const auto factors = unfold_factors(deployment, layer);
    const std::size_t inputs = static_cast<std::size_t>(layer.inputs_per_output);
    const std::size_t taps =
        static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w);
    for (std::size_t i = 0; i < error.size(); ++i) {
      const float scale = static_cast<float>(layer.weight_scale[i / inputs]) * signs[i / inputs] *
                          factors[i % inputs / taps];
      error[i] = (error[i] - static_cast<float>(layer.weights[i])) * scale;
    }
    errors.emplace(layer.name, std::move(error));
  }
  return errors;
}

}  // namespace crossloop::loop
