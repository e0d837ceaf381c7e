// Activation functions, and arithmetic between activations or with constants.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "host/network/onnx_import.hpp"

namespace crossloop::network {

namespace {

/// The shape [channels, height, width] of the constant operand `input` beside an activation of
/// `dims`; NumPy's rules align the two at their last axes.
Shape operand_shape(const OnnxNode& node, int input, const Dimensions& dims) {
  const Dimensions& constant = node.constant(input).dims;
  Dimensions aligned(dims.size(), 1);
  bool fits = constant.size() <= dims.size();
  for (std::size_t i = 0; fits && i < constant.size(); ++i) {
    const std::size_t axis = dims.size() - constant.size() + i;
    aligned[axis] = constant[i];
    fits = constant[i] == 1 || (axis > 0 && constant[i] == dims[axis]);
  }
  if (!fits) {
    node.refuse(
        fmt::format("a constant of shape [{}] with [{}]; supported is one that repeats "
                    "along the batch and widens no other axis",
                    fmt::join(constant, ", "), fmt::join(dims, ", ")));
  }
  aligned.resize(4, 1);
  return {static_cast<int>(aligned[1]), static_cast<int>(aligned[2]), static_cast<int>(aligned[3])};
}

/// `values` of shape `from`, [channels, 1, 1] or [1, 1, 1], in the shape `to`.
bool widen(const Shape& from, const Shape& to, std::vector<float>& values) {
  if (from == to) return true;
  if (values.size() != 1) return false;
  values.resize(static_cast<std::size_t>(to.size()), values[0]);
  return true;
}

}  // namespace

void OnnxImporter::relu(const OnnxNode& node) { append(node, Relu{}); }
void OnnxImporter::sigmoid(const OnnxNode& node) { append(node, Sigmoid{}); }
void OnnxImporter::hard_swish(const OnnxNode& node) { append(node, HardSwish{}); }

void OnnxImporter::leaky_relu(const OnnxNode& node) {
  append(node, LeakyRelu{node.real("alpha", 0.01F)});
}

void OnnxImporter::hard_sigmoid(const OnnxNode& node) {
  append(node, HardSigmoid{.alpha = node.real("alpha", 0.2F), .beta = node.real("beta", 0.5F)});
}

/// Attributes before opset 11, inputs since. Where low is above high, everything becomes high.
void OnnxImporter::clip(const OnnxNode& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kLargest = std::numeric_limits<float>::max();
  float low = node.scalar(1, node.real("min", -kInfinity));
  float high = node.scalar(2, node.real("max", kInfinity));
  if (low <= -kLargest) low = -kInfinity;
  if (high >= kLargest) high = kInfinity;
  append(node, Clip{.low = std::min(low, high), .high = high});
}

void OnnxImporter::add(const OnnxNode& node) {
  for (const int constant : {0, 1}) {
    if (!node.is_constant(constant)) continue;
    const Shape shape = operand_shape(node, constant, activation(node, 1 - constant).dims);
    return scale_shift(node, 1 - constant, {shape, {}, node.floats(constant)});
  }
  combine(node, Add{});
}

void OnnxImporter::sub(const OnnxNode& node) {
  if (node.is_constant(1)) {
    ScaleShift op{operand_shape(node, 1, activation(node, 0).dims), {}, node.floats(1)};
    for (float& value : op.offset) value = -value;
    return scale_shift(node, 0, std::move(op));
  }
  if (node.is_constant(0)) {
    ScaleShift op{operand_shape(node, 0, activation(node, 1).dims), {}, node.floats(0)};
    op.factor.assign(op.offset.size(), -1.0F);
    return scale_shift(node, 1, std::move(op));
  }
  const Value second = activation(node, 1);
  const std::string negated = unique_value(node.output() + ".negated");
  const std::string name = display_name(node.proto());
  append_named(node, name + ".negate", ScaleShift{{1, 1, 1}, {-1.0F}, {}}, {second.name}, negated,
               second.dims.size());
  combine_values(node, Add{}, name, activation(node, 0), {negated, second.dims});
}

void OnnxImporter::mul(const OnnxNode& node) {
  for (const int constant : {0, 1}) {
    if (!node.is_constant(constant)) continue;
    const Shape shape = operand_shape(node, constant, activation(node, 1 - constant).dims);
    return scale_shift(node, 1 - constant, {shape, node.floats(constant), {}});
  }
  combine(node, Multiply{});
}

void OnnxImporter::div(const OnnxNode& node) {
  if (node.has_input(1) && powers_.contains(node.input(1))) return divide_by_power(node);
  if (!node.is_constant(1)) {
    node.refuse("by a computed value, supported are constant divisors");
  }
  ScaleShift op{operand_shape(node, 1, activation(node, 0).dims), node.floats(1), {}};
  for (float& value : op.factor) {
    if (value == 0.0F) node.refuse("by a constant that holds 0");
    value = 1.0F / value;
  }
  scale_shift(node, 0, std::move(op));
}

void OnnxImporter::sum(const OnnxNode& node) {
  const int inputs = node.proto().input_size();
  if (inputs == 2) return add(node);  // one of them may be a constant
  Value total = activation(node, 0);
  if (inputs == 1) return alias(node, total);
  const std::string name = display_name(node.proto());
  for (int i = 1; i + 1 < inputs; ++i) {
    const Value next = activation(node, i);
    check_ranks(node, total, next);
    const std::string partial = unique_value(fmt::format("{}.sum{}", node.output(), i));
    append_named(node, fmt::format("{}.sum{}", name, i), Add{}, {total.name, next.name}, partial,
                 total.dims.size());
    total = {partial, file_dimensions(batch_, made_.at(partial).shape, total.dims.size())};
  }
  combine_values(node, Add{}, name, total, activation(node, inputs - 1));
}

void OnnxImporter::check_ranks(const OnnxNode& node, const Value& a, const Value& b) const {
  if (a.dims.size() == b.dims.size()) return;
  node.refuse(fmt::format("its inputs are [{}] and [{}], expected as many dimensions",
                          fmt::join(a.dims, ", "), fmt::join(b.dims, ", ")));
}

void OnnxImporter::combine(const OnnxNode& node, const Operator& op) {
  combine_values(node, op, display_name(node.proto()), activation(node, 0), activation(node, 1));
}

/// An operator on two activations, which makes the output of `node`.
void OnnxImporter::combine_values(const OnnxNode& node, const Operator& op, const std::string& name,
                                  const Value& a, const Value& b) {
  check_ranks(node, a, b);
  const std::size_t rank = a.dims.size();
  append_named(node, name, op, {a.name, b.name}, node.output(), rank);
  values_[node.output()] = {node.output(),
                            file_dimensions(batch_, made_.at(node.output()).shape, rank)};
}

/// The node that makes input `input`, where nothing else reads it; else nullptr.
Node* OnnxImporter::fusible(const OnnxNode& node, int input) {
  const std::string& name = node.input(input);
  const auto uses = uses_.find(name);
  const auto& maker = made_.at(value(node, input).name).node;
  const bool alone = uses != uses_.end() && uses->second == 1 && value(node, input).name == name;
  return alone && maker ? &network_.nodes[*maker] : nullptr;
}

/// Lets `made` make the output of `node` instead of its own.
void OnnxImporter::rename_output(const OnnxNode& node, Node& made) {
  const std::string before = std::exchange(made.output, node.output());
  values_[node.output()] = {node.output(), values_.at(before).dims};
  made_[node.output()] = made_.at(before);
  values_.erase(before);
  made_.erase(before);
}

/// A constant for each output, added behind a layer without a bias, becomes its bias.
bool OnnxImporter::add_bias(const OnnxNode& node, int activation, const ScaleShift& op) {
  Node* made = fusible(node, activation);
  if (made == nullptr || !has_weight(*made) || op.shape.height != 1 || op.shape.width != 1) {
    return false;
  }
  auto* conv = std::get_if<Conv>(&made->op);
  std::vector<float>& bias = conv ? conv->bias : std::get<Linear>(made->op).bias;
  if (!bias.empty()) return false;
  bias = op.offset;
  widen(op.shape, {weight_of(*made).outputs, 1, 1}, bias);
  rename_output(node, *made);
  return true;
}

/// A constant added behind a product with a constant joins it.
bool OnnxImporter::join_offset(const OnnxNode& node, int activation, const ScaleShift& op) {
  Node* made = fusible(node, activation);
  auto* before = made ? std::get_if<ScaleShift>(&made->op) : nullptr;
  if (before == nullptr || !before->offset.empty()) return false;
  std::vector<float> offset = op.offset;
  if (before->factor.size() == 1) {
    widen(before->shape, op.shape, before->factor);
    before->shape = op.shape;
  }
  if (!widen(op.shape, before->shape, offset)) return false;
  before->offset = std::move(offset);
  rename_output(node, *made);
  return true;
}

void OnnxImporter::scale_shift(const OnnxNode& node, int activation, ScaleShift op) {
  if (op.factor.empty() && add_bias(node, activation, op)) return;
  if (op.factor.empty() && join_offset(node, activation, op)) return;
  append(node, std::move(op), {activation});
}

}  // namespace crossloop::network
