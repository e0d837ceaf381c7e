// What an imported graph becomes before it is used. For the .cpp files of this room only.
#pragma once

#include "host/network/network.hpp"

namespace crossloop::network {

/// Turns what exporters write for operators their opset lacks into those operators, where the
/// figures are the exact ones and nothing else reads the steps between: x * HardSigmoid(x), alpha
/// 1/6, beta 1/2; x * Clip(x + 3, 0, 6) / 6 in either order -> HardSwish; Clip(Relu(x), low <= 0,
/// high) -> Clip(0, high).
void recognise_patterns(Network& network);

/// Drops the nodes the output does not depend on.
void drop_unused_nodes(Network& network);

}  // namespace crossloop::network
