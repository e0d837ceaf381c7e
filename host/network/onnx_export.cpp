#include "host/network/onnx_export.hpp"

#include <algorithm>

namespace crossloop::network {

OnnxExporter::OnnxExporter(const Network& network, onnx::GraphProto& graph)
    : network_(network), graph_(graph), shapes_(infer_shapes(network)) {
  for (const auto& [value, shape] : shapes_) value_names_.insert(value);
  for (const Node& node : network.nodes) node_names_.insert(node.name);
}

void OnnxExporter::run() {
  graph_.set_name(network_.name.empty() ? "network" : network_.name);
  add_input(network_.input_name, network_.input_shape, network_.flat_input);
  for (const ExtraInput& input : network_.extra_inputs) {
    add_input(input.name, input.shape, input.flat);
  }
  for (const Node& node : network_.nodes) {
    std::visit([&](const auto& op) { write(node, op); }, node.op);
  }
  add_output();
}

/// An input that feeds a Linear is [N, F] even where its flag does not say so.
void OnnxExporter::add_input(const std::string& value, const Shape& shape, bool flat) {
  for (const Node& node : network_.nodes) {
    flat = flat || (std::holds_alternative<Linear>(node.op) && node.inputs.at(0) == value);
  }
  flat = flat && shape == Shape{.channels = shape.channels};
  values_[value] = {value, flat};
  const bool nhwc =
      network_.input_layout == InputLayout::kNhwc && value == network_.input_name && !flat;
  Dimensions dims = {shape.channels, shape.height, shape.width};
  if (nhwc) std::rotate(dims.begin(), dims.begin() + 1, dims.end());
  if (flat) dims.resize(1);
  describe(*graph_.add_input(), value, dims);
  if (!nhwc) return;
  values_[value].name = unique_value(value + ".nchw");
  onnx::NodeProto& turn =
      append_step(unique_name(value + ".nchw"), "Transpose", value, values_[value].name);
  onnx::AttributeProto& perm = *turn.add_attribute();
  perm.set_name("perm");
  perm.set_type(onnx::AttributeProto::INTS);
  for (const int axis : {0, 3, 1, 2}) perm.add_ints(axis);
}

void OnnxExporter::describe(onnx::ValueInfoProto& info, const std::string& value,
                            Dimensions dims) const {
  info.set_name(value);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param("N");
  for (const std::int64_t size : dims) type.mutable_shape()->add_dim()->set_dim_value(size);
}

/// A graph may not hand out its input: where a network does, an Identity stands between.
void OnnxExporter::add_output() {
  Value value = values_.at(network_.output_name);
  const bool is_input = std::any_of(graph_.input().begin(), graph_.input().end(),
                                    [&](const auto& input) { return input.name() == value.name; });
  if (is_input) {
    const std::string name = unique_value(value.name + ".output");
    append_step(unique_name(name), "Identity", value.name, name);
    value.name = name;
  }
  const Shape& shape = shapes_.at(network_.output_name);
  Dimensions dims = {shape.channels, shape.height, shape.width};
  if (value.flat) dims.resize(1);
  describe(*graph_.add_output(), value.name, dims);
}

std::string OnnxExporter::unique_name(const std::string& wanted) {
  std::string name = wanted;
  while (!node_names_.insert(name).second) name += "_";
  return name;
}

std::string OnnxExporter::unique_value(const std::string& wanted) {
  std::string name = wanted;
  while (!value_names_.insert(name).second) name += "_";
  return name;
}

bool OnnxExporter::all_flat(const Node& node) const {
  return std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](const std::string& value) { return values_.at(value).flat; });
}

onnx::NodeProto& OnnxExporter::append_step(const std::string& name, const char* type,
                                           const std::string& input, const std::string& output) {
  onnx::NodeProto& proto = *graph_.add_node();
  proto.set_name(name);
  proto.set_op_type(type);
  proto.add_input(input);
  proto.add_output(output);
  return proto;
}

/// The name of `value` in the wanted form.
std::string OnnxExporter::in_form(const Node& node, const std::string& value, Form form) {
  const Value& found = values_.at(value);
  if (form == Form::kAny || found.flat == (form == Form::kFlat)) return found.name;
  const std::string suffix = found.flat ? ".image" : ".flatten";
  const std::string made = unique_value(node.name + suffix);
  onnx::NodeProto& step = append_step(unique_name(node.name + suffix),
                                      found.flat ? "Reshape" : "Flatten", found.name, made);
  if (found.flat) add_shape(step, "shape", {0, shapes_.at(value).channels, 1, 1});
  return made;
}

onnx::NodeProto& OnnxExporter::append(const Node& node, const char* type, Form form) {
  const bool flat = form == Form::kFlat || (form == Form::kAny && all_flat(node));
  if (form == Form::kAny && !flat) form = Form::kImage;
  std::vector<std::string> inputs;
  for (const std::string& value : node.inputs) inputs.push_back(in_form(node, value, form));
  onnx::NodeProto& proto = append_step(node.name, type, inputs.at(0), node.output);
  for (std::size_t i = 1; i < inputs.size(); ++i) proto.add_input(inputs[i]);
  values_[node.output] = {node.output, flat};
  return proto;
}

std::string OnnxExporter::split_output(onnx::NodeProto& node, const char* suffix) {
  const std::string between = unique_value(node.output(0) + suffix);
  node.set_output(0, between);
  return between;
}

onnx::TensorProto& OnnxExporter::new_tensor(onnx::NodeProto& proto, const char* what,
                                            const Dimensions& dims) {
  const std::string name = unique_value(proto.name() + "." + what);
  onnx::TensorProto& tensor = *graph_.add_initializer();
  tensor.set_name(name);
  for (const std::int64_t size : dims) tensor.add_dims(size);
  proto.add_input(name);
  return tensor;
}

void OnnxExporter::add_tensor(onnx::NodeProto& proto, const char* what, const Dimensions& dims,
                              const std::vector<float>& values) {
  onnx::TensorProto& tensor = new_tensor(proto, what, dims);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
}

void OnnxExporter::add_shape(onnx::NodeProto& proto, const char* what, const Dimensions& values) {
  onnx::TensorProto& tensor = new_tensor(proto, what, {static_cast<std::int64_t>(values.size())});
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
}

void OnnxExporter::add_code(onnx::NodeProto& proto, const Quantise& op) {
  onnx::TensorProto& tensor = new_tensor(proto, "zero_point", {});
  tensor.set_data_type(op.low < 0 ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8);
  tensor.add_int32_data(op.zero_point);
}

}  // namespace crossloop::network
