// One ONNX node and its tensors, read with named errors. For the .cpp files of this room only: no
// other room sees an ONNX header.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::network {

/// Values with content known at import: initializers and Constant nodes.
using Constants = std::map<std::string, onnx::TensorProto>;

/// What errors name: the file and its opset.
struct OnnxSource {
  std::string file;
  std::int64_t opset = 0;
};

/// The node's name, or its first output where it has none.
std::string display_name(const onnx::NodeProto& node);

/// Product of the dimensions. Throws InputError if one is negative or the product beyond 2^31 - 1.
std::int64_t element_count(const OnnxSource& source, const onnx::TensorProto& tensor);

/// The content of a float tensor. Throws InputError naming the tensor: another type, external data,
/// missing values, a value that is not finite.
std::vector<float> read_floats(const OnnxSource& source, const onnx::TensorProto& tensor);

/// The content of an int64 tensor, with the same errors.
std::vector<std::int64_t> read_integers(const OnnxSource& source, const onnx::TensorProto& tensor);

/// Typed access to a node that the checker has passed.
class OnnxNode {
 public:
  OnnxNode(const OnnxSource& source, const Constants& constants, const onnx::NodeProto& node)
      : source_(source), constants_(constants), node_(node) {}

  const onnx::NodeProto& proto() const { return node_; }
  const std::string& type() const { return node_.op_type(); }

  /// Throws InputError: file, node, operator, opset, `why`.
  [[noreturn]] void refuse(const std::string& why) const;
  /// refuse() unless the integer attribute is absent or equals `expected`.
  void require(const char* attribute, std::int64_t expected) const;
  /// refuse() if the node has more than one named output.
  void require_single_output() const;

  bool has_attribute(const char* name) const { return find(name) != nullptr; }
  std::int64_t integer(const char* name, std::int64_t fallback) const;
  float real(const char* name, float fallback) const;
  std::string text(const char* name, const std::string& fallback) const;
  const onnx::TensorProto* tensor(const char* name) const;  ///< nullptr if absent
  /// `count` integers in minimum..2^20, all `fallback` where the attribute is absent.
  std::vector<int> sizes(const char* name, std::size_t count, int minimum, int fallback) const;
  std::vector<std::int64_t> integers(const char* name) const;  ///< empty if absent

  bool has_input(int index) const;
  const std::string& input(int index) const { return node_.input(index); }
  bool is_constant(int index) const;
  /// The content of a constant input; refuse() if it is computed or absent.
  const onnx::TensorProto& constant(int index) const;
  /// A float constant of `dimensions`, refuse() otherwise. A dimension of -1 fits any.
  std::vector<float> floats(int index, const std::vector<std::int64_t>& dimensions) const;

  /// Kernel, stride, padding and dilation, auto_pad resolved for inputs of shape `in`.
  Window window(const Shape& in, int kernel_h, int kernel_w) const;

 private:
  const onnx::AttributeProto* find(const char* name) const;

  const OnnxSource& source_;
  const Constants& constants_;
  const onnx::NodeProto& node_;
};

}  // namespace crossloop::network
