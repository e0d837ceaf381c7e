#include "pruning/constraints.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "host/error.hpp"
#include "host/network/network.hpp"

namespace crossloop::pruning {

namespace {

/// Gammas stay this far from zero, relative to where they started.
constexpr double kGammaFloor = 1e-3;
/// The clamp stays this far inside +-scale*qmax, so that float rounding cannot leave the range; it
/// is far below half a level and changes no integer weight.
constexpr double kClampMargin = 1e-6;

std::size_t index_of(const network::Network& network, const std::string& name, const char* what) {
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (network.nodes[i].name == name && network::has_weight(network.nodes[i])) return i;
  }
  throw InputError(std::string(what) + " of node " + name + ": network " + network.name +
                   " has no Conv or Linear of that name");
}

/// `values` in the shape and memory layout of `weight`.
template <class T>
at::Tensor like_weight(const std::vector<T>& values, const at::Tensor& weight,
                       const std::string& name, const char* what) {
  if (static_cast<std::int64_t>(values.size()) != weight.numel()) {
    throw InputError(std::string(what) + " of node " + name + ": " + std::to_string(values.size()) +
                     " values, the weight has " + std::to_string(weight.numel()));
  }
  const std::vector<float> floats(values.begin(), values.end());
  const at::Tensor plain = at::from_blob(const_cast<float*>(floats.data()), weight.sizes());
  return at::empty_like(weight).copy_(plain);
}

/// Whether a node reads the pixels, perhaps flattened, so that its scale belongs to folded weights.
bool reads_pixels(const network::Network& network, std::size_t index) {
  const std::string* value = &network.nodes[index].inputs.front();
  for (std::size_t i = index; i-- > 0;) {
    const network::Node& node = network.nodes[i];
    if (node.output == *value && std::holds_alternative<network::Flatten>(node.op)) {
      value = &node.inputs.front();
    }
  }
  return *value == network.input_name;
}

/// What the step between two integer weights is a multiple of, by weight: the first layer's scale
/// is that of w / (255 * std[channel]).
std::vector<float> unfold_factors(const network::Network& network, std::size_t index,
                                  const at::Tensor& weight) {
  const std::int64_t inputs = weight.numel() / weight.size(0);
  std::vector<float> factors(static_cast<std::size_t>(weight.numel()), 1.0F);
  if (!reads_pixels(network, index)) return factors;
  const std::vector<float>& std = network.normalisation.std;
  const std::int64_t inputs_per_channel = inputs / std::max(1, network.input_shape.channels);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const std::int64_t k = static_cast<std::int64_t>(i) % inputs;
    const auto channel = static_cast<std::size_t>(k / inputs_per_channel);
    factors[i] = static_cast<float>(255.0 * (std.empty() ? 1.0 : std.at(channel)));
  }
  return factors;
}

/// The step between two integer weights in units of the network's own weights.
at::Tensor level_size(const network::Network& network, std::size_t index,
                      const at::Tensor& weight) {
  const network::Node& node = network.nodes[index];
  std::vector<float> levels = unfold_factors(network, index, weight);
  const std::size_t inputs = levels.size() / std::max<std::size_t>(1, node.weight_scale.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const float scale = node.weight_scale[i / inputs];
    if (!(scale > 0.0F) || !std::isfinite(scale)) {
      throw InputError("node " + node.name + ": weight scale " + std::to_string(scale) +
                       ", expected a positive number");
    }
    levels[i] *= scale;
  }
  return like_weight(levels, weight, node.name, "scale");
}

at::Tensor smaller(const at::Tensor& limit, double other) {
  return limit.defined() ? limit.clamp_max(other) : at::scalar_tensor(other);
}

}  // namespace

ConstraintKeeper::ConstraintKeeper(TorchNetwork& torch, const network::Network& network,
                                   const FinetuneConstraints& constraints)
    : torch_(torch) {
  bind_masks(network, constraints);
  bind_channels(network, constraints.channels);
  bind_weights(network, constraints);
  bind_noise(network, constraints);
  if (constraints.hold_gamma_sign) bind_gammas();
  if (constraints.freeze_weights) {
    for (const auto& node : torch_.nodes()) {
      frozen_.push_back(node.weight.defined() ? node.weight.detach().clone() : at::Tensor());
    }
  }
  apply();
}

void ConstraintKeeper::bind_masks(const network::Network& network,
                                  const FinetuneConstraints& constraints) {
  masks_.resize(network.nodes.size());
  for (const auto& [name, mask] : constraints.masks) {
    const std::size_t i = index_of(network, name, "mask");
    if (std::any_of(mask.begin(), mask.end(), [](std::uint8_t keep) { return keep > 1; })) {
      throw InputError("mask of node " + name + ": a value above 1, expected 0 or 1");
    }
    masks_[i] = like_weight(mask, torch_.nodes()[i].weight, name, "mask");
  }
}

void ConstraintKeeper::bind_channels(const network::Network& network, const Masks& channels) {
  for (const auto& [name, mask] : channels) {
    const auto found = std::find_if(network.nodes.begin(), network.nodes.end(),
                                    [&name = name](const auto& node) { return node.name == name; });
    if (found == network.nodes.end()) {
      throw InputError("channels of node " + name + ": network " + network.name +
                       " has no such node");
    }
    const NodeTensors& node =
        torch_.nodes()[static_cast<std::size_t>(found - network.nodes.begin())];
    Silenced silenced{{}, at::tensor(at::ArrayRef<std::uint8_t>(mask)).to(at::kFloat)};
    for (const at::Tensor& parameter : {node.bias, node.gamma, node.beta}) {
      if (!parameter.defined()) continue;
      if (parameter.numel() != silenced.mask.numel()) {
        throw InputError("channels of node " + name + ": " + std::to_string(mask.size()) +
                         " values, it has " + std::to_string(parameter.numel()) + " channels");
      }
      silenced.mask = silenced.mask.to(parameter.device());
      silenced.parameters.push_back(parameter);
    }
    silenced_.push_back(std::move(silenced));
  }
}

