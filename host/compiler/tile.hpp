// The tile formats a deployment may have.
#pragma once

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Throws InputError naming the first field of `tile` out of its range.
void check_tile(const TileFormat& tile);

}  // namespace crossloop::compiler
