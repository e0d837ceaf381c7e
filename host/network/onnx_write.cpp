#include <onnx/checker.h>
#include <spdlog/fmt/fmt.h>

#include <limits>
#include <set>

#include "host/error.hpp"
#include "host/files.hpp"
#include "host/network/onnx_file.hpp"
#include "host/network/onnx_metadata.hpp"

namespace crossloop::network {

namespace {

constexpr int kOpset = 13;
constexpr int kIrVersion = 7;  // the one of opset 13, so that older tools read it

using Dimensions = std::vector<std::int64_t>;

/// Builds the graph node by node, in the order of the Network.
class Exporter {
 public:
  Exporter(const Network& network, onnx::GraphProto& graph)
      : network_(network), graph_(graph), shapes_(infer_shapes(network)) {
    for (const auto& [value, shape] : shapes_) names_.insert(value);
  }

  void run() {
    graph_.set_name(network_.name.empty() ? "network" : network_.name);
    if (input_is_flat()) flat_.insert(network_.input_name);
    describe(*graph_.add_input(), network_.input_name);
    for (const Node& node : network_.nodes) {
      std::visit([&](const auto& op) { write(node, op); }, node.op);
    }
    describe(*graph_.add_output(), network_.output_name);
  }

 private:
  /// ONNX tells [N, F] from [N, F, 1, 1]; here an input that feeds a Linear is the former.
  bool input_is_flat() const {
    bool flat = false;
    for (const Node& node : network_.nodes) {
      const bool reads = !node.inputs.empty() && node.inputs[0] == network_.input_name;
      flat = flat || (reads && std::holds_alternative<Linear>(node.op));
    }
    return flat;
  }

  void describe(onnx::ValueInfoProto& info, const std::string& value) {
    const Shape& shape = shapes_.at(value);
    info.set_name(value);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("N");
    type.mutable_shape()->add_dim()->set_dim_value(shape.channels);
    if (flat_.contains(value)) return;
    type.mutable_shape()->add_dim()->set_dim_value(shape.height);
    type.mutable_shape()->add_dim()->set_dim_value(shape.width);
  }

  onnx::NodeProto& append(const Node& node, const char* type) {
    onnx::NodeProto& proto = *graph_.add_node();
    proto.set_name(node.name);
    proto.set_op_type(type);
    for (const std::string& value : node.inputs) proto.add_input(value);
    proto.add_output(node.output);
    if (flat_.contains(node.inputs.at(0))) flat_.insert(node.output);
    return proto;
  }

  void add_tensor(onnx::NodeProto& proto, const char* what, const Dimensions& dimensions,
                  const std::vector<float>& values) {
    std::string name = proto.name() + "." + what;
    while (!names_.insert(name).second) name += "_";
    onnx::TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : dimensions) tensor.add_dims(size);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    proto.add_input(name);
  }

  static onnx::AttributeProto& add_attribute(onnx::NodeProto& proto, const char* name,
                                             onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& attribute = *proto.add_attribute();
    attribute.set_name(name);
    attribute.set_type(type);
    return attribute;
  }
  static void add_integer(onnx::NodeProto& proto, const char* name, std::int64_t value) {
    add_attribute(proto, name, onnx::AttributeProto::INT).set_i(value);
  }
  static void add_integers(onnx::NodeProto& proto, const char* name, const Dimensions& values) {
    add_attribute(proto, name, onnx::AttributeProto::INTS)
        .mutable_ints()
        ->Assign(values.begin(), values.end());
  }
  static void add_window(onnx::NodeProto& proto, const Window& w) {
    add_integers(proto, "kernel_shape", {w.kernel_h, w.kernel_w});
    add_integers(proto, "strides", {w.stride_h, w.stride_w});
    add_integers(proto, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
    if (proto.op_type() == "AveragePool") return;  // no dilation before opset 19
    add_integers(proto, "dilations", {w.dilation_h, w.dilation_w});
  }

  void write(const Node& node, const Conv& op) {
    onnx::NodeProto& proto = append(node, "Conv");
    add_tensor(proto, "weight",
               {op.out_channels, op.in_channels, op.window.kernel_h, op.window.kernel_w},
               op.weight);
    if (!op.bias.empty()) add_tensor(proto, "bias", {op.out_channels}, op.bias);
    add_window(proto, op.window);
  }

  /// A Gemm wants [N, F]: what is not flat yet gets a Flatten of its own.
  void write(const Node& node, const Linear& op) {
    Node flat = node;
    if (!flat_.contains(node.inputs.at(0))) {
      flat.name = flat.output = node.name + ".flatten";
      while (!names_.insert(flat.output).second) flat.output += "_";
      write(flat, Flatten{});
      flat = {node.name, node.op, {flat.output}, node.output, {}};
    }
    onnx::NodeProto& proto = append(flat, "Gemm");
    add_tensor(proto, "weight", {op.out_features, op.in_features}, op.weight);
    if (!op.bias.empty()) add_tensor(proto, "bias", {op.out_features}, op.bias);
    add_integer(proto, "transB", 1);
  }

  void write(const Node& node, const BatchNorm& op) {
    onnx::NodeProto& proto = append(node, "BatchNormalization");
    const Dimensions size = {static_cast<std::int64_t>(op.gamma.size())};
    add_tensor(proto, "gamma", size, op.gamma);
    add_tensor(proto, "beta", size, op.beta);
    add_tensor(proto, "mean", size, op.mean);
    add_tensor(proto, "variance", size, op.variance);
    add_attribute(proto, "epsilon", onnx::AttributeProto::FLOAT).set_f(op.epsilon);
  }

  void write(const Node& node, const MaxPool& op) {
    add_window(append(node, "MaxPool"), op.window);
  }
  void write(const Node& node, const AveragePool& op) {
    onnx::NodeProto& proto = append(node, "AveragePool");
    add_window(proto, op.window);
    add_integer(proto, "count_include_pad", op.count_include_pad ? 1 : 0);
  }
  void write(const Node& node, const GlobalAveragePool&) { append(node, "GlobalAveragePool"); }
  void write(const Node& node, const Relu&) { append(node, "Relu"); }
  void write(const Node& node, const Add&) {
    if (flat_.contains(node.inputs.at(0)) != flat_.contains(node.inputs.at(1))) {
      throw InputError(
          fmt::format("node {} (Add): only one of its inputs is flattened", node.name));
    }
    append(node, "Add");
  }
  template <class Other>
  void write(const Node& node, const Other&) {
    throw InputError("node " + node.name + ": this operator cannot be written yet");
  }
  void write(const Node& node, const Flatten&) {
    add_integer(append(node, "Flatten"), "axis", 1);
    flat_.insert(node.output);
  }

  const Network& network_;
  onnx::GraphProto& graph_;
  std::map<std::string, Shape> shapes_;
  std::set<std::string> names_;  ///< of values and initializers
  std::set<std::string> flat_;   ///< values of rank 2
};

}  // namespace

void write_onnx(const Network& network, const std::filesystem::path& path) {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name(kProducer);
  model.add_opset_import()->set_version(kOpset);
  Exporter(network, *model.mutable_graph()).run();
  write_metadata(network, model);
  if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw InputError(path.string() + ": the model is larger than 2 GiB, which ONNX does not allow");
  }
  try {
    onnx::checker::check_model(model);
  } catch (const std::exception& error) {
    throw InputError(fmt::format("{}: network {} makes no valid ONNX model: {}", path.string(),
                                 network.name, error.what()));
  }
  write_file(path, model.SerializeAsString());
}

}  // namespace crossloop::network
