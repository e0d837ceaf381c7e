// Layers and shapes of a deployment by number.
#pragma once

#include "host/compiler/deployment.hpp"

namespace crossloop::runtime {

/// Throws std::out_of_range where there is no such layer.
inline const compiler::Layer& layer_at(const compiler::Deployment& deployment, int layer) {
  return deployment.layers.at(static_cast<std::size_t>(layer));
}

/// Throws std::out_of_range where there is no such tensor.
inline const network::Shape& shape_of(const compiler::Deployment& deployment, std::int32_t tensor) {
  return deployment.tensors.at(static_cast<std::size_t>(tensor)).shape;
}

/// Whether a layer makes the logits.
inline bool is_last(const compiler::Deployment& deployment, int layer) {
  return static_cast<std::size_t>(layer) + 1 == deployment.layers.size();
}

}  // namespace crossloop::runtime
