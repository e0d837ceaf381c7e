#include "host/compiler/quantise.hpp"

#include <algorithm>
#include <cmath>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

constexpr double kPixelMax = 255.0;

/// Weights that were clamped to scale * limit in float may come back this much larger.
constexpr double kClampSlack = 1e-5;

float channel_of(const std::vector<float>& values, std::size_t channel, float fallback) {
  return values.empty() ? fallback : values.at(channel);
}

void check_finite(const std::vector<double>& values, const std::string& what,
                  const std::string& node) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad != values.end()) {
    throw InputError("node '" + node + "': " + what + "[" + std::to_string(bad - values.begin()) +
                     "] is " + std::to_string(*bad) + ", expected a finite number");
  }
}

/// Batch norm and bias: y = gamma * (w x + b - mean) / sqrt(var + eps) + beta, the sign of gamma
/// moved into w.
void fold_affine(FoldedLayer& folded, const FusedNode& fused, std::span<const float> bias) {
  const network::BatchNorm* norm = fused.batch_norm;
  for (std::size_t o = 0; o < static_cast<std::size_t>(folded.outputs); ++o) {
    const double b = bias.empty() ? 0.0 : static_cast<double>(bias[o]);
    if (norm == nullptr) {
      folded.affine_gain.push_back(1.0);
      folded.affine_offset.push_back(b);
      continue;
    }
    const double gamma = norm->gamma.at(o);
    const double variance = static_cast<double>(norm->variance.at(o)) + norm->epsilon;
    if (!(variance > 0.0)) {
      throw InputError("node '" + fused.node->name +
                       "': batch norm variance + epsilon of channel " + std::to_string(o) + " is " +
                       std::to_string(variance) + ", expected more than 0");
    }
    const double deviation = std::sqrt(variance);
    folded.affine_gain.push_back(std::abs(gamma) / deviation);
    folded.affine_offset.push_back(norm->beta.at(o) + gamma * (b - norm->mean.at(o)) / deviation);
    folded.bn_gamma.push_back(std::abs(gamma));
    folded.bn_beta.push_back(norm->beta.at(o));
    folded.bn_sign.push_back(static_cast<std::int8_t>((gamma > 0.0) - (gamma < 0.0)));
  }
  folded.bn_epsilon = norm == nullptr ? 0.0 : static_cast<double>(norm->epsilon);
}

std::span<const float> bias_of(const network::Node& node) {
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) return conv->bias;
  return std::get<network::Linear>(node.op).bias;
}

int outputs_of(const network::Node& node) {
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) return conv->out_channels;
  return std::get<network::Linear>(node.op).out_features;
}

int groups_of(const network::Node& node) {
  const auto* conv = std::get_if<network::Conv>(&node.op);
  return conv == nullptr ? 1 : conv->groups;
}

/// The matrix [N][K] of a grouped convolution, whose node holds [N][K / groups]: zeros outside the
/// groups.
std::vector<double> whole_matrix(std::span<const float> weights, int outputs, int groups) {
  const std::size_t inputs = weights.size() / static_cast<std::size_t>(outputs);
  const std::size_t whole = inputs * static_cast<std::size_t>(groups);
  const auto outputs_per_group = static_cast<std::size_t>(outputs / groups);
  std::vector<double> matrix(static_cast<std::size_t>(outputs) * whole);
  for (std::size_t o = 0; o < static_cast<std::size_t>(outputs); ++o) {
    const std::size_t first = o * whole + o / outputs_per_group * inputs;
    for (std::size_t k = 0; k < inputs; ++k) matrix[first + k] = weights[o * inputs + k];
  }
  return matrix;
}

/// What rounding the means to pad_values left out, into affine_offset.
void add_pad_offset(Layer& layer, const network::InputNormalisation& normalisation) {
  const int taps = layer.window.kernel_h * layer.window.kernel_w;
  auto weight = layer.weights.begin();
  for (std::size_t o = 0; o < static_cast<std::size_t>(layer.outputs); ++o) {
    double left_out = 0.0;
    for (std::size_t c = 0; c < layer.pad_values.size(); ++c) {
      const double mean = kPixelMax * channel_of(normalisation.mean, c, 0.0F);
      for (int tap = 0; tap < taps; ++tap) left_out += *weight++ * (layer.pad_values[c] - mean);
    }
    layer.affine_offset[o] += layer.affine_gain[o] * layer.weight_scale[o] * left_out;
  }
}

}  // namespace

