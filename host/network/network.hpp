// The graph of a neural network: nodes in execution order, float weights, frozen weight scales.
//
// Float tensors are NCHW with the batch first; a linear layer sees [N, features]. A node has one
// output. Values are named; the graph input is `Network::input_name`.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace crossloop::network {

/// Shape of one activation without the batch axis: [channels, height, width]; [features, 1, 1]
/// after Flatten, GlobalAveragePool keeps [channels, 1, 1].
struct Shape {
  int channels = 0;
  int height = 1;
  int width = 1;
  int size() const { return channels * height * width; }
  bool operator==(const Shape&) const = default;
};

/// Geometry of a sliding window: kernel, stride, zero padding, dilation.
struct Window {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int dilation_h = 1, dilation_w = 1;
  int out_height(int height) const {
    return (height + pad_top + pad_bottom - dilation_h * (kernel_h - 1) - 1) / stride_h + 1;
  }
  int out_width(int width) const {
    return (width + pad_left + pad_right - dilation_w * (kernel_w - 1) - 1) / stride_w + 1;
  }
  bool operator==(const Window&) const = default;
};

/// weight is [out_channels][in_channels][kernel_h][kernel_w]; bias is empty or [out_channels].
struct Conv {
  int in_channels = 0;
  int out_channels = 0;
  Window window;
  std::vector<float> weight;
  std::vector<float> bias;
};

/// y = W x + b; weight is [out_features][in_features]; bias is empty or [out_features].
struct Linear {
  int in_features = 0;
  int out_features = 0;
  std::vector<float> weight;
  std::vector<float> bias;
};

/// y = gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel.
struct BatchNorm {
  float epsilon = 1e-5F;
  std::vector<float> gamma, beta, mean, variance;
};

struct Relu {};
struct MaxPool {
  Window window;
};
struct AveragePool {
  Window window;
  bool count_include_pad = false;
};
struct GlobalAveragePool {};
struct Add {};
struct Flatten {};

using Operator = std::variant<Conv, Linear, BatchNorm, Relu, MaxPool, AveragePool,
                              GlobalAveragePool, Add, Flatten>;

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

/// A feed-forward graph with one input and one output. Zeros in a weight are its sparsity.
struct Network {
  std::string name;
  std::string input_name = "input";
  std::string output_name;
  Shape input_shape;
  InputNormalisation normalisation;
  std::vector<Node> nodes;  ///< topological order
  /// Everything else a model carries, as `crossloop.KEY` in the ONNX metadata: pruning method,
  /// seeds, class names.
  std::map<std::string, std::string> metadata;

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

/// The weight matrix of a Conv or Linear node, nullptr for the others: [rows of LibTorch = output
/// channels][K = in_channels * kernel_h * kernel_w], which is the crossbar matrix transposed.
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
