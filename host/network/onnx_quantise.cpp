#include "host/network/onnx_quantise.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "host/network/onnx_shapes.hpp"

namespace crossloop::network {

namespace {

using Type = onnx::TensorProto;

/// Calls visit(i, p) for each element i of a tensor of shape `in`; p is the index of its scale.
template <class Visit>
void for_each_code(const QuantisationParameters& parameters, const Dimensions& in,
                   const Visit& visit) {
  std::int64_t inner = 1, size = 1;
  for (std::size_t i = 0; i < in.size(); ++i) {
    size *= in[i];
    if (static_cast<std::int64_t>(i) > parameters.axis) inner *= in[i];
  }
  const auto count = static_cast<std::int64_t>(parameters.scale.size());
  for (std::int64_t i = 0; i < size; ++i) {
    visit(i, static_cast<std::size_t>(count == 1 ? 0 : i / inner % count));
  }
}

void check_sizes(const OnnxNode& node, const QuantisationParameters& parameters,
                 const Dimensions& in) {
  const std::size_t count = parameters.scale.size();
  const auto axis = static_cast<std::size_t>(parameters.axis);
  const bool per_axis = axis < in.size() && static_cast<std::int64_t>(count) == in[axis];
  if ((count != 1 && !per_axis) || parameters.zero_point.size() != count) {
    node.refuse(fmt::format("{} scales and {} zero points along axis {} of [{}]", count,
                            parameters.zero_point.size(), axis, fmt::join(in, ", ")));
  }
  const auto bad = std::find_if(parameters.scale.begin(), parameters.scale.end(),
                                [](float scale) { return !(scale > 0.0F); });
  if (bad != parameters.scale.end()) node.refuse(fmt::format("a scale of {}", *bad));
}

}  // namespace

QuantisationParameters quantisation_parameters(const OnnxNode& node, const Dimensions& in,
                                               const ConstantTensor* codes) {
  QuantisationParameters result;
  result.scale = node.floats(1);
  if (codes != nullptr) result.type = codes->type;
  if (node.has_input(2)) {
    const ConstantTensor& zero = node.constant(2);
    result.type = zero.type;
    if (zero.is_float()) node.refuse("input " + node.input(2) + " is FLOAT, expected integers");
    result.zero_point = zero.integers;
  }
  result.zero_point.resize(result.scale.size(),
                           result.zero_point.size() == 1 ? result.zero_point[0] : 0);
  const bool wide = codes != nullptr && result.type == Type::INT32;
  if (result.type != Type::UINT8 && result.type != Type::INT8 && !wide) {
    node.refuse("codes of type " + type_name(result.type) + ", supported are UINT8 and INT8");
  }
  if (result.scale.size() > 1) {
    result.axis = static_cast<std::int64_t>(checked_axis(node, node.integer("axis", 1), in.size()));
  }
  check_sizes(node, result, in);
  return result;
}

std::pair<int, int> code_range(int type) {
  return type == Type::UINT8 ? std::pair{0, 255} : std::pair{-128, 127};
}

ConstantTensor quantised(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  const QuantisationParameters parameters = quantisation_parameters(node, in.dims);
  const std::vector<float> values = node.floats(0);
  const auto [low, high] = code_range(parameters.type);
  ConstantTensor result = integer_tensor(in.dims, std::vector<std::int64_t>(values.size()));
  result.type = parameters.type;
  for_each_code(parameters, in.dims, [&](std::int64_t i, std::size_t p) {
    const auto at = static_cast<std::size_t>(i);
    const float code = std::nearbyint(values[at] / parameters.scale[p]) +
                       static_cast<float>(parameters.zero_point[p]);
    result.integers[at] = static_cast<std::int64_t>(
        std::clamp(code, static_cast<float>(low), static_cast<float>(high)));
  });
  return result;
}

ConstantTensor dequantised(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  if (in.is_float()) node.refuse("input " + node.input(0) + " is FLOAT, expected codes");
  const QuantisationParameters parameters = quantisation_parameters(node, in.dims, &in);
  if (in.stored() != static_cast<std::size_t>(in.size())) {
    node.refuse("input " + node.input(0) + " repeats one code, expected stored ones");
  }
  ConstantTensor result = float_tensor(in.dims, std::vector<float>(in.stored()));
  bool symmetric = parameters.type == Type::INT8;
  for (const std::int64_t zero : parameters.zero_point) symmetric = symmetric && zero == 0;
  for_each_code(parameters, in.dims, [&](std::int64_t i, std::size_t p) {
    result.floats[static_cast<std::size_t>(i)] =
        static_cast<float>(in.integer(i) - parameters.zero_point[p]) * parameters.scale[p];
  });
  const bool lowest = std::find(in.integers.begin(), in.integers.end(), -128) != in.integers.end();
  result.scale = TensorScale{parameters.scale, parameters.axis, symmetric, lowest};
  return result;
}

}  // namespace crossloop::network
