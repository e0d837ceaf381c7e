#include "pruning/torch_operators.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <variant>

namespace crossloop::pruning {

namespace {

constexpr double kBatchNormMomentum = 0.1;  // of the newest batch, as in PyTorch

using Pair = std::array<std::int64_t, 2>;
constexpr Pair kNoPadding = {0, 0};
Pair kernel_of(const network::Window& window) { return {window.kernel_h, window.kernel_w}; }
Pair stride_of(const network::Window& window) { return {window.stride_h, window.stride_w}; }
Pair dilation_of(const network::Window& window) { return {window.dilation_h, window.dilation_w}; }
Pair padding_of(const network::Window& window) { return {window.pad_top, window.pad_left}; }

bool pads_evenly(const network::Window& window) {
  return window.pad_top == window.pad_bottom && window.pad_left == window.pad_right;
}

/// Whether LibTorch's pooling takes the padding itself: symmetric and at most half the kernel.
bool pools_natively(const network::Window& window) {
  return pads_evenly(window) && 2 * window.pad_top <= window.kernel_h &&
         2 * window.pad_left <= window.kernel_w;
}

at::Tensor padded(const at::Tensor& input, const network::Window& window, double value) {
  return at::constant_pad_nd(
      input, {window.pad_left, window.pad_right, window.pad_top, window.pad_bottom}, value);
}

/// The window with the padding after the input that its outputs need, no more and no less: with
/// ceil_mode that differs from what it says.
network::Window with_needed_padding(const at::Tensor& input, const network::Window& window) {
  const auto needed = [](int outputs, int stride, int kernel, int dilation, std::int64_t size,
                         int before) {
    return static_cast<int>((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size - before);
  };
  const auto height = static_cast<int>(input.size(2)), width = static_cast<int>(input.size(3));
  network::Window exact = window;
  exact.pad_bottom = needed(window.out_height(height), window.stride_h, window.kernel_h,
                            window.dilation_h, height, window.pad_top);
  exact.pad_right = needed(window.out_width(width), window.stride_w, window.kernel_w,
                           window.dilation_w, width, window.pad_left);
  return exact;
}

/// [N][features] as [N][features][1][1].
at::Tensor as_image(const at::Tensor& value) {
  return value.dim() == 2 ? value.unsqueeze(-1).unsqueeze(-1) : value;
}

/// Where the elements of a padded axis come from.
at::Tensor padded_indices(std::int64_t size, int before, int after, network::Pad::Mode mode,
                          at::Device device) {
  std::vector<std::int64_t> indices;
  for (std::int64_t i = -before; i < size + after; ++i) {
    const bool reflects = mode == network::Pad::Mode::kReflect;
    const std::int64_t mirrored = i < 0 ? -i : 2 * (size - 1) - i;
    indices.push_back(i >= 0 && i < size ? i
                      : reflects         ? mirrored
                                         : std::clamp<std::int64_t>(i, 0, size - 1));
  }
  return at::tensor(indices, at::kLong).to(device);
}

struct Runner {
  const OperatorCall& call;

  const at::Tensor& input() const { return *call.inputs.front(); }
  at::Tensor image() const { return as_image(input()); }
  at::Tensor weight() const {
    const NodeTensors& tensors = call.tensors;
    return tensors.weight_offset.defined() ? tensors.weight + tensors.weight_offset
                                           : tensors.weight;
  }

  at::Tensor operator()(const network::Conv& conv) const {
    const network::Window& window = conv.window;
    const bool even = pads_evenly(window);
    const at::Tensor from = even ? image() : padded(image(), window, 0.0);
    const at::Tensor& bias = call.tensors.bias;
    return at::conv2d(from.to(call.convolution), weight().to(call.convolution),
                      bias.defined() ? bias.to(call.convolution) : bias, stride_of(window),
                      even ? padding_of(window) : kNoPadding, dilation_of(window), conv.groups);
  }
  at::Tensor operator()(const network::Linear&) const {
    return at::linear(input().flatten(1).to(at::kFloat), weight(), call.tensors.bias);
  }
  at::Tensor operator()(const network::BatchNorm& norm) const {
    const NodeTensors& tensors = call.tensors;
    return at::batch_norm(input(), tensors.gamma, tensors.beta, tensors.mean, tensors.variance,
                          call.mode == BatchNormMode::kBatch, kBatchNormMomentum, norm.epsilon,
                          false);
  }

  at::Tensor operator()(const network::Relu&) const {
    if (!call.in_place) return at::relu(input());
    at::Tensor value = input();
    return at::relu_(value);
  }
  at::Tensor operator()(const network::LeakyRelu& op) const {
    return at::leaky_relu(input(), op.alpha);
  }
  at::Tensor operator()(const network::Clip& op) const {
    return at::clamp(input(), op.low, op.high);
  }
  at::Tensor operator()(const network::Sigmoid&) const { return at::sigmoid(input()); }
  at::Tensor operator()(const network::HardSigmoid& op) const {
    return at::clamp(input() * op.alpha + op.beta, 0.0, 1.0);
  }
  at::Tensor operator()(const network::HardSwish&) const { return at::hardswish(input()); }
  at::Tensor operator()(const network::Softmax& op) const {
    const at::Tensor from = image().to(at::kFloat);
    if (op.first_axis == op.last_axis) return at::softmax(from, op.first_axis);
    std::vector<std::int64_t> axes;
    for (int axis = op.first_axis; axis <= op.last_axis; ++axis) axes.push_back(axis);
    return at::exp(from - at::logsumexp(from, axes, true));
  }

  at::Tensor operator()(const network::MaxPool& pool) const {
    const network::Window& window = pool.window;
    const Pair kernel = kernel_of(window), stride = stride_of(window);
    const Pair dilation = dilation_of(window);
    if (pools_natively(window)) {
      return at::max_pool2d(image(), kernel, stride, padding_of(window), dilation,
                            window.ceil_mode);
    }
    const double lowest = -std::numeric_limits<double>::infinity();
    const network::Window exact = with_needed_padding(image(), window);
    return at::max_pool2d(padded(image(), exact, lowest), kernel, stride, kNoPadding, dilation);
  }
  at::Tensor operator()(const network::AveragePool& pool) const {
    const network::Window& window = pool.window;
    const Pair kernel = kernel_of(window), stride = stride_of(window);
    const at::Tensor from = image();
    if (pools_natively(window)) {
      return at::avg_pool2d(from, kernel, stride, padding_of(window), window.ceil_mode,
                            pool.count_include_pad);
    }
    // The mean over all taps, over the share of the taps that count.
    network::Window exact = with_needed_padding(from, window);
    const auto pooled = [&](const at::Tensor& value) {
      return at::avg_pool2d(padded(value, exact, 0.0), kernel, stride);
    };
    const at::Tensor sum = pooled(from);
    if (!pool.count_include_pad) return sum / pooled(at::ones_like(from));
    const at::Tensor counted = padded(at::ones_like(from), window, 1.0);
    exact.pad_bottom -= window.pad_bottom;
    exact.pad_right -= window.pad_right;
    exact.pad_top = exact.pad_left = 0;
    return sum / pooled(counted);
  }
  at::Tensor operator()(const network::GlobalAveragePool&) const {
    return at::adaptive_avg_pool2d(image(), {1, 1});
  }
  at::Tensor operator()(const network::GlobalMaxPool&) const {
    return at::amax(image(), {2, 3}, true);
  }
  at::Tensor operator()(const network::Lrn& op) const {
    const at::Tensor from = image();
    const int before = (op.size - 1) / 2;
    const at::Tensor squares =
        at::constant_pad_nd(from * from, {0, 0, 0, 0, before, op.size - 1 - before});
    const at::Tensor sums = squares.unfold(1, op.size, 1).sum(-1);
    return from / at::pow(op.bias + sums * (op.alpha / static_cast<float>(op.size)), op.beta);
  }

  at::Tensor operator()(const network::Add&) const {
    if (call.inputs[0]->dim() == call.inputs[1]->dim()) return *call.inputs[0] + *call.inputs[1];
    return as_image(*call.inputs[0]) + as_image(*call.inputs[1]);
  }
  at::Tensor operator()(const network::Multiply&) const {
    return as_image(*call.inputs[0]) * as_image(*call.inputs[1]);
  }
  at::Tensor operator()(const network::ScaleShift&) const {
    at::Tensor value = image();
    if (call.tensors.factor.defined()) value = value * call.tensors.factor;
    if (call.tensors.offset.defined()) value = value + call.tensors.offset;
    return value;
  }
  at::Tensor operator()(const network::Concat& op) const {
    std::vector<at::Tensor> parts;
    for (const at::Tensor* part : call.inputs) parts.push_back(as_image(*part));
    return at::cat(parts, op.axis);
  }
  at::Tensor operator()(const network::Flatten&) const { return input().flatten(1); }
  at::Tensor operator()(const network::Reshape& op) const {
    const network::Shape& shape = op.shape;
    return input().reshape({input().size(0), shape.channels, shape.height, shape.width});
  }
  at::Tensor operator()(const network::Permute& op) const {
    return image().permute({0, op.axes[0], op.axes[1], op.axes[2]});
  }
  at::Tensor operator()(const network::Pad& op) const {
    at::Tensor value = image();
    if (op.mode == network::Pad::Mode::kConstant) {
      return at::constant_pad_nd(
          value, {op.before[2], op.after[2], op.before[1], op.after[1], op.before[0], op.after[0]},
          op.value);
    }
    for (std::size_t i = 0; i < op.before.size(); ++i) {
      if (op.before[i] == 0 && op.after[i] == 0) continue;
      const auto axis = static_cast<std::int64_t>(i) + 1;
      value = value.index_select(axis, padded_indices(value.size(axis), op.before[i], op.after[i],
                                                      op.mode, value.device()));
    }
    return value;
  }
  at::Tensor operator()(const network::Slice& op) const {
    at::Tensor value = image();
    for (std::size_t i = 0; i < op.count.size(); ++i) {
      const auto axis = static_cast<std::int64_t>(i) + 1;
      const std::int64_t start = op.start[i], step = op.step[i], count = op.count[i];
      if (step > 0) {
        value = value.slice(axis, start, start + step * (count - 1) + 1, step);
      } else {
        value = value.index_select(
            axis, at::arange(start, start + step * count, step, at::kLong).to(value.device()));
      }
    }
    return value;
  }
  at::Tensor operator()(const network::Quantise& op) const {
    const at::Tensor code =
        at::clamp(at::round(input() / op.scale) + op.zero_point, op.low, op.high);
    const at::Tensor value = (code - op.zero_point) * op.scale;
    return input() + (value - input()).detach();
  }
};

}  // namespace

at::Tensor run_operator(const network::Operator& op, const OperatorCall& call) {
  return std::visit(Runner{call}, op);
}

}  // namespace crossloop::pruning
