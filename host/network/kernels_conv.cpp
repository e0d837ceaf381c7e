// Convolutions and linear layers: products of matrices on Eigen, but for the depthwise ones.
#include <Eigen/Core>
#include <algorithm>

#include "host/network/kernels.hpp"

namespace crossloop::network {

namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Columns = Eigen::Map<RowMajor, 0, Eigen::OuterStride<>>;

/// Unfolded pixels are made and multiplied this many floats at a time, which a cache holds.
constexpr std::ptrdiff_t kScratchFloats = std::ptrdiff_t{1} << 17;

/// The outputs first..last-1 of a row whose tap falls inside an input row of `size` pixels; the tap
/// of output x reads pixel x * stride + offset.
struct InsideRange {
  int first, last;
};
InsideRange inside_range(int offset, int stride, int size, int outputs) {
  const int last = offset < size ? std::min((size - 1 - offset) / stride + 1, outputs) : 0;
  const int first = offset < 0 ? (stride - 1 - offset) / stride : 0;
  return {std::min(first, last), last};
}

/// Rows first..first + count - 1 of an output.
struct Rows {
  int first, count;
};

/// Unfolds what the output `rows` read into `columns`: [in.shape.channels * kernel_h * kernel_w]
/// [rows.count * out_width].
void unfold(const Operand& in, const Window& w, Rows rows, int out_width, float* columns) {
  for (int c = 0; c < in.shape.channels; ++c) {
    const float* plane = in.data + c * plane_size(in.shape);
    for (int tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
      const int down = tap / w.kernel_w * w.dilation_h - w.pad_top;
      const int right = tap % w.kernel_w * w.dilation_w - w.pad_left;
      const auto [first, last] = inside_range(right, w.stride_w, in.shape.width, out_width);
      for (int y = rows.first; y < rows.first + rows.count; ++y, columns += out_width) {
        const int row = y * w.stride_h + down;
        if (row < 0 || row >= in.shape.height) {
          std::fill_n(columns, out_width, 0.0F);
          continue;
        }
        const float* pixels = plane + std::ptrdiff_t{row} * in.shape.width;
        std::fill_n(columns, first, 0.0F);
        for (int x = first; x < last; ++x) columns[x] = pixels[x * w.stride_w + right];
        std::fill(columns + last, columns + out_width, 0.0F);
      }
    }
  }
}

/// One group as a product of matrices: out = weight * unfolded input.
void convolve_group(const Window& w, const Operand& in, Eigen::Map<const RowMajor> weight,
                    float* out, const Shape& out_shape, std::vector<float>& scratch) {
  const std::ptrdiff_t positions = plane_size(out_shape);
  if (w == Window{}) {  // a plain 1x1 convolution multiplies the image as it is
    Eigen::Map<RowMajor>(out, weight.rows(), positions).noalias() =
        weight * Eigen::Map<const RowMajor>(in.data, weight.cols(), positions);
    return;
  }
  const std::ptrdiff_t row_floats = weight.cols() * out_shape.width;
  const int rows_at_once = static_cast<int>(
      std::clamp<std::ptrdiff_t>(kScratchFloats / row_floats, 1, out_shape.height));
  scratch.resize(static_cast<std::size_t>(row_floats * rows_at_once));
  for (int y = 0; y < out_shape.height; y += rows_at_once) {
    const Rows rows{y, std::min(rows_at_once, out_shape.height - y)};
    unfold(in, w, rows, out_shape.width, scratch.data());
    const std::ptrdiff_t count = std::ptrdiff_t{rows.count} * out_shape.width;
    Columns(out + std::ptrdiff_t{y} * out_shape.width, weight.rows(), count,
            Eigen::OuterStride<>(positions))
        .noalias() = weight * Eigen::Map<const RowMajor>(scratch.data(), weight.cols(), count);
  }
}

/// One output channel that reads one input channel: tap by tap over whole rows.
void convolve_plane(const Window& w, const Operand& in, const float* taps, float* out,
                    const Shape& out_shape) {
  for (int y = 0; y < out_shape.height; ++y, out += out_shape.width) {
    std::fill_n(out, out_shape.width, 0.0F);
    for (int tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
      const int row = y * w.stride_h + tap / w.kernel_w * w.dilation_h - w.pad_top;
      if (row < 0 || row >= in.shape.height) continue;
      const int right = tap % w.kernel_w * w.dilation_w - w.pad_left;
      const auto [first, last] = inside_range(right, w.stride_w, in.shape.width, out_shape.width);
      const float* pixels = in.data + std::ptrdiff_t{row} * in.shape.width;
      const float weight = taps[tap];
      if (w.stride_w == 1) {
        for (int x = first; x < last; ++x) out[x] += weight * pixels[x + right];
      } else {
        for (int x = first; x < last; ++x) out[x] += weight * pixels[x * w.stride_w + right];
      }
    }
  }
}

}  // namespace

void apply(const Conv& op, const Image& image, std::vector<float>& scratch) {
  const Operand& in = image.in();
  const int group_inputs = op.in_channels / op.groups;
  const int group_outputs = op.out_channels / op.groups;
  const std::ptrdiff_t k = std::ptrdiff_t{group_inputs} * op.window.kernel_h * op.window.kernel_w;
  const std::ptrdiff_t positions = plane_size(image.out_shape);
  for (int group = 0; group < op.groups; ++group) {
    const std::ptrdiff_t output = std::ptrdiff_t{group} * group_outputs;
    const float* weight = op.weight.data() + output * k;
    const Operand group_in{in.data + group * group_inputs * plane_size(in.shape),
                           {group_inputs, in.shape.height, in.shape.width}};
    float* out = image.out + output * positions;
    if (group_inputs == 1 && op.groups > 1) {
      for (int o = 0; o < group_outputs; ++o) {
        convolve_plane(op.window, group_in, weight + o * k, out + o * positions, image.out_shape);
      }
    } else {
      convolve_group(op.window, group_in, {weight, group_outputs, k}, out, image.out_shape,
                     scratch);
    }
  }
  if (!op.bias.empty()) {
    Eigen::Map<RowMajor>(image.out, op.out_channels, positions).colwise() +=
        Eigen::Map<const Eigen::VectorXf>(op.bias.data(), op.out_channels);
  }
}

void apply(const Linear& op, const Image& image) {
  Eigen::Map<Eigen::VectorXf> out(image.out, op.out_features);
  out.noalias() = Eigen::Map<const RowMajor>(op.weight.data(), op.out_features, op.in_features) *
                  Eigen::Map<const Eigen::VectorXf>(image.in().data, op.in_features);
  if (!op.bias.empty()) out += Eigen::Map<const Eigen::VectorXf>(op.bias.data(), op.out_features);
}

}  // namespace crossloop::network
