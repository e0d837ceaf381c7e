#include "pruning/sgd.hpp"

#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace crossloop::pruning {

Sgd::Sgd(const TorchNetwork& torch, const std::vector<at::Tensor>& masks, double momentum,
         double weight_decay)
    : momentum_(momentum) {
  for (const at::Tensor& parameter : torch.parameters()) {
    parameter.requires_grad_();
    Slot slot{parameter, at::zeros_like(parameter), {}};
    const auto owner =
        std::find_if(torch.nodes().begin(), torch.nodes().end(),
                     [&](const NodeTensors& node) { return parameter.is_same(node.weight); });
    if (owner != torch.nodes().end()) {
      slot.decay = weight_decay;
      const auto node = static_cast<std::size_t>(owner - torch.nodes().begin());
      if (node < masks.size()) slot.mask = masks[node];
    }
    slots_.push_back(std::move(slot));
  }
}

void Sgd::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    if (slot.decay != 0.0) gradient.add_(slot.parameter, slot.decay);
    if (slot.mask.defined()) gradient.mul_(slot.mask);
    slot.momentum.mul_(momentum_).add_(gradient);
    gradient.add_(slot.momentum, momentum_);
    slot.parameter.add_(gradient, -learning_rate);
    gradient.reset();
  }
}

std::vector<at::Tensor> Sgd::momenta() const {
  std::vector<at::Tensor> found;
  for (const Slot& slot : slots_) found.push_back(slot.momentum);
  return found;
}

}  // namespace crossloop::pruning
