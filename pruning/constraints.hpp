// What fine-tuning holds fixed, bound to the tensors of a network. Internal to pruning/.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <vector>

#include "pruning/torch_network.hpp"
#include "pruning/train.hpp"

namespace crossloop::pruning {

/// Applies FinetuneConstraints to a TorchNetwork after every optimiser step.
class ConstraintKeeper {
 public:
  /// Borrows `torch`, a copy of `network`. Throws InputError naming the node for a mask or error
  /// of a node that is absent or has another size, a scale that is not positive, or weight bits
  /// outside 2..8. Applies the constraints once.
  ConstraintKeeper(TorchNetwork& torch, const network::Network& network,
                   const FinetuneConstraints& constraints);

  /// Masks, clamps and holds signs, then sets the weight offsets of the next forward pass.
  void apply();

  /// The mask of a weight, 0 or 1, or an undefined tensor; one per node of the network.
  const std::vector<at::Tensor>& masks() const { return masks_; }

 private:
  /// One weight that is quantised, clamped or has a measured error.
  struct Weight {
    std::size_t node = 0;
    at::Tensor limit;   ///< no weight leaves +-limit
    at::Tensor scale;   ///< frozen: of one level, broadcast over the weight
    at::Tensor unfold;  ///< dynamic: what one level is a multiple of
    at::Tensor error;
    at::Tensor level(const at::Tensor& weight, double largest) const;
  };
  struct Gamma {
    std::size_t node = 0;
    at::Tensor sign;  ///< -1, 0 or 1
    at::Tensor least_magnitude;
  };

  struct Silenced {
    std::vector<at::Tensor> parameters;
    at::Tensor mask;  ///< per channel
  };

  void bind_masks(const network::Network& network, const FinetuneConstraints& constraints);
  void bind_channels(const network::Network& network, const Masks& channels);
  void bind_weights(const network::Network& network, const FinetuneConstraints& constraints);
  void bind_weight(const network::Network& network, std::size_t index,
                   const FinetuneConstraints& constraints);
  void bind_noise(const network::Network& network, const FinetuneConstraints& constraints);
  void bind_gammas();

  TorchNetwork& torch_;
  std::vector<at::Tensor> masks_;
  std::vector<Silenced> silenced_;
  std::vector<Weight> weights_;
  double largest_level_ = 127.0;
  std::vector<Gamma> gammas_;
  std::vector<at::Tensor> frozen_;  ///< weights to go back to, by node; empty: they may move
};

}  // namespace crossloop::pruning