void ConstraintKeeper::bind_weights(const network::Network& network,
                                    const FinetuneConstraints& constraints) {
  if (constraints.weight_bits < 2 || constraints.weight_bits > 8) {
    throw InputError("weight bits: found " + std::to_string(constraints.weight_bits) +
                     ", expected 2 to 8");
  }
  if (constraints.clamp_to_scale && constraints.dynamic_scale) {
    throw InputError("weight scales: found both frozen and dynamic, expected one");
  }
  for (const auto& [name, error] : constraints.weight_error) index_of(network, name, "error");
  for (const auto& [name, limit] : constraints.weight_limit) {
    index_of(network, name, "limit");
    if (limit > 0.0F && std::isfinite(limit)) continue;
    throw InputError("limit of node " + name + ": found " + std::to_string(limit) +
                     ", expected a positive number");
  }
  largest_level_ = (1 << (constraints.weight_bits - 1)) - 1;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    if (network::has_weight(network.nodes[i])) bind_weight(network, i, constraints);
  }
}

void ConstraintKeeper::bind_weight(const network::Network& network, std::size_t index,
                                   const FinetuneConstraints& constraints) {
  const network::Node& node = network.nodes[index];
  Weight weight{index, {}, {}, {}, {}};
  const at::Tensor& tensor = torch_.nodes()[index].weight;
  if (constraints.clamp_to_scale && !node.weight_scale.empty()) {
    weight.scale = level_size(network, index, tensor);
    weight.limit = weight.scale * (largest_level_ * (1.0 - kClampMargin));
  }
  if (constraints.dynamic_scale) {
    weight.unfold = like_weight(unfold_factors(network, index, tensor), tensor, node.name, "scale");
  }
  const auto limit = constraints.weight_limit.find(node.name);
  if (limit != constraints.weight_limit.end()) weight.limit = smaller(weight.limit, limit->second);
  const auto error = constraints.weight_error.find(node.name);
  if (error != constraints.weight_error.end()) {
    weight.error = like_weight(error->second, tensor, node.name, "error");
  }
  if (weight.scale.defined() || weight.unfold.defined() || weight.limit.defined() ||
      weight.error.defined()) {
    weights_.push_back(weight);
  }
}

void ConstraintKeeper::bind_noise(const network::Network& network,
                                  const FinetuneConstraints& constraints) {
  for (const auto& [name, noise] : constraints.output_noise) {
    NodeTensors& node = torch_.nodes()[index_of(network, name, "noise")];
    const auto outputs = node.weight.size(0);
    const bool valid = std::all_of(noise.begin(), noise.end(),
                                   [](float s) { return s >= 0.0F && std::isfinite(s); });
    if (static_cast<std::int64_t>(noise.size()) != outputs || !valid) {
      throw InputError("noise of node " + name + ": " + std::to_string(noise.size()) +
                       " values, expected " + std::to_string(outputs) + ", none negative");
    }
    const at::Tensor values = at::tensor(at::ArrayRef<float>(noise)).to(node.weight.device());
    node.output_noise = node.weight.dim() == 4 ? values.view({1, outputs, 1, 1}) : values;
  }
}

void ConstraintKeeper::bind_gammas() {
  for (std::size_t i = 0; i < torch_.nodes().size(); ++i) {
    if (!torch_.nodes()[i].gamma.defined()) continue;
    const at::Tensor gamma = torch_.nodes()[i].gamma.detach();
    gammas_.push_back({i, gamma.sign(), gamma.abs() * kGammaFloor});
  }
}

at::Tensor ConstraintKeeper::Weight::level(const at::Tensor& weight, double largest) const {
  if (scale.defined()) return scale;
  std::vector<std::int64_t> inputs;
  for (std::int64_t d = 1; d < weight.dim(); ++d) inputs.push_back(d);
  const at::Tensor widest = (weight / unfold).abs().amax(inputs, true);
  return unfold * at::where(widest > 0.0, widest / largest, at::ones_like(widest));
}

void ConstraintKeeper::apply() {
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < frozen_.size(); ++i) {
    if (frozen_[i].defined()) torch_.nodes()[i].weight.copy_(frozen_[i]);
  }
  for (std::size_t i = 0; i < masks_.size(); ++i) {
    if (masks_[i].defined()) torch_.nodes()[i].weight.mul_(masks_[i]);
  }
  for (Silenced& silenced : silenced_) {
    for (at::Tensor& parameter : silenced.parameters) parameter.mul_(silenced.mask);
  }
  for (const Weight& held : weights_) {
    at::Tensor& weight = torch_.nodes()[held.node].weight;
    at::Tensor offset;
    if (held.limit.defined()) weight.clamp_(-held.limit, held.limit);
    if (held.scale.defined() || held.unfold.defined()) {
      const at::Tensor level = held.level(weight, largest_level_);
      offset = at::round(weight / level) * level - weight;
    }
    if (held.error.defined()) offset = offset.defined() ? offset + held.error : held.error;
    torch_.nodes()[held.node].weight_offset = offset;
  }
  for (const Gamma& held : gammas_) {
    at::Tensor& gamma = torch_.nodes()[held.node].gamma;
    gamma.copy_(held.sign * at::maximum(held.sign * gamma, held.least_magnitude));
  }
}

}  // namespace crossloop::pruning
