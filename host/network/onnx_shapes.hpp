// What the operators that only move elements make of a shape, for constants and activations alike.
// All of them throw InputError naming the node where its parameters do not fit `in`. For the .cpp
// files of this room only.
#pragma once

#include <cstddef>

#include "host/network/onnx_node.hpp"

namespace crossloop::network {

/// 0..rank - 1; `axis` may count from the end.
std::size_t checked_axis(const OnnxNode& node, std::int64_t axis, std::size_t rank);

/// The axes as checked_axis() gives them, sorted, each once.
std::vector<std::size_t> checked_axes(const OnnxNode& node, const Dimensions& axes,
                                      std::size_t rank);

Dimensions flattened(const OnnxNode& node, const Dimensions& in);
Dimensions reshaped(const OnnxNode& node, const Dimensions& in);
Dimensions squeezed(const OnnxNode& node, const Dimensions& in);
Dimensions unsqueezed(const OnnxNode& node, const Dimensions& in);

/// Axis i of the output of Transpose is axis permutation[i] of its input.
std::vector<std::size_t> permutation(const OnnxNode& node, std::size_t rank);

/// Every step-th element from start, count of them; count may be 0.
struct AxisRange {
  std::int64_t start = 0;
  std::int64_t step = 1;
  std::int64_t count = 0;
};
/// What Slice takes of each axis.
std::vector<AxisRange> slice_ranges(const OnnxNode& node, const Dimensions& in);

/// The dimensions from `attribute` start to end, as operator Shape gives them.
Dimensions shape_slice(const OnnxNode& node, const Dimensions& in);

}  // namespace crossloop::network
