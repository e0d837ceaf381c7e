// Every operator of a Network on one image, written as its definition reads: nested loops in
// double, nothing shared with the executor. For tests only, and slow.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <variant>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::tests {

/// One image of a value.
struct Tensor {
  network::Shape shape;
  std::vector<double> values;

  double at(int c, int y, int x) const {
    return values.at(static_cast<std::size_t>((c * shape.height + y) * shape.width + x));
  }
  bool has(int y, int x) const { return y >= 0 && y < shape.height && x >= 0 && x < shape.width; }
};
using Tensors = std::vector<Tensor>;

/// The tensor whose element (c, y, x) is value_of(c, y, x).
template <class ValueOf>
Tensor build(const network::Shape& shape, const ValueOf& value_of) {
  Tensor result{shape, {}};
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x) result.values.push_back(value_of(c, y, x));
    }
  }
  return result;
}

/// build() where an element depends on its input element alone.
template <class Function>
Tensor each(const Tensor& in, const Function& function) {
  return build(in.shape, [&](int c, int y, int x) { return function(in.at(c, y, x)); });
}

/// Where the windows along one axis start; the padding before the axis is negative. A window may
/// overhang the padding after it in ceil_mode, but never start there.
inline std::vector<int> window_starts(int size, int before, int after, int extent, int stride,
                                      bool ceil_mode) {
  std::vector<int> starts;
  for (int start = -before; start + extent <= size + after; start += stride) {
    starts.push_back(start);
  }
  const int next = starts.back() + stride;
  const bool something_is_left = starts.back() + extent < size + after;
  if (ceil_mode && something_is_left && next < size) starts.push_back(next);
  return starts;
}

/// The window starts of both axes, and the output shape they make.
struct Windows {
  std::vector<int> rows, columns;

  Windows(const network::Shape& in, const network::Window& w)
      : rows(window_starts(in.height, w.pad_top, w.pad_bottom, (w.kernel_h - 1) * w.dilation_h + 1,
                           w.stride_h, w.ceil_mode)),
        columns(window_starts(in.width, w.pad_left, w.pad_right,
                              (w.kernel_w - 1) * w.dilation_w + 1, w.stride_w, w.ceil_mode)) {}

  network::Shape shape(int channels) const {
    return {channels, static_cast<int>(rows.size()), static_cast<int>(columns.size())};
  }
  int row(int y) const { return rows[static_cast<std::size_t>(y)]; }
  int column(int x) const { return columns[static_cast<std::size_t>(x)]; }
};

inline double number(const std::vector<float>& values, int i) {
  return values.at(static_cast<std::size_t>(i));
}

inline Tensor reference(const network::Conv& op, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  const network::Window& w = op.window;
  const Windows windows(in.shape, w);
  const int per_group = op.in_channels / op.groups;
  return build(windows.shape(op.out_channels), [&](int o, int y, int x) {
    const int group = o / (op.out_channels / op.groups);
    double sum = op.bias.empty() ? 0.0 : number(op.bias, o);
    for (int c = 0; c < per_group; ++c) {
      for (int i = 0; i < w.kernel_h; ++i) {
        for (int j = 0; j < w.kernel_w; ++j) {
          const int row = windows.row(y) + i * w.dilation_h;
          const int column = windows.column(x) + j * w.dilation_w;
          if (!in.has(row, column)) continue;
          sum += number(op.weight, ((o * per_group + c) * w.kernel_h + i) * w.kernel_w + j) *
                 in.at(group * per_group + c, row, column);
        }
      }
    }
    return sum;
  });
}

inline Tensor reference(const network::Linear& op, const Tensors& inputs) {
  return build({op.out_features, 1, 1}, [&](int o, int, int) {
    double sum = op.bias.empty() ? 0.0 : number(op.bias, o);
    for (int i = 0; i < op.in_features; ++i) {
      sum += number(op.weight, o * op.in_features + i) * inputs[0].at(i, 0, 0);
    }
    return sum;
  });
}

inline Tensor reference(const network::BatchNorm& op, const Tensors& inputs) {
  return build(inputs[0].shape, [&](int c, int y, int x) {
    return number(op.gamma, c) * (inputs[0].at(c, y, x) - number(op.mean, c)) /
               std::sqrt(number(op.variance, c) + double{op.epsilon}) +
           number(op.beta, c);
  });
}

inline Tensor reference(const network::MaxPool& op, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  const network::Window& w = op.window;
  const Windows windows(in.shape, w);
  return build(windows.shape(in.shape.channels), [&](int c, int y, int x) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < w.kernel_h; ++i) {
      for (int j = 0; j < w.kernel_w; ++j) {
        const int row = windows.row(y) + i * w.dilation_h;
        const int column = windows.column(x) + j * w.dilation_w;
        if (in.has(row, column)) largest = std::max(largest, in.at(c, row, column));
      }
    }
    return largest;
  });
}

