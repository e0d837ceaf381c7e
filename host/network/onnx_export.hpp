// Network nodes -> ONNX nodes. For the .cpp files of this room only.
#pragma once

#include <set>

#include "host/network/network.hpp"
#include "host/network/onnx_tensor.hpp"

namespace crossloop::network {

/// Builds the graph node by node, in the order of the Network. ONNX tells [N, F] from [N, F, 1, 1],
/// a Network does not: Flatten, Linear and flat inputs make the former, elementwise operators keep
/// what they read, everything else wants images; where a value comes in the wrong form, a Flatten
/// or Reshape is put in.
class OnnxExporter {
 public:
  OnnxExporter(const Network& network, onnx::GraphProto& graph);

  /// Throws InputError if the shapes of the network do not fit.
  void run();

  /// The oldest opset the graph may have.
  int opset() const { return opset_; }

 private:
  /// A value of the Network in the file.
  struct Value {
    std::string name;
    bool flat = false;  ///< [N, F]
  };
  /// The form an operator wants its inputs in.
  enum class Form { kAny, kImage, kFlat };

  void add_input(const std::string& value, const Shape& shape, bool flat);
  void add_output();
  void describe(onnx::ValueInfoProto& info, const std::string& value, Dimensions dims) const;

  /// A node with the inputs of `node`, which makes its output.
  onnx::NodeProto& append(const Node& node, const char* type, Form form = Form::kAny);
  /// A node that makes the value `output`.
  onnx::NodeProto& append_step(const std::string& name, const char* type, const std::string& input,
                               const std::string& output);
  /// Puts `node` behind a step that makes `suffix` of its output: returns the step's input.
  std::string split_output(onnx::NodeProto& node, const char* suffix);
  std::string in_form(const Node& node, const std::string& value, Form form);
  bool all_flat(const Node& node) const;
  std::string unique_name(const std::string& wanted);
  std::string unique_value(const std::string& wanted);
  const Shape& in_shape(const Node& node) const { return shapes_.at(node.inputs.at(0)); }

  void add_tensor(onnx::NodeProto& proto, const char* what, const Dimensions& dims,
                  const std::vector<float>& values);
  void add_shape(onnx::NodeProto& proto, const char* what, const Dimensions& values);
  void add_code(onnx::NodeProto& proto, const Quantise& op);
  onnx::TensorProto& new_tensor(onnx::NodeProto& proto, const char* what, const Dimensions& dims);

  void write(const Node& node, const Conv& op);
  void write(const Node& node, const Linear& op);
  void write(const Node& node, const BatchNorm& op);
  void write(const Node& node, const Relu& op);
  void write(const Node& node, const LeakyRelu& op);
  void write(const Node& node, const Clip& op);
  void write(const Node& node, const Sigmoid& op);
  void write(const Node& node, const HardSigmoid& op);
  void write(const Node& node, const HardSwish& op);
  void write(const Node& node, const Softmax& op);
  void write(const Node& node, const MaxPool& op);
  void write(const Node& node, const AveragePool& op);
  void write(const Node& node, const GlobalAveragePool& op);
  void write(const Node& node, const GlobalMaxPool& op);
  void write(const Node& node, const Lrn& op);
  void write(const Node& node, const Add& op);
  void write(const Node& node, const Multiply& op);
  void write(const Node& node, const ScaleShift& op);
  void write(const Node& node, const Concat& op);
  void write(const Node& node, const Flatten& op);
  void write(const Node& node, const Reshape& op);
  void write(const Node& node, const Permute& op);
  void write(const Node& node, const Pad& op);
  void write(const Node& node, const Slice& op);
  void write(const Node& node, const Quantise& op);

  const Network& network_;
  onnx::GraphProto& graph_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, Value> values_;  ///< by their names in the Network
  std::set<std::string> value_names_;    ///< of values and initializers in the file
  std::set<std::string> node_names_;
  int opset_ = 13;
};

}  // namespace crossloop::network
