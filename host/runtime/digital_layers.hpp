// The layers the host computes by itself: residual add, pools, copies (numerics.md, step 8).
#pragma once

#include "host/compiler/deployment.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// Makes the output of a layer without crossbars: its tensor, or the logits where it is the last.
void run_digital_layer(const compiler::Deployment& deployment, int layer, Activations& activations);

}  // namespace crossloop::runtime
