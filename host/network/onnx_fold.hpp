// The constant evaluator: computes what exporters leave behind of shape arithmetic, and constants
// that are quantised, transposed or reshaped on their way to a layer. For the .cpp files of this
// room only.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "host/network/onnx_node.hpp"

namespace crossloop::network {

/// The operators fold() computes.
const std::set<std::string>& folded_operators();

/// The output of a node whose inputs are all known; nothing where one is computed or the operator
/// is not in folded_operators(). Throws InputError naming the node: shapes that do not fit, a
/// division by zero, a number out of range, a result of more than 2^20 elements that is larger than
/// the constants it is made of.
std::optional<ConstantTensor> fold(const OnnxNode& node);

}  // namespace crossloop::network
