// ONNX nodes -> Network nodes. For the .cpp files of this room only.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/network/onnx_node.hpp"
#include "host/network/onnx_quantise.hpp"

namespace crossloop::network {

/// The operators import_node() knows, in alphabetical order.
const std::set<std::string>& supported_operators();

/// The dimensions of `shape` in a file: batch first, as many as `rank` says.
Dimensions file_dimensions(std::int64_t batch, const Shape& shape, std::size_t rank);

/// The shape of an image of `dims`, batch first, at most rank 4. Throws InputError naming the node
/// if a size is beyond 2^30.
Shape image_shape(const OnnxNode& node, Dimensions dims);

/// Builds a Network node by node.
///
/// A value of the file has a shape of any rank, batch first; the value of the Network that holds
/// its elements has [channels, height, width]. Up to rank 4 the two agree, missing axes being 1;
/// beyond, only Reshape and Transpose may read the value. Nodes that change nothing make their
/// output another name of their input. Constants are folded.
class OnnxImporter {
 public:
  /// `uses` counts the readers of each value, the graph output included. `batch` is the size the
  /// batch axis is bound to. `constants` is filled further on the way.
  OnnxImporter(OnnxSource source, Constants constants, std::map<std::string, int> uses,
               std::int64_t batch, Network& network);

  /// An input of the graph, with its dimensions in the file.
  void add_input(const std::string& name, const Dimensions& dims);
  /// The same for an image the file holds as [N, H, W, C], which only Transposes to [N, C, H, W]
  /// may read.
  void add_nhwc_input(const std::string& name, const Dimensions& dims);

  /// Throws InputError naming file, node, operator and opset.
  void import_node(const onnx::NodeProto& proto);

  /// The name in the Network of the graph output `value`. Throws InputError if it has another rank
  /// than 2 or 4, or is a constant.
  const std::string& output(const std::string& value) const;
  /// The dimensions of a value of the file; nullptr for constants and what was fused away.
  const Dimensions* dimensions(const std::string& value) const;
  /// True if some pool leaves out a window that starts in the padding after its input: libonnx 1.12
  /// still counts it, as the specification did before opset 22.
  bool drops_windows() const { return drops_windows_; }

 private:
  /// A value of the file.
  struct Value {
    std::string name;  ///< in the Network
    Dimensions dims;   ///< in the file
  };
  /// A value of the Network.
  struct Made {
    Shape shape;
    std::size_t rank = 4;
    std::optional<std::size_t> node;  ///< nothing for a graph input
  };
  using Import = void (OnnxImporter::*)(const OnnxNode&);
  static const std::map<std::string, Import>& imports();
  friend const std::set<std::string>& supported_operators();

  // onnx_import.cpp
  bool fold_constant(const OnnxNode& node);
  void choose_branch(const OnnxNode& node);
  void identity(const OnnxNode& node);
  void dropout(const OnnxNode& node);
  void cast(const OnnxNode& node);
  void quantise(const OnnxNode& node);
  void dequantise(const OnnxNode& node);
  void refuse_computed(const OnnxNode& node);

  // onnx_import_layers.cpp
  void conv(const OnnxNode& node);
  void gemm(const OnnxNode& node);
  void matmul(const OnnxNode& node);
  void batch_norm(const OnnxNode& node);
  void max_pool(const OnnxNode& node);
  void average_pool(const OnnxNode& node);
  void global_average_pool(const OnnxNode& node);
  void global_max_pool(const OnnxNode& node);
  void reduce_mean(const OnnxNode& node);
  void mean_of_nhwc(const OnnxNode& node, const Value& in);
  void lrn(const OnnxNode& node);
  void softmax(const OnnxNode& node);
  Window pool_window(const OnnxNode& node) const;
  void note_dropped_windows(const Shape& in, const Window& window);
  void require_rows(const OnnxNode& node) const;
  std::vector<float> weight_scale(const OnnxNode& node, std::int64_t output_axis, int outputs,
                                  float factor) const;

