// Builds small ONNX models for tests, well formed or not.
#pragma once

#include <onnx/onnx_pb.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace crossloop::network {

/// A path no other test uses, in a folder that goes when the program ends.
inline std::filesystem::path temporary_model() {
  struct Folder {
    std::filesystem::path path =
        std::filesystem::path(::testing::TempDir()) / ("onnx_models_" + std::to_string(::getpid()));
    Folder() { std::filesystem::create_directories(path); }
    ~Folder() { std::filesystem::remove_all(path); }
  };
  static const Folder folder;
  static int number = 0;
  return folder.path / ("model_" + std::to_string(++number) + ".onnx");
}

inline std::filesystem::path write_bytes(std::string_view bytes) {
  const auto path = temporary_model();
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// A model with a float input "x" and a float output "y".
class OnnxBuilder {
 public:
  /// -1 stands for a dimension named "dynamic".
  OnnxBuilder(const std::vector<int>& input, const std::vector<int>& output, int opset = 13) {
    model_.set_ir_version(opset < 10 ? 4 : 7);
    model_.add_opset_import()->set_version(opset);
    graph().set_name("test");
    describe(*graph().add_input(), "x", input);
    describe(*graph().add_output(), "y", output);
  }

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }

  static void describe(onnx::ValueInfoProto& info, const std::string& name,
                       const std::vector<int>& dims) {
    info.set_name(name);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape();
    for (const int dim : dims) {
      auto& added = *type.mutable_shape()->add_dim();
      dim < 0 ? added.set_dim_param("dynamic") : added.set_dim_value(dim);
    }
  }

  /// The last node added is the one attributes go to.
  OnnxBuilder& node(const std::string& type, const std::vector<std::string>& inputs,
                    const std::string& output, const std::string& name = "") {
    node_ = graph().add_node();
    node_->set_op_type(type);
    node_->set_name(name);
    for (const std::string& input : inputs) node_->add_input(input);
    node_->add_output(output);
    return *this;
  }
  OnnxBuilder& integer(const std::string& name, int value) {
    attribute(name, onnx::AttributeProto::INT).set_i(value);
    return *this;
  }
  OnnxBuilder& real(const std::string& name, float value) {
    attribute(name, onnx::AttributeProto::FLOAT).set_f(value);
    return *this;
  }
  OnnxBuilder& text(const std::string& name, const std::string& value) {
    attribute(name, onnx::AttributeProto::STRING).set_s(value);
    return *this;
  }
  OnnxBuilder& integers(const std::string& name, const std::vector<int>& values) {
    attribute(name, onnx::AttributeProto::INTS)
        .mutable_ints()
        ->Assign(values.begin(), values.end());
    return *this;
  }
  OnnxBuilder& tensor(const std::string& name, const onnx::TensorProto& value) {
    *attribute(name, onnx::AttributeProto::TENSOR).mutable_t() = value;
    return *this;
  }

  OnnxBuilder& floats(const std::string& name, const std::vector<int>& dims,
                      const std::vector<float>& values) {
    *graph().add_initializer() = float_tensor(name, dims, values);
    return *this;
  }
  OnnxBuilder& shape(const std::string& name, const std::vector<int>& values) {
    *graph().add_initializer() = shape_tensor(name, values);
    return *this;
  }

  static onnx::TensorProto float_tensor(const std::string& name, const std::vector<int>& dims,
                                        const std::vector<float>& values) {
    onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const int dim : dims) tensor.add_dims(dim);
    tensor.mutable_float_data()->Assign(values.begin(), values.end());
    return tensor;
  }
  static onnx::TensorProto shape_tensor(const std::string& name, const std::vector<int>& values) {
    onnx::TensorProto tensor;
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<int>(values.size()));
    tensor.mutable_int64_data()->Assign(values.begin(), values.end());
    return tensor;
  }

  std::filesystem::path write() const { return write_bytes(model_.SerializeAsString()); }

 private:
  onnx::AttributeProto& attribute(const std::string& name,
                                  onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto& added = *node_->add_attribute();
    added.set_name(name);
    added.set_type(type);
    return added;
  }

  onnx::ModelProto model_;
  onnx::NodeProto* node_ = nullptr;
};

}  // namespace crossloop::network
