// The graph of a neural network: nodes in execution order, float weights, frozen weight scales.
//
// Float tensors are NCHW with the batch first; a linear layer sees [N, features]. A node has one
// output. Values are named; the graph input is `Network::input_name`.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/network/operators.hpp"

namespace crossloop::network {

/// One operator. `name` is unique in the graph, and so is `output`.
struct Node {
  std::string name;
  Operator op;
  std::vector<std::string> inputs;
  std::string output;

  /// The scale of the symmetric signed 8-bit weights, per output channel: w = scale * w_q with
  /// |w_q| <= 2^(B_w-1) - 1. Empty until the first programming freezes it (numerics.md, step 2).
  /// For the first layer it belongs to the weights after the input normalisation is folded in.
  std::vector<float> weight_scale;
};

/// How 8-bit pixels become the float input: x = (pixel / 255 - mean[c]) / std[c]. Empty vectors
/// stand for mean 0 and std 1.
struct InputNormalisation {
  std::vector<float> mean;
  std::vector<float> std;
};

/// How the model file lays out its image input; inside a Network it is always NCHW.
enum class InputLayout { kNchw, kNhwc };

/// A further input of a graph. Such a network can be evaluated on tensors, not trained or compiled.
struct ExtraInput {
  std::string name;
  Shape shape;
  bool flat = false;  ///< [N, features] in the model file, not [N, C, 1, 1]
};

/// A feed-forward graph with one output. Zeros in a weight are its sparsity.
struct Network {
  std::string name;
  std::string input_name = "input";
  std::string output_name;
  /// Whether an output of shape [F, 1, 1] is [N, F] in the model file, else [N, F, 1, 1].
  bool flat_output = true;
  Shape input_shape;
  InputLayout input_layout = InputLayout::kNchw;
  std::vector<ExtraInput> extra_inputs;
  InputNormalisation normalisation;
  std::vector<Node> nodes;  ///< topological order
  /// Everything else a model carries, as `crossloop.KEY` in the ONNX metadata: pruning method,
  /// seeds, class names.
  std::map<std::string, std::string> metadata;
  /// Entries of other tools in the ONNX metadata, kept as they are.
  std::map<std::string, std::string> foreign_metadata;
  bool flat_input = false;  ///< the input is [N, features] in the model file, not [N, C, 1, 1]

  const Node& node(const std::string& node_name) const;  ///< throws InputError if absent
  Node& node(const std::string& node_name);
};

/// "[16, 32, 32]".
std::string to_string(const Shape& shape);

/// The operator's name in messages and tables, which is its ONNX name: "Conv", "Linear" for Gemm.
const char* operator_name(const Node& node);

/// The shape `node` makes of the shapes of its inputs. Throws InputError naming the node if they do
/// not fit the operator, or its parameters have the wrong size.
Shape output_shape(const Node& node, std::span<const Shape> inputs);

/// The shape of every value by name, the graph input included. Throws InputError naming the node
/// where shapes or parameter sizes do not fit, a value is missing or used before it is made.
std::map<std::string, Shape> infer_shapes(const Network& network);

/// What `value` was before it was flattened: the input of the Flatten that makes it, else itself.
std::string before_flatten(const Network& network, std::string value);

/// The weight matrix of a Conv or Linear node: [output channels][K = in_channels / groups *
/// kernel_h * kernel_w], which is the crossbar matrix transposed (of each group, side by side).
struct WeightView {
  int outputs = 0;
  int inputs = 0;  ///< K
  std::span<float> values;
  std::span<float> bias;  ///< empty where the node has none
};
bool has_weight(const Node& node);
WeightView weight_of(Node& node);                        ///< assert has_weight
std::span<const float> weight_values(const Node& node);  ///< assert has_weight

/// Number of weights and biases, and of weights that are not zero.
struct ParameterCount {
  std::int64_t parameters = 0;  ///< weights, biases, gamma and beta
  std::int64_t weights = 0;     ///< of Conv and Linear
  std::int64_t nonzero_weights = 0;
};
ParameterCount count_parameters(const Network& network);

}  // namespace crossloop::network