inline Tensor reference(const network::AveragePool& op, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  const network::Window& w = op.window;
  const Windows windows(in.shape, w);
  return build(windows.shape(in.shape.channels), [&](int c, int y, int x) {
    double sum = 0.0;
    int pixels = 0, padding = 0;
    for (int row = windows.row(y); row < windows.row(y) + w.kernel_h; ++row) {
      for (int column = windows.column(x); column < windows.column(x) + w.kernel_w; ++column) {
        if (in.has(row, column)) {
          sum += in.at(c, row, column);
          ++pixels;
        } else if (row < in.shape.height + w.pad_bottom && column < in.shape.width + w.pad_right) {
          ++padding;
        }
      }
    }
    return sum / (op.count_include_pad ? pixels + padding : pixels);
  });
}

inline Tensor reference(const network::GlobalAveragePool&, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  return build({in.shape.channels, 1, 1}, [&](int c, int, int) {
    double sum = 0.0;
    for (int y = 0; y < in.shape.height; ++y) {
      for (int x = 0; x < in.shape.width; ++x) sum += in.at(c, y, x);
    }
    return sum / (in.shape.height * in.shape.width);
  });
}

inline Tensor reference(const network::GlobalMaxPool&, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  return build({in.shape.channels, 1, 1}, [&](int c, int, int) {
    double largest = in.at(c, 0, 0);
    for (int y = 0; y < in.shape.height; ++y) {
      for (int x = 0; x < in.shape.width; ++x) largest = std::max(largest, in.at(c, y, x));
    }
    return largest;
  });
}

inline Tensor reference(const network::Relu&, const Tensors& inputs) {
  return each(inputs[0], [](double x) { return std::max(x, 0.0); });
}

inline Tensor reference(const network::LeakyRelu& op, const Tensors& inputs) {
  return each(inputs[0], [&](double x) { return x > 0.0 ? x : double{op.alpha} * x; });
}

inline Tensor reference(const network::Clip& op, const Tensors& inputs) {
  return each(inputs[0],
              [&](double x) { return std::min(std::max(x, double{op.low}), double{op.high}); });
}

