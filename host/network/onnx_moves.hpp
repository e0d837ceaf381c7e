// Constants whose elements only move: what Slice, Transpose, Gather and their like make of them.
// For the .cpp files of this room only.
#pragma once

#include "host/network/onnx_node.hpp"

namespace crossloop::network {

/// An empty tensor of `dims`, room for its elements reserved. Throws InputError naming the node
/// where they are more than 2^20 and more than the constants it reads.
ConstantTensor reserve_constant(const OnnxNode& node, int type, Dimensions dims);

/// Where the elements of a tensor of `to` come from in one of `from` that is broadcast to it.
std::vector<std::int64_t> broadcast_offsets(const Dimensions& from, const Dimensions& to);

// One for each operator; all inputs are constants. They throw InputError naming the node.
ConstantTensor concatenated_constants(const OnnxNode& node);
ConstantTensor gathered_constant(const OnnxNode& node);
ConstantTensor reshaped_constant(const OnnxNode& node);
ConstantTensor sliced_constant(const OnnxNode& node);
ConstantTensor squeezed_constant(const OnnxNode& node);
ConstantTensor transposed_constant(const OnnxNode& node);
ConstantTensor unsqueezed_constant(const OnnxNode& node);

}  // namespace crossloop::network
