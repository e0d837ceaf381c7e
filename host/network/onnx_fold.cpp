#include "host/network/onnx_fold.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "host/network/onnx_moves.hpp"
#include "host/network/onnx_quantise.hpp"

namespace crossloop::network {

namespace {

using Type = onnx::TensorProto;
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

ConstantTensor identity(const OnnxNode& node) { return node.constant(0); }

float compute(const OnnxNode& node, float a, float b) {
  const std::string& type = node.type();
  return type == "Add" ? a + b : type == "Sub" ? a - b : type == "Mul" ? a * b : a / b;
}

/// Division truncates towards zero.
std::int64_t compute(const OnnxNode& node, std::int64_t a, std::int64_t b) {
  const std::string& type = node.type();
  std::int64_t result = 0;
  const bool overflow = type == "Add"   ? __builtin_add_overflow(a, b, &result)
                        : type == "Sub" ? __builtin_sub_overflow(a, b, &result)
                        : type == "Mul" ? __builtin_mul_overflow(a, b, &result)
                                        : b == 0 || (b == -1 && a == kSmallest);
  if (overflow) node.refuse(fmt::format("{} and {} give no 64-bit integer", a, b));
  return type == "Div" ? a / b : result;
}

/// The common shape of two operands, as NumPy broadcasts them.
Dimensions broadcast(const OnnxNode& node, const Dimensions& a, const Dimensions& b) {
  Dimensions result(std::max(a.size(), b.size()), 1);
  const auto widen = [&](const Dimensions& dims) {
    const std::size_t missing = result.size() - dims.size();
    for (std::size_t i = 0; i < dims.size(); ++i) {
      std::int64_t& size = result[missing + i];
      if (size != 1 && dims[i] != 1 && size != dims[i]) {
        node.refuse(fmt::format("constants of shapes [{}] and [{}]", fmt::join(a, ", "),
                                fmt::join(b, ", ")));
      }
      if (size == 1) size = dims[i];
    }
  };
  widen(a);
  widen(b);
  return result;
}

/// Calls visit(i, k) for each pair of elements of two constants that are broadcast to `dims`.
template <class Visit>
void for_each_pair(const OnnxNode& node, const Dimensions& dims, const Visit& visit) {
  const std::vector<std::int64_t> first = broadcast_offsets(node.constant(0).dims, dims);
  const std::vector<std::int64_t> second = broadcast_offsets(node.constant(1).dims, dims);
  for (std::size_t i = 0; i < first.size(); ++i) visit(first[i], second[i]);
}

/// An empty tensor of `type` for the result of an operator on two constants.
ConstantTensor reserve_pairs(const OnnxNode& node, int type) {
  const ConstantTensor &a = node.constant(0), &b = node.constant(1);
  if (a.is_float() != b.is_float()) node.refuse("its constants are of different types");
  return reserve_constant(node, type, broadcast(node, a.dims, b.dims));
}

ConstantTensor arithmetic(const OnnxNode& node) {
  const ConstantTensor &a = node.constant(0), &b = node.constant(1);
  ConstantTensor result = reserve_pairs(node, a.type);
  for_each_pair(node, result.dims, [&](std::int64_t i, std::int64_t k) {
    if (result.is_float()) {
      result.floats.push_back(compute(node, a.real(i), b.real(k)));
    } else {
      result.integers.push_back(compute(node, a.integer(i), b.integer(k)));
    }
  });
  return result;
}

ConstantTensor equal(const OnnxNode& node) {
  const ConstantTensor &a = node.constant(0), &b = node.constant(1);
  ConstantTensor result = reserve_pairs(node, Type::BOOL);
  for_each_pair(node, result.dims, [&](std::int64_t i, std::int64_t k) {
    const bool same = a.is_float() ? a.real(i) == b.real(k) : a.integer(i) == b.integer(k);
    result.integers.push_back(same ? 1 : 0);
  });
  return result;
}

ConstantTensor range(const OnnxNode& node) {
  constexpr double kMost = 1 << 20;       // elements
  constexpr double kLargest = 1LL << 53;  // number
  const int type = node.constant(0).type;
  std::array<double, 3> numbers{};
  for (int i = 0; i < 3; ++i) {
    const ConstantTensor& each = node.constant(i);
    if (each.size() != 1 || each.type != type) node.refuse("expected three numbers of one type");
    double& number = numbers[static_cast<std::size_t>(i)];
    number = each.is_float() ? double{each.real(0)} : static_cast<double>(each.integer(0));
    if (!(std::abs(number) <= kLargest)) node.refuse("a number out of range");
  }
  const auto [start, end, step] = numbers;
  const double count = std::max(0.0, std::ceil((end - start) / step));
  if (!(count <= kMost)) node.refuse("its range is too long or has no step");
  ConstantTensor result = reserve_constant(node, type, {static_cast<std::int64_t>(count)});
  for (double i = 0; i < count; ++i) {
    const double value = start + i * step;
    result.is_float() ? result.floats.push_back(static_cast<float>(value))
                      : result.integers.push_back(static_cast<std::int64_t>(value));
  }
  return result;
}

ConstantTensor constant_of_shape(const OnnxNode& node) {
  const onnx::TensorProto* value = node.tensor("value");
  ConstantTensor result = value ? decode(node.source(), *value) : float_tensor({}, {0.0F});
  if (result.stored() != 1) node.refuse("its value is no single number");
  result.dims = node.integers(0);
  const std::int64_t size = element_count(node.source(), node.output(), result.dims);
  if (size == 0) result.floats = {}, result.integers = {};
  return result;
}

ConstantTensor constant(const OnnxNode& node) {
  if (const onnx::TensorProto* value = node.tensor("value")) return decode(node.source(), *value);
  if (node.has_attribute("value_int")) return integer_tensor({}, {node.integer("value_int", 0)});
  if (node.has_attribute("value_float")) return float_tensor({}, {node.real("value_float", 0.0F)});
  if (node.has_attribute("value_ints")) return integer_list(node.integers("value_ints"));
  if (node.has_attribute("value_floats")) return float_list(node.reals("value_floats"));
  node.refuse(
      "strings and sparse tensors are not supported, only value, "
      "value_int, value_ints, "
      "value_float and value_floats are");
}

ConstantTensor cast(const OnnxNode& node) {
  const ConstantTensor& in = node.constant(0);
  const auto to = static_cast<int>(node.integer("to", 0));
  const bool to_float = to == Type::FLOAT || to == Type::DOUBLE;
  const bool to_bool = to == Type::BOOL;
  if (!to_float && !to_bool && to != Type::INT64 && to != Type::INT32) {
    node.refuse("to " + type_name(to) + ", supported are FLOAT, DOUBLE, INT64, INT32 and BOOL");
  }
  ConstantTensor result{to_float ? Type::FLOAT : to, in.dims, {}, {}, {}};
  const auto stored = static_cast<std::int64_t>(in.stored());
  for (std::int64_t i = 0; i < stored; ++i) {
    if (to_float) {
      result.floats.push_back(in.is_float() ? in.real(i) : static_cast<float>(in.integer(i)));
      continue;
    }
    if (in.is_float() && !(std::abs(in.real(i)) < 0x1p62F)) {
      node.refuse(fmt::format("{} is no integer", in.real(i)));
    }
    const std::int64_t value =
        in.is_float() ? static_cast<std::int64_t>(in.real(i)) : in.integer(i);
    result.integers.push_back(to_bool ? (in.is_float() ? in.real(i) != 0.0F : value != 0) : value);
  }
  return result;
}

using Fold = ConstantTensor (*)(const OnnxNode&);

const std::map<std::string, Fold>& folds() {
  static const std::map<std::string, Fold> kFolds = {
      {"Add", arithmetic},
      {"Cast", cast},
      {"Concat", concatenated_constants},
      {"Constant", constant},
      {"ConstantOfShape", constant_of_shape},
      {"DequantizeLinear", dequantised},
      {"Div", arithmetic},
      {"Equal", equal},
      {"Gather", gathered_constant},
      {"Identity", identity},
      {"Mul", arithmetic},
      {"QuantizeLinear", quantised},
      {"Range", range},
      {"Reshape", reshaped_constant},
      {"Slice", sliced_constant},
      {"Squeeze", squeezed_constant},
      {"Sub", arithmetic},
      {"Transpose", transposed_constant},
      {"Unsqueeze", unsqueezed_constant},
  };
  return kFolds;
}

}  // namespace

const std::set<std::string>& folded_operators() {
  static const std::set<std::string> kNames = [] {
    std::set<std::string> names;
    for (const auto& [name, function] : folds()) names.insert(name);
    return names;
  }();
  return kNames;
}

std::optional<ConstantTensor> fold(const OnnxNode& node) {
  const auto found = folds().find(node.type());
  if (found == folds().end()) return std::nullopt;
  for (int i = 0; i < node.proto().input_size(); ++i) {
    if (node.has_input(i) && !node.is_constant(i)) return std::nullopt;
  }
  return found->second(node);
}

}  // namespace crossloop::network
