// QuantizeLinear and DequantizeLinear: their parameters, and what they make of constants. For the
// .cpp files of this room only.
#pragma once

#include "host/network/onnx_node.hpp"

namespace crossloop::network {

/// Scale and zero point of either operator: one, or one for each index of `axis`.
struct QuantisationParameters {
  std::vector<float> scale;
  std::vector<std::int64_t> zero_point;
  int type = onnx::TensorProto::UINT8;  ///< of the codes
  std::int64_t axis = 0;
  bool operator==(const QuantisationParameters&) const = default;
};

/// The parameters of `node`, whose input has the shape `in`. Throws InputError naming the node: a
/// computed parameter, sizes that do not fit, a scale that is not positive, codes of another type
/// than 8 bits (or 32 where the codes are the constant `codes`).
QuantisationParameters quantisation_parameters(const OnnxNode& node, const Dimensions& in,
                                               const ConstantTensor* codes = nullptr);

/// Smallest and largest code of UINT8 or INT8.
std::pair<int, int> code_range(int type);

/// QuantizeLinear of a constant.
ConstantTensor quantised(const OnnxNode& node);

/// DequantizeLinear of a constant; the result holds its scale.
ConstantTensor dequantised(const OnnxNode& node);

}  // namespace crossloop::network
