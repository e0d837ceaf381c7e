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

/// The step between two integer weights in units of the network's own weights. The first layer's
/// scale is that of w / (255 * std[channel]).
at::Tensor level_size(const network::Network& network, std::size_t index,
                      const at::Tensor& weight) {
  const network::Node& node = network.nodes[index];
  const std::int64_t inputs = weight.numel() / weight.size(0);
  const bool folded = reads_pixels(network, index);
  const std::vector<float>& std = network.normalisation.std;
  const std::int64_t inputs_per_channel = inputs / std::max(1, network.input_shape.channels);
  std::vector<float> levels;
  for (const float scale : node.weight_scale) {
    if (!(scale > 0.0F) || !std::isfinite(scale)) {
      throw InputError("node " + node.name + ": weight scale " + std::to_string(scale) +
                       ", expected a positive number");
    }
    for (std::int64_t k = 0; k < inputs; ++k) {
      double unfold = 1.0;
      if (folded) {
        const auto channel = static_cast<std::size_t>(k / inputs_per_channel);
        unfold = 255.0 * (std.empty() ? 1.0 : std.at(channel));
      }
      levels.push_back(static_cast<float>(scale * unfold));
    }
  }
  return like_weight(levels, weight, node.name, "scale");
}

}  // namespace

ConstraintKeeper::ConstraintKeeper(TorchNetwork& torch, const network::Network& network,
                                   const FinetuneConstraints& constraints)
    : torch_(torch) {
  bind_masks(network, constraints);
  bind_channels(network, constraints.channels);
  bind_weights(network, constraints);
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
  for (const auto& [name, error] : constraints.weight_error) index_of(network, name, "error");
  const double largest = (1 << (constraints.weight_bits - 1)) - 1;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const network::Node& node = network.nodes[i];
    if (!network::has_weight(node)) continue;
    Weight weight{i, {}, {}, {}};
    const at::Tensor& tensor = torch_.nodes()[i].weight;
    if (constraints.clamp_to_scale && !node.weight_scale.empty()) {
      weight.scale = level_size(network, i, tensor);
      weight.limit = weight.scale * (largest * (1.0 - kClampMargin));
    }
    const auto error = constraints.weight_error.find(node.name);
    if (error != constraints.weight_error.end()) {
      weight.error = like_weight(error->second, tensor, node.name, "error");
    }
    if (weight.scale.defined() || weight.error.defined()) weights_.push_back(weight);
  }
}

void ConstraintKeeper::bind_gammas() {
  for (std::size_t i = 0; i < torch_.nodes().size(); ++i) {
    if (!torch_.nodes()[i].gamma.defined()) continue;
    const at::Tensor gamma = torch_.nodes()[i].gamma.detach();
    gammas_.push_back({i, gamma.sign(), gamma.abs() * kGammaFloor});
  }
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
    if (held.scale.defined()) {
      weight.clamp_(-held.limit, held.limit);
      offset = at::round(weight / held.scale) * held.scale - weight;
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