inline Tensor reference(const network::Sigmoid&, const Tensors& inputs) {
  return each(inputs[0], [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
}

inline Tensor reference(const network::HardSigmoid& op, const Tensors& inputs) {
  return each(inputs[0], [&](double x) {
    return std::max(0.0, std::min(1.0, double{op.alpha} * x + double{op.beta}));
  });
}

inline Tensor reference(const network::HardSwish&, const Tensors& inputs) {
  return each(inputs[0], [](double x) { return x * std::max(0.0, std::min(1.0, x / 6 + 0.5)); });
}

inline Tensor reference(const network::Quantise& op, const Tensors& inputs) {
  return each(inputs[0], [&](double x) {
    const double exact = x / double{op.scale};
    double code = std::floor(exact);
    const double rest = exact - code;
    if (rest > 0.5 || (rest == 0.5 && std::fmod(code, 2.0) != 0.0)) code += 1.0;
    code = std::min<double>(std::max<double>(code + op.zero_point, op.low), op.high);
    return (code - op.zero_point) * double{op.scale};
  });
}

inline Tensor reference(const network::Softmax& op, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  return build(in.shape, [&](int c, int y, int x) {
    const std::array<int, 3> at = {c, y, x};
    const auto together = [&](int axis, int position) {
      const bool summed = axis >= op.first_axis && axis <= op.last_axis;
      return summed || position == at[static_cast<std::size_t>(axis - 1)];
    };
    double sum = 0.0;
    for (int i = 0; i < in.shape.channels; ++i) {
      for (int j = 0; j < in.shape.height; ++j) {
        for (int k = 0; k < in.shape.width; ++k) {
          if (together(1, i) && together(2, j) && together(3, k)) sum += std::exp(in.at(i, j, k));
        }
      }
    }
    return std::exp(in.at(c, y, x)) / sum;
  });
}

inline Tensor reference(const network::Lrn& op, const Tensors& inputs) {
  const Tensor& in = inputs[0];
  const double reach = (op.size - 1) / 2.0;
  return build(in.shape, [&](int c, int y, int x) {
    double sum = 0.0;
    for (int i = 0; i < in.shape.channels; ++i) {
      if (i >= c - std::floor(reach) && i <= c + std::ceil(reach)) {
        sum += std::pow(in.at(i, y, x), 2.0);
      }
    }
    return in.at(c, y, x) / std::pow(double{op.bias} + double{op.alpha} / op.size * sum, op.beta);
  });
}

/// Element (c, y, x) of a tensor whose axes of length 1 stand for every position.
inline double broadcast(const Tensor& t, int c, int y, int x) {
  return t.at(t.shape.channels == 1 ? 0 : c, t.shape.height == 1 ? 0 : y,
              t.shape.width == 1 ? 0 : x);
}

inline const network::Shape& larger(const Tensors& inputs) {
  return inputs[0].shape.size() >= inputs[1].shape.size() ? inputs[0].shape : inputs[1].shape;
}

inline Tensor reference(const network::Add&, const Tensors& inputs) {
  return build(larger(inputs), [&](int c, int y, int x) {
    return broadcast(inputs[0], c, y, x) + broadcast(inputs[1], c, y, x);
  });
}

inline Tensor reference(const network::Multiply&, const Tensors& inputs) {
  return build(larger(inputs), [&](int c, int y, int x) {
    return broadcast(inputs[0], c, y, x) * broadcast(inputs[1], c, y, x);
  });
}

inline Tensor reference(const network::ScaleShift& op, const Tensors& inputs) {
  const auto constant = [&](const std::vector<float>& values, double otherwise) {
    if (values.empty()) return build({1, 1, 1}, [&](int, int, int) { return otherwise; });
    return Tensor{op.shape, {values.begin(), values.end()}};
  };
  const Tensor factor = constant(op.factor, 1.0), offset = constant(op.offset, 0.0);
  return build(inputs[0].shape, [&](int c, int y, int x) {
    return inputs[0].at(c, y, x) * broadcast(factor, c, y, x) + broadcast(offset, c, y, x);
  });
}

inline Tensor reference(const network::Flatten&, const Tensors& inputs) {
  return {{inputs[0].shape.size(), 1, 1}, inputs[0].values};
}

inline Tensor reference(const network::Reshape& op, const Tensors& inputs) {
  return {op.shape, inputs[0].values};
}

inline Tensor reference(const network::Concat& op, const Tensors& inputs) {
  const auto length = [&](const Tensor& t) {
    return std::array{t.shape.channels, t.shape.height, t.shape.width}.at(
        static_cast<std::size_t>(op.axis - 1));
  };
  int total = 0;
  for (const Tensor& t : inputs) total += length(t);
  network::Shape shape = inputs[0].shape;
  (op.axis == 1 ? shape.channels : op.axis == 2 ? shape.height : shape.width) = total;
  return build(shape, [&](int c, int y, int x) {
    int& along = op.axis == 1 ? c : op.axis == 2 ? y : x;
    auto operand = inputs.begin();
    for (; along >= length(*operand); ++operand) along -= length(*operand);
    return operand->at(c, y, x);
  });
}

inline Tensor reference(const network::Permute& op, const Tensors& inputs) {
  const network::Shape& in = inputs[0].shape;
  const std::array<int, 3> sizes = {in.channels, in.height, in.width};
  const auto size = [&](std::size_t i) {
    return sizes.at(static_cast<std::size_t>(op.axes[i] - 1));
  };
  return build({size(0), size(1), size(2)}, [&](int c, int y, int x) {
    const std::array<int, 3> to = {c, y, x};
    std::array<int, 3> from{};
    for (std::size_t i = 0; i < 3; ++i) from.at(static_cast<std::size_t>(op.axes[i] - 1)) = to[i];
    return inputs[0].at(from[0], from[1], from[2]);
  });
}

inline Tensor reference(const network::Pad& op, const Tensors& inputs) {
  const network::Shape& in = inputs[0].shape;
  // The input positions of one output axis in order; -1 for the constant.
  const auto axis = [&](std::size_t i, int size) {
    std::vector<int> from;
    const auto outside = [&](int reflected, int edge) {
      from.push_back(op.mode == network::Pad::Mode::kReflect ? reflected
                     : op.mode == network::Pad::Mode::kEdge  ? edge
                                                             : -1);
    };
    for (int k = op.before[i]; k >= 1; --k) outside(k, 0);
    for (int k = 0; k < size; ++k) from.push_back(k);
    for (int k = 1; k <= op.after[i]; ++k) outside(size - 1 - k, size - 1);
    return from;
  };
  const auto channels = axis(0, in.channels), rows = axis(1, in.height),
             columns = axis(2, in.width);
  Tensor result{{static_cast<int>(channels.size()), static_cast<int>(rows.size()),
                 static_cast<int>(columns.size())},
                {}};
  for (const int c : channels) {
    for (const int y : rows) {
      for (const int x : columns) {
        result.values.push_back(std::min({c, y, x}) < 0 ? double{op.value} : inputs[0].at(c, y, x));
      }
    }
  }
  return result;
}

inline Tensor reference(const network::Slice& op, const Tensors& inputs) {
  return build({op.count[0], op.count[1], op.count[2]}, [&](int c, int y, int x) {
    return inputs[0].at(op.start[0] + op.step[0] * c, op.start[1] + op.step[1] * y,
                        op.start[2] + op.step[2] * x);
  });
}

/// The output of an operator on the image of each of its inputs.
inline Tensor reference(const network::Operator& op, const Tensors& inputs) {
  return std::visit([&](const auto& each_op) { return reference(each_op, inputs); }, op);
}

}  // namespace crossloop::tests
