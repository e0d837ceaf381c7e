#include "host/network/shape_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/error.hpp"

namespace crossloop::network {

namespace {

constexpr int kLargest = std::numeric_limits<int>::max() / 2;

Shape shape_from(const Sizes& sizes) { return {sizes[0], sizes[1], sizes[2]}; }

void check_bias(const Node& node, std::size_t found, int outputs) {
  if (found != 0) check_length(node, "bias", found, outputs);
}

void check_axis(const Node& node, int axis) {
  if (axis < 1 || axis > 3) {
    refuse(node, "axis " + std::to_string(axis) + ", expected 1 (channels), 2 or 3");
  }
}

void check_window(const Node& node, const Window& w) {
  if (std::min({w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w}) < 1) {
    refuse(node, "kernel, stride and dilation must be at least 1");
  }
  if (std::min({w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}) < 0) {
    refuse(node, "padding must not be negative");
  }
}

Shape slide(const Node& node, const Window& w, const Shape& in, int channels) {
  check_window(node, w);
  // int64: hostile files may hold anything.
  const auto room = [](int size, int before, int after, int dilation, int kernel) {
    return std::int64_t{size} + before + after - std::int64_t{dilation} * (kernel - 1) - 1;
  };
  const std::int64_t high = room(in.height, w.pad_top, w.pad_bottom, w.dilation_h, w.kernel_h);
  const std::int64_t wide = room(in.width, w.pad_left, w.pad_right, w.dilation_w, w.kernel_w);
  if (high < 0 || wide < 0) {
    refuse(node, "window of " + std::to_string(w.kernel_h) + "x" + std::to_string(w.kernel_w) +
                     " is larger than its padded input " + to_string(in));
  }
  if (std::max(high, wide) > kLargest) refuse(node, "padding is out of range");
  return {channels, w.out_height(in.height), w.out_width(in.width)};
}

void check_pool(const Node& node, const Window& w) {
  check_window(node, w);
  // A window that sees nothing but padding has no maximum and no mean.
  if (std::max(w.pad_top, w.pad_bottom) > std::int64_t{w.dilation_h} * (w.kernel_h - 1) ||
      std::max(w.pad_left, w.pad_right) > std::int64_t{w.dilation_w} * (w.kernel_w - 1)) {
    refuse(node, "padding must be smaller than the kernel");
  }
}

Shape shape_of(const Node& node, const Conv& op, const Shape& in) {
  if (op.out_channels < 1 || op.in_channels != in.channels) {
    refuse(node, std::to_string(op.in_channels) + " input and " + std::to_string(op.out_channels) +
                     " output channels, its input is " + to_string(in));
  }
  if (op.groups < 1 || op.in_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
    refuse(node, std::to_string(op.groups) + " groups, which do not divide " +
                     std::to_string(op.in_channels) + " input and " +
                     std::to_string(op.out_channels) + " output channels");
  }
  check_window(node, op.window);
  if (op.window.ceil_mode) refuse(node, "ceil_mode is for pools");
  check_length(node, "weight", op.weight.size(),
               std::int64_t{op.out_channels} * (op.in_channels / op.groups) * op.window.kernel_h *
                   op.window.kernel_w);
  check_bias(node, op.bias.size(), op.out_channels);
  return slide(node, op.window, in, op.out_channels);
}

Shape shape_of(const Node& node, const Linear& op, const Shape& in) {
  if (in != Shape{.channels = op.in_features} || op.out_features < 1) {
    refuse(node, std::to_string(op.in_features) + " input and " + std::to_string(op.out_features) +
                     " output features, its input is " + to_string(in));
  }
  check_length(node, "weight", op.weight.size(), std::int64_t{op.out_features} * op.in_features);
  check_bias(node, op.bias.size(), op.out_features);
  return {.channels = op.out_features};
}

Shape shape_of(const Node& node, const BatchNorm& op, const Shape& in) {
  check_length(node, "gamma", op.gamma.size(), in.channels);
  check_length(node, "beta", op.beta.size(), in.channels);
  check_length(node, "mean", op.mean.size(), in.channels);
  check_length(node, "variance", op.variance.size(), in.channels);
  const bool positive = std::all_of(op.variance.begin(), op.variance.end(),
                                    [&](float v) { return v + op.epsilon > 0.0F; });
  if (!positive) refuse(node, "variance + epsilon must be positive in every channel");
  return in;
}

Shape shape_of(const Node& node, const MaxPool& op, const Shape& in) {
  check_pool(node, op.window);
  return slide(node, op.window, in, in.channels);
}

Shape shape_of(const Node& node, const AveragePool& op, const Shape& in) {
  check_pool(node, op.window);
  if (op.window.dilation_h != 1 || op.window.dilation_w != 1) refuse(node, "dilation must be 1");
  return slide(node, op.window, in, in.channels);
}

Shape shape_of(const Node& node, const Clip& op, const Shape& in) {
  if (!(op.low <= op.high)) {
    refuse(node, "from " + std::to_string(op.low) + " to " + std::to_string(op.high) +
                     ", expected an interval");
  }
  return in;
}

Shape shape_of(const Node& node, const Softmax& op, const Shape& in) {
  check_axis(node, op.first_axis);
  check_axis(node, op.last_axis);
  if (op.first_axis > op.last_axis) refuse(node, "its axes are in the wrong order");
  return in;
}

Shape shape_of(const Node& node, const Lrn& op, const Shape& in) {
  if (op.size < 1) refuse(node, "size " + std::to_string(op.size) + ", expected at least 1");
  return in;
}

Shape shape_of(const Node& node, const ScaleShift& op, const Shape& in) {
  const Sizes sizes = sizes_of(in), constant = sizes_of(op.shape);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (constant[i] != 1 && constant[i] != sizes[i]) {
      refuse(node,
             "a constant of " + to_string(op.shape) + " does not fit its input " + to_string(in));
    }
  }
  if (!op.factor.empty()) check_length(node, "factor", op.factor.size(), op.shape.size());
  if (!op.offset.empty()) check_length(node, "offset", op.offset.size(), op.shape.size());
  return in;
}

Shape shape_of(const Node& node, const Reshape& op, const Shape& in) {
  const Sizes to = sizes_of(op.shape);
  std::int64_t size = 1;
  for (const int each : to) size = each < 1 || size > kLargest ? 0 : size * each;
  if (size != in.size()) refuse(node, to_string(in) + " has no shape " + to_string(op.shape));
  return op.shape;
}

Shape shape_of(const Node& node, const Permute& op, const Shape& in) {
  Sizes sorted = op.axes;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != Sizes{1, 2, 3}) refuse(node, "its axes are no permutation of 1, 2, 3");
  const Sizes sizes = sizes_of(in);
  Sizes out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = sizes[static_cast<std::size_t>(op.axes[i] - 1)];
  }
  return shape_from(out);
}

