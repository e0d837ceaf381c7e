// Pools.
#include <Eigen/Core>
#include <algorithm>
#include <limits>

#include "host/network/kernels.hpp"

namespace crossloop::network {

namespace {

/// The pixels first, first + step, ... below last that a window covers along one axis.
struct Taps {
  int first, last;
  int padded;  ///< how many taps there are, those in the padding included
};

/// The taps of output `at` on an axis of `size` pixels.
Taps taps_of(int at, int stride, int kernel, int dilation, int before, int after, int size) {
  const int start = at * stride - before;
  const int end = start + dilation * (kernel - 1) + 1;
  const int inside = start < 0 ? (-start + dilation - 1) / dilation * dilation + start : start;
  const int last = std::min(end, size + after);  // ceil_mode may reach beyond the padding
  return {inside, std::min(end, size), (last - start + dilation - 1) / dilation};
}

/// Calls pool(plane, rows, columns) for each output pixel, in order.
template <class Pool>
void for_each_output(const Image& image, const Window& w, const Pool& pool) {
  const Shape& in = image.in().shape;
  float* out = image.out;
  for (int c = 0; c < image.out_shape.channels; ++c) {
    const float* plane = image.in().data + c * plane_size(in);
    for (int y = 0; y < image.out_shape.height; ++y) {
      const Taps rows =
          taps_of(y, w.stride_h, w.kernel_h, w.dilation_h, w.pad_top, w.pad_bottom, in.height);
      for (int x = 0; x < image.out_shape.width; ++x) {
        const Taps columns =
            taps_of(x, w.stride_w, w.kernel_w, w.dilation_w, w.pad_left, w.pad_right, in.width);
        *out++ = pool(plane, rows, columns);
      }
    }
  }
}

/// Writes reduce(channel) for each channel, an Eigen vector of its values.
template <class Reduce>
void reduce_channels(const Image& image, const Reduce& reduce) {
  const Shape& in = image.in().shape;
  for (int c = 0; c < in.channels; ++c) {
    image.out[c] = reduce(
        Eigen::Map<const Eigen::VectorXf>(image.in().data + c * plane_size(in), plane_size(in)));
  }
}

}  // namespace

void apply(const MaxPool& op, const Image& image) {
  const Window& w = op.window;
  const std::ptrdiff_t width = image.in().shape.width;
  for_each_output(image, w, [&](const float* plane, const Taps& rows, const Taps& columns) {
    float largest = -std::numeric_limits<float>::infinity();
    for (int y = rows.first; y < rows.last; y += w.dilation_h) {
      for (int x = columns.first; x < columns.last; x += w.dilation_w) {
        largest = std::max(largest, plane[y * width + x]);
      }
    }
    return largest;
  });
}

void apply(const AveragePool& op, const Image& image) {
  const std::ptrdiff_t width = image.in().shape.width;
  for_each_output(image, op.window, [&](const float* plane, const Taps& rows, const Taps& columns) {
    float sum = 0.0F;
    for (int y = rows.first; y < rows.last; ++y) {
      for (int x = columns.first; x < columns.last; ++x) sum += plane[y * width + x];
    }
    const int count = op.count_include_pad
                          ? rows.padded * columns.padded
                          : (rows.last - rows.first) * (columns.last - columns.first);
    return sum / static_cast<float>(count);
  });
}

void apply(const GlobalAveragePool&, const Image& image) {
  reduce_channels(image, [](const auto& channel) {
    return channel.sum() / static_cast<float>(channel.size());
  });
}

void apply(const GlobalMaxPool&, const Image& image) {
  reduce_channels(image, [](const auto& channel) { return channel.maxCoeff(); });
}

}  // namespace crossloop::network
