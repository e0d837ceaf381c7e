// What shape_rules.cpp shares with the rest of this room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "host/network/network.hpp"

namespace crossloop::network {

/// The sizes of the axes 1, 2 and 3.
using Sizes = std::array<int, 3>;
inline Sizes sizes_of(const Shape& shape) { return {shape.channels, shape.height, shape.width}; }

/// Throws InputError: node, operator, `why`.
[[noreturn]] void refuse(const Node& node, const std::string& why);

/// refuse() unless `what` has `expected` values.
void check_length(const Node& node, const char* what, std::size_t found, std::int64_t expected);

}  // namespace crossloop::network
