// Activations that no clamp makes: a table of 256 codes behind the clamp (numerics.md, step 8).
#pragma once

#include "host/compiler/deployment.hpp"
#include "host/compiler/quantise.hpp"

namespace crossloop::compiler {

/// Whether `node` is LeakyRelu, Sigmoid, HardSigmoid or HardSwish.
bool makes_table(const network::Node& node);

/// The part of `range` that such an activation does not map to one code of `output`: beyond it a
/// Sigmoid is within half a step of 0 or 1, a HardSigmoid constant, a HardSwish 0.
ValueRange tabled_range(const network::Node& node, const ValueRange& range,
                        const TensorScale& output);

/// codes[q] = clamp(round(f(s (q - z)) / s_y) + z_y, 0, highest): f is the activation, s and z are
/// those of `input`, s_y and z_y of `output`.
OutputTable output_table(const network::Node& node, const TensorScale& input,
                         const TensorScale& output, std::int32_t highest);

}  // namespace crossloop::compiler
