// The operators of a Network: parameters only. What each computes stands beside it; the shapes they
// make are output_shape() in network.hpp.
//
// The axes of one image are numbered as in its NCHW tensor: 1 channels, 2 height, 3 width.
#pragma once

#include <array>
#include <limits>
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
  /// Pools only: round the output size up. As in PyTorch and ONNX, a window that would start in the
  /// padding after the input is left out.
  bool ceil_mode = false;

  int out_height(int height) const {
    return outputs(height, pad_top, pad_bottom, dilation_h * (kernel_h - 1) + 1, stride_h);
  }
  int out_width(int width) const {
    return outputs(width, pad_left, pad_right, dilation_w * (kernel_w - 1) + 1, stride_w);
  }
  bool operator==(const Window&) const = default;

 private:
  int outputs(int size, int before, int after, int extent, int stride) const {
    const int room = size + before + after - extent;
    int count = room / stride + 1;
    if (ceil_mode && room % stride != 0 && count * stride < size + before) ++count;
    return count;
  }
};

/// weight is [out_channels][in_channels / groups][kernel_h][kernel_w]; bias is empty or
/// [out_channels]. Output o reads the input channels of group o / (out_channels / groups).
struct Conv {
  int in_channels = 0;
  int out_channels = 0;
  Window window;
  std::vector<float> weight;
  std::vector<float> bias;
  int groups = 1;  ///< divides both channel counts; in_channels for a depthwise convolution
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

struct Relu {};  ///< max(x, 0)
/// x where it is positive, alpha * x elsewhere.
struct LeakyRelu {
  float alpha = 0.01F;
};
/// min(max(x, low), high); ReLU6 is 0 to 6. Either end may be infinite; low <= high.
struct Clip {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};
struct Sigmoid {};  ///< 1 / (1 + exp(-x))
/// min(max(alpha * x + beta, 0), 1).
struct HardSigmoid {
  float alpha = 0.2F;
  float beta = 0.5F;
};
struct HardSwish {};  ///< x * min(max(x / 6 + 1/2, 0), 1)
/// exp(x) over its sum along the axes first_axis..last_axis (1..3) taken together.
struct Softmax {
  int first_axis = 1;
  int last_axis = 1;
};

struct MaxPool {
  Window window;
};
/// The mean over the pixels under the window; with count_include_pad the padding (but not what
/// ceil_mode reaches beyond it) counts as zeros.
struct AveragePool {
  Window window;
  bool count_include_pad = false;
};
struct GlobalAveragePool {};
struct GlobalMaxPool {};

/// Local response normalisation across channels (Krizhevsky 2012, section 3.3, as in ONNX):
/// y[c] = x[c] / (bias + alpha / size * sum of x[i]^2)^beta,
/// i from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2) within the channels.
struct Lrn {
  int size = 5;
  float alpha = 1e-4F;
  float beta = 0.75F;
  float bias = 1.0F;
};

struct Add {};  ///< of two values of the same shape, or one of them [channels, 1, 1]
/// The product of two values of the same shape, or one of them [channels, 1, 1].
struct Multiply {};

/// y = x * factor + offset with constants of shape `shape`, each axis 1 or as long as the input's.
/// An empty factor stands for 1, an empty offset for 0.
struct ScaleShift {
  Shape shape;
  std::vector<float> factor;
  std::vector<float> offset;
};

/// Joins two or more values along one axis (1..3); the other axes agree.
struct Concat {
  int axis = 1;
};
struct Flatten {};  ///< to [channels * height * width, 1, 1]
/// The same values in another shape of the same size.
struct Reshape {
  Shape shape;
};
/// Output axis i (1..3) is input axis axes[i - 1].
struct Permute {
  std::array<int, 3> axes = {1, 2, 3};
};

/// Grows the axes (channels, height, width) by before[i] and after[i] (at least 0).
struct Pad {
  enum class Mode {
    kConstant,  ///< `value`
    kReflect,   ///< mirrored without repeating the edge; shorter than the axis
    kEdge       ///< the edge repeated
  };
  std::array<int, 3> before = {0, 0, 0};
  std::array<int, 3> after = {0, 0, 0};
  Mode mode = Mode::kConstant;
  float value = 0.0F;
};

/// Every step[i]-th element of axis i (channels, height, width) from start[i], count[i] of them.
/// A step may be negative, not zero.
struct Slice {
  std::array<int, 3> start = {0, 0, 0};
  std::array<int, 3> step = {1, 1, 1};
  std::array<int, 3> count = {0, 0, 0};
};

/// QuantizeLinear followed by DequantizeLinear, per tensor:
/// y = (clamp(round(x / scale) + zero_point, low, high) - zero_point) * scale, ties to even.
/// low..high is 0..255 for uint8, -128..127 for int8.
struct Quantise {
  float scale = 1.0F;
  int zero_point = 0;
  int low = 0;
  int high = 255;
};

using Operator =
    std::variant<Conv, Linear, BatchNorm, Relu, MaxPool, AveragePool, GlobalAveragePool, Add,
                 Flatten, LeakyRelu, Clip, Sigmoid, HardSigmoid, HardSwish, Softmax, GlobalMaxPool,
                 Lrn, Multiply, ScaleShift, Concat, Reshape, Permute, Pad, Slice, Quantise>;

/// One visitor of an Operator from a function per alternative.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace crossloop::network
