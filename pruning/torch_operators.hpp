// One operator of a Network on LibTorch tensors. Internal to pruning/.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "host/network/operators.hpp"
#include "pruning/torch_network.hpp"

namespace crossloop::pruning {

/// What an operator works on.
struct OperatorCall {
  const NodeTensors& tensors;
  const std::vector<const at::Tensor*>& inputs;  ///< NCHW, or [N][features] after a Flatten
  BatchNormMode mode;
  at::ScalarType convolution;  ///< the type a Conv multiplies
  bool in_place;               ///< a Relu may overwrite its input
};

/// Computes what host/network/operators.hpp says, with gradients; rounding of a Quantise has the
/// gradient of the identity.
at::Tensor run_operator(const network::Operator& op, const OperatorCall& call);

}  // namespace crossloop::pruning