FoldedLayer fold(const FusedNode& fused, const network::InputNormalisation* normalisation,
                 int taps) {
  const std::span<const float> weights = network::weight_values(*fused.node);
  FoldedLayer folded;
  folded.outputs = outputs_of(*fused.node);
  folded.weights = whole_matrix(weights, folded.outputs, groups_of(*fused.node));
  folded.inputs = static_cast<int>(folded.weights.size()) / folded.outputs;
  fold_affine(folded, fused, bias_of(*fused.node));
  for (std::size_t i = 0; i < folded.weights.size(); ++i) {
    const std::size_t output = i / static_cast<std::size_t>(folded.inputs);
    const std::size_t input = i % static_cast<std::size_t>(folded.inputs);
    if (!folded.bn_sign.empty()) folded.weights[i] *= folded.bn_sign[output];
    if (normalisation != nullptr) {
      const std::size_t channel = input / static_cast<std::size_t>(taps);
      folded.weights[i] /= kPixelMax * channel_of(normalisation->std, channel, 1.0F);
    }
  }
  check_finite(folded.weights, "weight", fused.node->name);
  check_finite(folded.affine_gain, "batch norm gain", fused.node->name);
  check_finite(folded.affine_offset, "bias", fused.node->name);
  return folded;
}

std::vector<float> choose_weight_scale(const FoldedLayer& folded, int weight_limit) {
  const auto inputs = static_cast<std::size_t>(folded.inputs);
  std::vector<float> scales;
  double layer_largest = 0.0;
  for (std::size_t first = 0; first < folded.weights.size(); first += inputs) {
    double largest = 0.0;
    for (std::size_t k = 0; k < inputs; ++k) {
      largest = std::max(largest, std::abs(folded.weights[first + k]));
    }
    layer_largest = std::max(layer_largest, largest);
    scales.push_back(static_cast<float>(largest / weight_limit));
  }
  for (float& scale : scales) {
    if (scale == 0.0F) scale = static_cast<float>(layer_largest / weight_limit);
    if (scale == 0.0F) scale = 1.0F;
  }
  return scales;
}

std::vector<std::int8_t> quantise_weights(const FoldedLayer& folded,
                                          const std::vector<double>& scale, int weight_limit,
                                          const std::string& node) {
  const auto inputs = static_cast<std::size_t>(folded.inputs);
  std::vector<std::int8_t> quantised(folded.weights.size());
  for (std::size_t i = 0; i < quantised.size(); ++i) {
    const double ratio = folded.weights[i] / scale[i / inputs];
    if (!(std::abs(ratio) <= weight_limit * (1.0 + kClampSlack))) {
      throw InputError("node '" + node + "': weight " + std::to_string(i % inputs) + " of output " +
                       std::to_string(i / inputs) + " is " + std::to_string(ratio) +
                       " times its frozen scale, expected at most " + std::to_string(weight_limit));
    }
    quantised[i] = static_cast<std::int8_t>(std::lround(ratio));
  }
  return quantised;
}

std::vector<std::int32_t> normalised_zero(const network::InputNormalisation& normalisation,
                                          int channels) {
  std::vector<std::int32_t> zeros;
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const double pixel = kPixelMax * channel_of(normalisation.mean, c, 0.0F);
    zeros.push_back(static_cast<std::int32_t>(std::lround(std::clamp(pixel, 0.0, kPixelMax))));
  }
  return zeros;
}

void set_terms(Layer& layer, const FoldedLayer& folded,
               const network::InputNormalisation* normalisation, int weight_limit) {
  layer.weights = quantise_weights(folded, layer.weight_scale, weight_limit, layer.name);
  layer.affine_gain = folded.affine_gain;
  layer.affine_offset = folded.affine_offset;
  layer.has_batch_norm = !folded.bn_sign.empty();
  layer.bn_gamma = folded.bn_gamma;
  layer.bn_beta = folded.bn_beta;
  layer.bn_sign = folded.bn_sign;
  layer.bn_epsilon = folded.bn_epsilon;
  if (normalisation != nullptr) add_pad_offset(layer, *normalisation);
}

network::Window crossbar_window(const network::Node& node, const network::Shape& input) {
  if (const auto* conv = std::get_if<network::Conv>(&node.op)) return conv->window;
  network::Window window;
  window.kernel_h = input.height;
  window.kernel_w = input.width;
  return window;
}

TensorScale quantise_range(const ValueRange& range) {
  const double low = std::min(0.0, static_cast<double>(range.low));
  const double high = std::max(0.0, static_cast<double>(range.high));
  if (high == low) return {};
  const double scale = (high - low) / kPixelMax;
  return {.scale = scale, .zero = static_cast<std::int32_t>(std::lround(-low / scale))};
}

}  // namespace crossloop::compiler