Shape shape_of(const Node& node, const Pad& op, const Shape& in) {
  Sizes sizes = sizes_of(in);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int before = op.before[i], after = op.after[i];
    if (std::min(before, after) < 0 || std::max(before, after) > kLargest / 4) {
      refuse(node, "padding " + std::to_string(before) + ", " + std::to_string(after) +
                       " is out of range");
    }
    if (op.mode == Pad::Mode::kReflect && std::max(before, after) >= sizes[i]) {
      refuse(node,
             "reflected padding must be smaller than the axis of " + std::to_string(sizes[i]));
    }
    sizes[i] += before + after;
  }
  return shape_from(sizes);
}

Shape shape_of(const Node& node, const Slice& op, const Shape& in) {
  const Sizes sizes = sizes_of(in);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::int64_t first = op.start[i];
    const std::int64_t last = first + std::int64_t{op.step[i]} * (op.count[i] - 1);
    if (op.count[i] < 1 || op.step[i] == 0 || std::min(first, last) < 0 ||
        std::max(first, last) >= sizes[i]) {
      refuse(node, std::to_string(op.count[i]) + " elements from " + std::to_string(first) +
                       " in steps of " + std::to_string(op.step[i]) + " along an axis of " +
                       std::to_string(sizes[i]));
    }
  }
  return shape_from(op.count);
}

Shape shape_of(const Node& node, const Quantise& op, const Shape& in) {
  if (!(op.scale > 0.0F) || !std::isfinite(op.scale) || op.low >= op.high ||
      op.zero_point < op.low || op.zero_point > op.high) {
    refuse(node, "scale " + std::to_string(op.scale) + ", zero point " +
                     std::to_string(op.zero_point) + " and range " + std::to_string(op.low) + ".." +
                     std::to_string(op.high) + " do not fit");
  }
  return in;
}

/// Same shapes, or one of them has a single value per channel.
Shape broadcast(const Node& node, const Shape& a, const Shape& b) {
  if (a == b || b == Shape{.channels = a.channels}) return a;
  if (a == Shape{.channels = b.channels}) return b;
  refuse(node, "its inputs differ: " + to_string(a) + " and " + to_string(b));
}

