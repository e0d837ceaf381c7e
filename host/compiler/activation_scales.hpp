// Scales, zero points and rails of the tensors between layers (numerics.md, steps 1 and 8).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/compiler/fusion.hpp"
#include "host/compiler/quantise.hpp"

namespace crossloop::compiler {

/// Whether the output of a layer holds codes of its inputs, whose scale and zero point it takes:
/// max pools, Concat, Pad and Slice.
bool passes_codes(const network::Node& node);

/// Gives values that must share a scale, which are those of a chain of layers that pass codes on,
/// the union of their ranges. Values whose scale a quantiser sets are left alone, and what they are
/// joined to.
void join_ranges(const std::vector<FusedNode>& fused, std::map<std::string, ValueRange>& ranges);

/// Scale and zero point of a layer's output, and its zero point and rails.
struct OutputCodes {
  TensorScale scale;
  OutputRange range;  ///< of the codes that index the table, where there is one
  OutputTable table = {};
};

/// Those of a layer that makes new codes; `range` is what its output holds. The last layer makes
/// logits: the largest at 2^16, rails at +-2^20.
OutputCodes output_codes(const FusedNode& fused, const ValueRange& range, bool last);

/// Those of a layer with an output table; `before` is what its table reads, `after` its output.
OutputCodes tabled_codes(const FusedNode& fused, const ValueRange& before, const ValueRange& after);

/// Those of a layer that passes codes on. Throws InputError naming the node if its inputs, or the
/// quantiser behind it, differ in scale or zero point.
OutputCodes passed_codes(const FusedNode& fused, const std::vector<TensorInfo>& inputs);

}  // namespace crossloop::compiler
