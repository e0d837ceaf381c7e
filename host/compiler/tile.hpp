// The tile formats a deployment may have.
#pragma once

#include <string>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Throws InputError naming the first field of `tile` out of its range.
void check_tile(const TileFormat& tile);

/// "differential" or "offset"; the way back throws InputError naming `where`.
std::string encoding_name(Encoding encoding);
Encoding encoding_named(const std::string& name, const std::string& where);

}  // namespace crossloop::compiler