Shape concatenated(const Node& node, const Concat& op, std::span<const Shape> inputs) {
  check_axis(node, op.axis);
  const auto axis = static_cast<std::size_t>(op.axis - 1);
  Sizes sizes = sizes_of(inputs[0]);
  std::int64_t length = 0;
  for (const Shape& each : inputs) {
    Sizes other = sizes_of(each);
    length += other[axis];
    other[axis] = sizes[axis];
    if (other != sizes) {
      refuse(node, "its inputs differ beside axis " + std::to_string(op.axis) + ": " +
                       to_string(inputs[0]) + " and " + to_string(each));
    }
  }
  if (length > kLargest) refuse(node, "its output is out of range");
  sizes[axis] = static_cast<int>(length);
  return shape_from(sizes);
}

void check_input_count(const Node& node, std::size_t found) {
  const bool is_concat = std::holds_alternative<Concat>(node.op);
  const bool is_pair =
      std::holds_alternative<Add>(node.op) || std::holds_alternative<Multiply>(node.op);
  const std::size_t expected = is_concat || is_pair ? 2 : 1;
  if (is_concat ? found >= 1 : found == expected) return;
  refuse(node, std::to_string(found) + " inputs, expected " + std::to_string(expected) +
                   (is_concat ? " or more" : ""));
}

}  // namespace

void refuse(const Node& node, const std::string& why) {
  throw InputError("node " + node.name + " (" + operator_name(node) + "): " + why);
}

void check_length(const Node& node, const char* what, std::size_t found, std::int64_t expected) {
  if (static_cast<std::int64_t>(found) != expected) {
    refuse(node, std::string(what) + " has " + std::to_string(found) + " values, expected " +
                     std::to_string(expected));
  }
}

const char* operator_name(const Node& node) {
  return std::visit(Overloaded{[](const Conv&) { return "Conv"; },
                               [](const Linear&) { return "Linear"; },
                               [](const BatchNorm&) { return "BatchNormalization"; },
                               [](const Relu&) { return "Relu"; },
                               [](const LeakyRelu&) { return "LeakyRelu"; },
                               [](const Clip&) { return "Clip"; },
                               [](const Sigmoid&) { return "Sigmoid"; },
                               [](const HardSigmoid&) { return "HardSigmoid"; },
                               [](const HardSwish&) { return "HardSwish"; },
                               [](const Softmax&) { return "Softmax"; },
                               [](const MaxPool&) { return "MaxPool"; },
                               [](const AveragePool&) { return "AveragePool"; },
                               [](const GlobalAveragePool&) { return "GlobalAveragePool"; },
                               [](const GlobalMaxPool&) { return "GlobalMaxPool"; },
                               [](const Lrn&) { return "LRN"; },
                               [](const Add&) { return "Add"; },
                               [](const Multiply&) { return "Mul"; },
                               [](const ScaleShift&) { return "ScaleShift"; },
                               [](const Concat&) { return "Concat"; },
                               [](const Flatten&) { return "Flatten"; },
                               [](const Reshape&) { return "Reshape"; },
                               [](const Permute&) { return "Transpose"; },
                               [](const Pad&) { return "Pad"; },
                               [](const Slice&) { return "Slice"; },
                               [](const Quantise&) { return "QuantizeLinear"; }},
                    node.op);
}

Shape output_shape(const Node& node, std::span<const Shape> inputs) {
  check_input_count(node, inputs.size());
  const Shape& in = inputs[0];
  const auto unchanged = [&](const auto&) { return in; };
  const auto per_channel = [&](const auto&) { return Shape{.channels = in.channels}; };
  const Shape out =
      std::visit(Overloaded{[&](const Relu& op) { return unchanged(op); },
                            [&](const LeakyRelu& op) { return unchanged(op); },
                            [&](const Sigmoid& op) { return unchanged(op); },
                            [&](const HardSigmoid& op) { return unchanged(op); },
                            [&](const HardSwish& op) { return unchanged(op); },
                            [&](const GlobalAveragePool& op) { return per_channel(op); },
                            [&](const GlobalMaxPool& op) { return per_channel(op); },
                            [&](const Flatten&) { return Shape{.channels = in.size()}; },
                            [&](const Add&) { return broadcast(node, in, inputs[1]); },
                            [&](const Multiply&) { return broadcast(node, in, inputs[1]); },
                            [&](const Concat& op) { return concatenated(node, op, inputs); },
                            [&](const auto& op) { return shape_of(node, op, in); }},
                 node.op);
  if (std::int64_t{out.height} * out.width > kLargest / out.channels) {
    refuse(node, "its output " + to_string(out) + " is out of range");
  }
  return out;
}

}  // namespace crossloop::network
