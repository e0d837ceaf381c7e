// ONNX in and out.
#pragma once

#include <filesystem>

#include "host/network/network.hpp"

namespace crossloop::network {

/// Reads a model of opset 9-17 (docs/onnx.md lists operators and limits). A dynamic batch is bound;
/// constants and shape arithmetic are folded; what nothing needs is dropped. Throws InputError
/// naming the file and, where it applies, node, operator and opset: not ONNX, truncated, unknown
/// operator or attribute, a shape dynamic beyond the batch, several outputs. `crossloop.mean`,
/// `crossloop.std`, `crossloop.scale.NODE` come back into the Network, entries of other tools as
/// foreign_metadata.
Network read_onnx(const std::filesystem::path& path);

/// Writes the model atomically, with opset 13, or 14 where it holds a HardSwish; the checker of
/// libonnx passes. The batch axis is named "N". Throws InputError if the shapes do not fit, a value
/// of `metadata` has a reserved key, or the model is beyond 2 GiB.
void write_onnx(const Network& network, const std::filesystem::path& path);

}  // namespace crossloop::network
