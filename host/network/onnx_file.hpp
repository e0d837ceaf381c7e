// ONNX in and out.
#pragma once

#include <filesystem>

#include "host/network/network.hpp"

namespace crossloop::network {

/// Reads a model (opset 9-17). Runs the checker and shape inference of libonnx first. Throws
/// InputError naming the file and, where it applies, node, operator and opset: not ONNX, truncated,
/// unknown operator or attribute, a shape dynamic beyond the batch, several inputs or outputs.
/// `crossloop.mean`, `crossloop.std`, `crossloop.scale.NODE` come back into the Network.
Network read_onnx(const std::filesystem::path& path);

/// Writes the model with opset 13, atomically; the checker passes. The batch axis is named "N".
void write_onnx(const Network& network, const std::filesystem::path& path);

}  // namespace crossloop::network
