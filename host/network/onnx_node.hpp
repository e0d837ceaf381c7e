// One ONNX node and its constant inputs, read with named errors. For the .cpp files of this room
// only: no other room sees an ONNX header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/network/network.hpp"
#include "host/network/onnx_tensor.hpp"

namespace crossloop::network {

/// The node's name, or its first output where it has none.
std::string display_name(const onnx::NodeProto& node);

/// Typed access to a node that the checker has passed.
class OnnxNode {
 public:
  OnnxNode(const OnnxSource& source, const Constants& constants, const onnx::NodeProto& node)
      : source_(source), constants_(constants), node_(node) {}

  const onnx::NodeProto& proto() const { return node_; }
  const std::string& type() const { return node_.op_type(); }
  const OnnxSource& source() const { return source_; }
  std::int64_t opset() const { return source_.opset; }
  const std::string& output() const { return node_.output(0); }

  /// Throws InputError: file, node, operator, opset, `why`.
  [[noreturn]] void refuse(const std::string& why) const;
  /// refuse() unless the integer attribute is absent or equals `expected`.
  void require(const char* attribute, std::int64_t expected) const;

  bool has_attribute(const char* name) const { return find(name) != nullptr; }
  std::int64_t integer(const char* name, std::int64_t fallback) const;
  float real(const char* name, float fallback) const;
  std::string text(const char* name, const std::string& fallback) const;
  const onnx::TensorProto* tensor(const char* name) const;  ///< nullptr if absent
  const onnx::GraphProto* graph(const char* name) const;    ///< nullptr if absent
  /// `count` integers in minimum..2^20, all `fallback` where the attribute is absent.
  std::vector<int> sizes(const char* name, std::size_t count, int minimum, int fallback) const;
  Dimensions integers(const char* name) const;       ///< empty if absent
  std::vector<float> reals(const char* name) const;  ///< empty if absent

  bool has_input(int index) const;
  const std::string& input(int index) const { return node_.input(index); }
  bool is_constant(int index) const;
  /// The content of a constant input; refuse() if it is computed or absent.
  const ConstantTensor& constant(int index) const;
  /// Finite floats of a constant of `dimensions`, refuse() otherwise. A dimension of -1 fits any.
  std::vector<float> floats(int index, const Dimensions& dimensions) const;
  /// Every element of a constant float input, in its own shape.
  std::vector<float> floats(int index) const { return floats(index, constant(index).dims); }
  /// The integers of a constant input of rank 0 or 1.
  Dimensions integers(int index) const;
  /// The number in a constant input of one element, `fallback` where the input is absent. May be
  /// infinite, not NaN.
  float scalar(int index, float fallback) const;

  /// Integers that older opsets hold in an attribute and newer ones in an input; nothing where
  /// neither is there.
  std::optional<Dimensions> integers(const char* attribute, int index) const;

  /// Kernel, stride, padding and dilation, auto_pad resolved for inputs of shape `in`.
  Window window(const Shape& in, int kernel_h, int kernel_w) const;

 private:
  const onnx::AttributeProto* find(const char* name) const;

  const OnnxSource& source_;
  const Constants& constants_;
  const onnx::NodeProto& node_;
};

}  // namespace crossloop::network
