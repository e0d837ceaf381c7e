// Tensors whose content is known at import, and what errors name. For the .cpp files of this room
// only: no other room sees an ONNX header.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace crossloop::network {

using Dimensions = std::vector<std::int64_t>;

/// What errors name: the file and its opset.
struct OnnxSource {
  std::string file;
  std::int64_t opset = 0;
};

/// The step between the codes of a quantised tensor: one, or one for each index of `axis`.
struct TensorScale {
  std::vector<float> values;
  std::int64_t axis = 0;
  bool symmetric_int8 = false;   ///< codes of 8 signed bits around 0
  bool has_lowest_code = false;  ///< one of them is -128
};

/// An initializer, a Constant, or what was computed from them. A single stored value stands for
/// every element, so that a ConstantOfShape takes no memory.
struct ConstantTensor {
  int type = onnx::TensorProto::FLOAT;  ///< DOUBLE is read as FLOAT
  Dimensions dims;
  std::vector<float> floats;           ///< of a FLOAT
  std::vector<std::int64_t> integers;  ///< of any other type; 0 or 1 of a BOOL
  std::optional<TensorScale> scale;    ///< of a FLOAT that DequantizeLinear made

  bool is_float() const { return type == onnx::TensorProto::FLOAT; }
  std::int64_t size() const;
  std::size_t stored() const { return is_float() ? floats.size() : integers.size(); }
  float real(std::int64_t i) const { return floats[index(i)]; }
  std::int64_t integer(std::int64_t i) const { return integers[index(i)]; }

 private:
  std::size_t index(std::int64_t i) const {
    return stored() == 1 ? 0 : static_cast<std::size_t>(i);
  }
};

// FLOAT and INT64 tensors, and lists: tensors of one axis.
ConstantTensor float_tensor(Dimensions dims, std::vector<float> values);
ConstantTensor integer_tensor(Dimensions dims, std::vector<std::int64_t> values);
ConstantTensor float_list(std::vector<float> values);
ConstantTensor integer_list(std::vector<std::int64_t> values);

/// Product of the dimensions. Throws InputError naming the tensor if one is negative or beyond 2^31
/// - 1, or the product beyond 2^50.
std::int64_t element_count(const OnnxSource& source, const std::string& tensor,
                           const Dimensions& dims);

/// "FLOAT", "INT8".
std::string type_name(int type);

/// Throws InputError naming the tensor if its data are not in the model's own file.
void require_inside(const OnnxSource& source, const onnx::TensorProto& tensor);

/// The content of `tensor`. Throws InputError naming it: a type that is neither float, double nor
/// integer, external data, missing values.
ConstantTensor decode(const OnnxSource& source, const onnx::TensorProto& tensor);

/// The known values of a graph by name. Initializers are decoded when they are asked for.
class Constants {
 public:
  /// Borrows the initializers of `graph`.
  Constants(const OnnxSource& source, const onnx::GraphProto& graph);

  bool contains(const std::string& value) const;
  /// Throws InputError as decode() does; the value must be there.
  const ConstantTensor& at(const std::string& value) const;
  void add(const std::string& value, ConstantTensor tensor);

 private:
  OnnxSource source_;
  std::map<std::string, const onnx::TensorProto*> stored_;
  mutable std::map<std::string, ConstantTensor> known_;
};

}  // namespace crossloop::network
