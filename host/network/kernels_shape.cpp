// Operators that only move values.
#include <algorithm>
#include <array>

#include "host/network/kernels.hpp"
#include "host/network/shape_rules.hpp"

namespace crossloop::network {

namespace {

/// Where the values of an output come from, axis by axis: output [c, y, x] is input value
/// axes[0][c] + axes[1][y] + axes[2][x], or the outside value where one of them is kOutside.
using Sources = std::array<std::vector<std::ptrdiff_t>, 3>;
constexpr std::ptrdiff_t kOutside = -1;

/// How far apart neighbours along each axis are.
std::array<std::ptrdiff_t, 3> strides_of(const Shape& shape) {
  return {plane_size(shape), shape.width, 1};
}

void gather(const Image& image, const Sources& from, float outside) {
  const float* in = image.in().data;
  float* out = image.out;
  for (const std::ptrdiff_t plane : from[0]) {
    for (const std::ptrdiff_t row : from[1]) {
      const bool row_outside = plane == kOutside || row == kOutside;
      for (const std::ptrdiff_t column : from[2]) {
        *out++ = row_outside || column == kOutside ? outside : in[plane + row + column];
      }
    }
  }
}

/// The input position that Pad puts at output position `at` of an axis, or kOutside.
std::ptrdiff_t padded_from(Pad::Mode mode, int at, int before, int size) {
  const int position = at - before;
  if (position >= 0 && position < size) return position;
  switch (mode) {
    case Pad::Mode::kReflect:
      return position < 0 ? -position : 2 * (size - 1) - position;
    case Pad::Mode::kEdge:
      return std::clamp(position, 0, size - 1);
    case Pad::Mode::kConstant:
      break;
  }
  return kOutside;
}

void copy(const Image& image) { std::copy_n(image.in().data, image.out_shape.size(), image.out); }

}  // namespace

void apply(const Flatten&, const Image& image) { copy(image); }

void apply(const Reshape&, const Image& image) { copy(image); }

void apply(const Concat& op, const Image& image) {
  // Along axis a every operand is a row of blocks, one per index of the axes before a.
  const auto block = [&](const Shape& shape) {
    const auto sizes = sizes_of(shape);
    std::ptrdiff_t size = 1;
    for (int axis = op.axis; axis <= 3; ++axis) size *= sizes[static_cast<std::size_t>(axis - 1)];
    return size;
  };
  const std::ptrdiff_t blocks = image.out_shape.size() / block(image.out_shape);
  float* out = image.out;
  for (std::ptrdiff_t i = 0; i < blocks; ++i) {
    for (const Operand& in : image.inputs) {
      out = std::copy_n(in.data + i * block(in.shape), block(in.shape), out);
    }
  }
}

void apply(const Permute& op, const Image& image) {
  const auto sizes = sizes_of(image.out_shape);
  const auto strides = strides_of(image.in().shape);
  Sources from;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const std::ptrdiff_t stride = strides[static_cast<std::size_t>(op.axes[axis] - 1)];
    for (int i = 0; i < sizes[axis]; ++i) from[axis].push_back(i * stride);
  }
  gather(image, from, 0.0F);
}

void apply(const Pad& op, const Image& image) {
  const auto in_sizes = sizes_of(image.in().shape);
  const auto out_sizes = sizes_of(image.out_shape);
  const auto strides = strides_of(image.in().shape);
  Sources from;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    for (int i = 0; i < out_sizes[axis]; ++i) {
      const std::ptrdiff_t at = padded_from(op.mode, i, op.before[axis], in_sizes[axis]);
      from[axis].push_back(at == kOutside ? kOutside : at * strides[axis]);
    }
  }
  gather(image, from, op.value);
}

void apply(const Slice& op, const Image& image) {
  const auto strides = strides_of(image.in().shape);
  Sources from;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    for (int i = 0; i < op.count[axis]; ++i) {
      from[axis].push_back((op.start[axis] + std::ptrdiff_t{i} * op.step[axis]) * strides[axis]);
    }
  }
  gather(image, from, 0.0F);
}

}  // namespace crossloop::network
