// ONNX nodes -> Network nodes. For the .cpp files of this room only.
#pragma once

#include <set>

#include "host/network/onnx_node.hpp"

namespace crossloop::network {

/// The operators import_node() knows, in alphabetical order.
const std::set<std::string>& supported_operators();

/// Builds a Network node by node; values carry the names they have in the file, except that those
/// of Identity and Dropout stand for their input.
class OnnxImporter {
 public:
  /// `network` has its input already; `uses` counts the readers of each value, the graph output
  /// included. `batch` is the size the batch axis is bound to.
  OnnxImporter(OnnxSource source, Constants constants, std::map<std::string, int> uses,
               std::int64_t batch, Network& network);

  /// Throws InputError naming file, node, operator and opset.
  void import_node(const onnx::NodeProto& proto);

  /// The name of `value` in the Network.
  const std::string& resolve(const std::string& value) const;

 private:
  using Import = void (OnnxImporter::*)(const OnnxNode&);
  static const std::map<std::string, Import>& imports();
  friend const std::set<std::string>& supported_operators();

  void conv(const OnnxNode& node);
  void gemm(const OnnxNode& node);
  void matmul(const OnnxNode& node);
  void add(const OnnxNode& node);
  void add_bias(const OnnxNode& node, int constant_input);
  void batch_norm(const OnnxNode& node);
  void relu(const OnnxNode& node);
  void max_pool(const OnnxNode& node);
  void average_pool(const OnnxNode& node);
  void global_average_pool(const OnnxNode& node);
  void reduce_mean(const OnnxNode& node);
  void flatten(const OnnxNode& node);
  void reshape(const OnnxNode& node);
  void identity(const OnnxNode& node);
  void constant(const OnnxNode& node);

  const Shape& shape(const OnnxNode& node, int input) const;
  Window pool_window(const OnnxNode& node) const;
  void append(const OnnxNode& node, Operator op, int inputs = 1);
  void append_named(const OnnxNode& node, const std::string& name, Operator op,
                    std::vector<std::string> inputs, const std::string& output);
  std::string unique_name(const std::string& wanted);

  OnnxSource source_;
  Constants constants_;
  std::map<std::string, int> uses_;
  std::int64_t batch_;
  Network& network_;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, std::string> aliases_;
  std::set<std::string> names_;
  std::map<std::string, std::size_t> products_;  ///< value of a MatMul -> index of its node
};

}  // namespace crossloop::network