  // onnx_import_elementwise.cpp
  void relu(const OnnxNode& node);
  void leaky_relu(const OnnxNode& node);
  void clip(const OnnxNode& node);
  void sigmoid(const OnnxNode& node);
  void hard_sigmoid(const OnnxNode& node);
  void hard_swish(const OnnxNode& node);
  void add(const OnnxNode& node);
  void sub(const OnnxNode& node);
  void mul(const OnnxNode& node);
  void div(const OnnxNode& node);
  void sum(const OnnxNode& node);
  void combine(const OnnxNode& node, const Operator& op);
  void combine_values(const OnnxNode& node, const Operator& op, const std::string& name,
                      const Value& a, const Value& b);
  void check_ranks(const OnnxNode& node, const Value& a, const Value& b) const;
  void scale_shift(const OnnxNode& node, int activation, ScaleShift op);
  bool add_bias(const OnnxNode& node, int activation, const ScaleShift& op);
  bool join_offset(const OnnxNode& node, int activation, const ScaleShift& op);
  Node* fusible(const OnnxNode& node, int input);
  void rename_output(const OnnxNode& node, Node& made);

  // onnx_import_lrn.cpp
  struct Power {
    Value in;
    float exponent = 1.0F;
  };
  bool pad_volume(const OnnxNode& node);
  bool average_volume(const OnnxNode& node);
  void power(const OnnxNode& node);
  void divide_by_power(const OnnxNode& node);
  std::optional<Lrn> lrn_of(const std::string& x, const Power& power) const;
  const Node* maker(const std::string& value) const;

  // onnx_import_shapes.cpp
  void flatten(const OnnxNode& node);
  void reshape(const OnnxNode& node);
  void squeeze(const OnnxNode& node);
  void unsqueeze(const OnnxNode& node);
  void transpose(const OnnxNode& node);
  void pad(const OnnxNode& node);
  void crop_and_pad(const OnnxNode& node, const Value& in, Pad op);
  void slice(const OnnxNode& node);
  void concat(const OnnxNode& node);
  void pad_with_constants(const OnnxNode& node, const std::vector<int>& joined, std::size_t axis);
  void change_shape(const OnnxNode& node, const Value& in, const Dimensions& dims,
                    const std::string& suffix = "");
  std::string in_shape(const OnnxNode& node, const Value& in, const Shape& shape);
  void permute(const OnnxNode& node, const std::string& in, const std::array<int, 3>& axes,
               const Dimensions& dims);
  std::pair<std::string, std::array<int, 3>> merged_permute(const std::string& in,
                                                            const std::array<int, 3>& axes) const;

  /// refuse() for a constant, or codes that no DequantizeLinear has read.
  const Value& value(const OnnxNode& node, int input) const;
  /// value() of rank 2 to 4; refuse() for any other.
  const Value& activation(const OnnxNode& node, int input) const;
  /// activation() of rank 4.
  const Value& image(const OnnxNode& node, int input) const;
  const Shape& shape(const Value& in) const { return made_.at(in.name).shape; }

  /// Appends an operator on the activations `inputs`, which makes the output of `node`.
  void append(const OnnxNode& node, Operator op, const std::vector<int>& inputs = {0});
  /// Appends an operator on values of the Network.
  Node& append_named(const OnnxNode& node, const std::string& name, Operator op,
                     std::vector<std::string> inputs, const std::string& output, std::size_t rank);
  void alias(const OnnxNode& node, const Value& in);
  std::string unique_name(const std::string& wanted);
  std::string unique_value(const std::string& wanted) const;

  OnnxSource source_;
  Constants constants_;
  std::map<std::string, int> uses_;
  std::int64_t batch_;
  Network& network_;
  std::map<std::string, Value> values_;  ///< by their names in the file
  std::map<std::string, Made> made_;     ///< by their names in the Network
  std::set<std::string> names_;          ///< of nodes
  bool drops_windows_ = false;
  std::string nhwc_input_;  ///< empty if there is none
  struct Codes {
    Value in;
    QuantisationParameters parameters;
    std::string node_name;
  };
  std::map<std::string, Codes> codes_;   ///< what QuantizeLinear made
  std::map<std::string, Power> powers_;  ///< what Pow made
};

}  // namespace crossloop::network
