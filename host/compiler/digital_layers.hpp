// Layers without crossbars: adds, pools and copies (numerics.md, step 8).
#pragma once

#include "host/compiler/deployment.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// Writes kind, geometry and factors of the layer that `node` makes; its inputs, its output (with
/// scales and zero points, in deployment.tensors) and its range are set. Throws InputError naming
/// the node for what the integer rules do not cover: padding that is no zeros, an average over
/// windows of several sizes, an input flattened from an image in another order.
void set_digital_layer(const Deployment& deployment, const network::Node& node, Layer& layer);

}  // namespace crossloop::compiler
