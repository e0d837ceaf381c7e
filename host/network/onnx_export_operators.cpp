// How each operator is written.
#include <limits>
#include <utility>

#include "host/error.hpp"
#include "host/network/onnx_export.hpp"

namespace crossloop::network {

namespace {

onnx::AttributeProto& add_attribute(onnx::NodeProto& proto, const char* name,
                                    onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto& attribute = *proto.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void add_integer(onnx::NodeProto& proto, const char* name, std::int64_t value) {
  add_attribute(proto, name, onnx::AttributeProto::INT).set_i(value);
}

void add_real(onnx::NodeProto& proto, const char* name, float value) {
  add_attribute(proto, name, onnx::AttributeProto::FLOAT).set_f(value);
}

void add_text(onnx::NodeProto& proto, const char* name, const char* value) {
  add_attribute(proto, name, onnx::AttributeProto::STRING).set_s(value);
}

void add_integers(onnx::NodeProto& proto, const char* name, const Dimensions& values) {
  add_attribute(proto, name, onnx::AttributeProto::INTS)
      .mutable_ints()
      ->Assign(values.begin(), values.end());
}

void add_window(onnx::NodeProto& proto, const Window& w) {
  add_integers(proto, "kernel_shape", {w.kernel_h, w.kernel_w});
  add_integers(proto, "strides", {w.stride_h, w.stride_w});
  add_integers(proto, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
  if (proto.op_type() != "AveragePool") {  // no dilation before opset 19
    add_integers(proto, "dilations", {w.dilation_h, w.dilation_w});
  }
  if (w.ceil_mode) add_integer(proto, "ceil_mode", 1);
}

/// [before, merged, after]: the sizes beside and along the axes of a Softmax.
std::array<std::int64_t, 3> merged_axes(const Softmax& op, const Shape& in) {
  std::array<std::int64_t, 3> merged = {1, 1, 1};
  const std::array<int, 3> sizes = {in.channels, in.height, in.width};
  for (int axis = 1; axis <= 3; ++axis) {
    const std::size_t group = axis < op.first_axis ? 0 : axis <= op.last_axis ? 1 : 2;
    merged[group] *= sizes[static_cast<std::size_t>(axis - 1)];
  }
  return merged;
}

}  // namespace

void OnnxExporter::write(const Node& node, const Conv& op) {
  onnx::NodeProto& proto = append(node, "Conv", Form::kImage);
  const Window& w = op.window;
  add_tensor(proto, "weight", {op.out_channels, op.in_channels / op.groups, w.kernel_h, w.kernel_w},
             op.weight);
  if (!op.bias.empty()) add_tensor(proto, "bias", {op.out_channels}, op.bias);
  add_window(proto, w);
  if (op.groups != 1) add_integer(proto, "group", op.groups);
}

void OnnxExporter::write(const Node& node, const Linear& op) {
  onnx::NodeProto& proto = append(node, "Gemm", Form::kFlat);
  add_tensor(proto, "weight", {op.out_features, op.in_features}, op.weight);
  if (!op.bias.empty()) add_tensor(proto, "bias", {op.out_features}, op.bias);
  add_integer(proto, "transB", 1);
}

void OnnxExporter::write(const Node& node, const BatchNorm& op) {
  onnx::NodeProto& proto = append(node, "BatchNormalization");
  const Dimensions size = {static_cast<std::int64_t>(op.gamma.size())};
  add_tensor(proto, "gamma", size, op.gamma);
  add_tensor(proto, "beta", size, op.beta);
  add_tensor(proto, "mean", size, op.mean);
  add_tensor(proto, "variance", size, op.variance);
  add_real(proto, "epsilon", op.epsilon);
}

void OnnxExporter::write(const Node& node, const Relu&) { append(node, "Relu"); }
void OnnxExporter::write(const Node& node, const Sigmoid&) { append(node, "Sigmoid"); }

void OnnxExporter::write(const Node& node, const LeakyRelu& op) {
  add_real(append(node, "LeakyRelu"), "alpha", op.alpha);
}

/// An infinite end is left out.
void OnnxExporter::write(const Node& node, const Clip& op) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  onnx::NodeProto& proto = append(node, "Clip");
  if (op.low != -kInfinity) {
    add_tensor(proto, "low", {}, {op.low});
  } else if (op.high != kInfinity) {
    proto.add_input("");
  }
  if (op.high != kInfinity) add_tensor(proto, "high", {}, {op.high});
}

void OnnxExporter::write(const Node& node, const HardSigmoid& op) {
  onnx::NodeProto& proto = append(node, "HardSigmoid");
  add_real(proto, "alpha", op.alpha);
  add_real(proto, "beta", op.beta);
}

void OnnxExporter::write(const Node& node, const HardSwish&) {
  append(node, "HardSwish");
  opset_ = 14;
}

/// Over several axes at once: as [N, before, merged, after] along axis 2, and back.
void OnnxExporter::write(const Node& node, const Softmax& op) {
  const Shape& in = in_shape(node);
  const bool flat = all_flat(node);
  if (flat || op.first_axis == op.last_axis) {
    onnx::NodeProto& proto = append(node, "Softmax");
    return add_integer(proto, "axis", flat ? 1 : op.first_axis);
  }
  const auto merged = merged_axes(op, in);
  onnx::NodeProto& gather = append(node, "Reshape", Form::kImage);
  gather.set_name(unique_name(node.name + ".merge"));
  add_shape(gather, "shape", {0, merged[0], merged[1], merged[2]});
  const std::string together = split_output(gather, ".merged");
  const std::string softened = unique_value(node.output + ".softmax");
  add_integer(append_step(node.name, "Softmax", together, softened), "axis", 2);
  onnx::NodeProto& spread =
      append_step(unique_name(node.name + ".spread"), "Reshape", softened, node.output);
  add_shape(spread, "shape", {0, in.channels, in.height, in.width});
}

void OnnxExporter::write(const Node& node, const MaxPool& op) {
  add_window(append(node, "MaxPool", Form::kImage), op.window);
}

void OnnxExporter::write(const Node& node, const AveragePool& op) {
  onnx::NodeProto& proto = append(node, "AveragePool", Form::kImage);
  add_window(proto, op.window);
  add_integer(proto, "count_include_pad", op.count_include_pad ? 1 : 0);
}

void OnnxExporter::write(const Node& node, const GlobalAveragePool&) {
  append(node, "GlobalAveragePool", Form::kImage);
}
void OnnxExporter::write(const Node& node, const GlobalMaxPool&) {
  append(node, "GlobalMaxPool", Form::kImage);
}

void OnnxExporter::write(const Node& node, const Lrn& op) {
  onnx::NodeProto& proto = append(node, "LRN", Form::kImage);
  add_integer(proto, "size", op.size);
  add_real(proto, "alpha", op.alpha);
  add_real(proto, "beta", op.beta);
  add_real(proto, "bias", op.bias);
}

void OnnxExporter::write(const Node& node, const Add&) { append(node, "Add"); }
void OnnxExporter::write(const Node& node, const Multiply&) { append(node, "Mul"); }

void OnnxExporter::write(const Node& node, const ScaleShift& op) {
  const bool flat = all_flat(node);
  Dimensions dims = {op.shape.channels, op.shape.height, op.shape.width};
  if (flat) dims.resize(1);
  if (op.factor.empty()) {
    onnx::NodeProto& proto = append(node, "Add");
    const std::size_t size = static_cast<std::size_t>(op.shape.size());
    return add_tensor(proto, "offset", dims,
                      op.offset.empty() ? std::vector<float>(size, 0.0F) : op.offset);
  }
  onnx::NodeProto& product = append(node, "Mul");
  add_tensor(product, "factor", dims, op.factor);
  if (op.offset.empty()) return;
  const std::string scaled = split_output(product, ".scaled");
  onnx::NodeProto& sum = append_step(unique_name(node.name + ".shift"), "Add", scaled, node.output);
  add_tensor(sum, "offset", dims, op.offset);
}

void OnnxExporter::write(const Node& node, const Concat& op) {
  add_integer(append(node, "Concat", op.axis == 1 ? Form::kAny : Form::kImage), "axis", op.axis);
}

void OnnxExporter::write(const Node& node, const Flatten&) {
  add_integer(append(node, "Flatten"), "axis", 1);
  values_[node.output].flat = true;
}

void OnnxExporter::write(const Node& node, const Reshape& op) {
  onnx::NodeProto& proto = append(node, "Reshape");
  add_shape(proto, "shape", {0, op.shape.channels, op.shape.height, op.shape.width});
  values_[node.output].flat = false;
}

void OnnxExporter::write(const Node& node, const Permute& op) {
  const auto& axes = op.axes;
  add_integers(append(node, "Transpose", Form::kImage), "perm", {0, axes[0], axes[1], axes[2]});
}

void OnnxExporter::write(const Node& node, const Pad& op) {
  const bool flat = all_flat(node) && op.before[1] + op.after[1] + op.before[2] + op.after[2] == 0;
  onnx::NodeProto& proto = append(node, "Pad", flat ? Form::kFlat : Form::kImage);
  const std::size_t axes = flat ? 1 : 3;
  Dimensions pads = {0};
  for (std::size_t i = 0; i < axes; ++i) pads.push_back(op.before[i]);
  pads.push_back(0);
  for (std::size_t i = 0; i < axes; ++i) pads.push_back(op.after[i]);
  add_shape(proto, "pads", pads);
  constexpr std::array kModes = {"constant", "reflect", "edge"};
  add_text(proto, "mode", kModes[static_cast<std::size_t>(op.mode)]);
  if (op.mode == Pad::Mode::kConstant) add_tensor(proto, "value", {}, {op.value});
}

/// The end of a backward slice that reaches element 0 lies before the axis.
void OnnxExporter::write(const Node& node, const Slice& op) {
  onnx::NodeProto& proto = append(node, "Slice");
  const std::size_t count = values_[node.output].flat ? 1 : 3;
  Dimensions starts, ends, axes, steps;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t end = op.start[i] + std::int64_t{op.step[i]} * op.count[i];
    axes.push_back(static_cast<std::int64_t>(i) + 1);
    starts.push_back(op.start[i]);
    steps.push_back(op.step[i]);
    ends.push_back(end >= 0 ? end : std::numeric_limits<std::int32_t>::min());
  }
  add_shape(proto, "starts", starts);
  add_shape(proto, "ends", ends);
  add_shape(proto, "axes", axes);
  add_shape(proto, "steps", steps);
}

void OnnxExporter::write(const Node& node, const Quantise& op) {
  const bool is_uint8 = op.low == 0 && op.high == 255;
  if (!is_uint8 && (op.low != -128 || op.high != 127)) {
    throw InputError("node " + node.name + ": codes " + std::to_string(op.low) + ".." +
                     std::to_string(op.high) + ", ONNX has 0..255 and -128..127");
  }
  onnx::NodeProto& encode = append(node, "QuantizeLinear");
  const std::string codes = split_output(encode, ".codes");
  add_tensor(encode, "scale", {}, {op.scale});
  add_code(encode, op);
  onnx::NodeProto& decode =
      append_step(unique_name(node.name + ".decode"), "DequantizeLinear", codes, node.output);
  decode.add_input(encode.input(1));
  decode.add_input(encode.input(2));
}

}  // namespace crossloop::network
