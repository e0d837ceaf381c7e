// Stochastic gradient descent. Internal to pruning/.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

/// Nesterov momentum and weight decay as torch.optim.SGD has them. Weights of Conv and Linear
/// decay; biases, gammas and betas do not (He et al. 2019, "Bag of tricks", section 3.1).
class Sgd {
 public:
  /// Borrows the parameters of `torch`. `masks` has one entry per node, undefined where there is
  /// none; masked weights and their momenta stay zero.
  Sgd(const TorchNetwork& torch, const std::vector<at::Tensor>& masks, double momentum,
      double weight_decay);

  /// Applies and clears the gradients.
  void step(double learning_rate);

  /// In the order of TorchNetwork::parameters().
  std::vector<at::Tensor> momenta() const;

 private:
  struct Slot {
    at::Tensor parameter, momentum, mask;
    double decay = 0.0;
  };
  double momentum_;
  std::vector<Slot> slots_;
};

}  // namespace crossloop::pruning
