// Operators that relate a value to its neighbours along an axis: softmax and local responses.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "host/network/kernels.hpp"
#include "host/network/shape_rules.hpp"

namespace crossloop::network {

namespace {

using Strided = Eigen::Map<Eigen::ArrayXf, 0, Eigen::InnerStride<>>;
using ConstStrided = Eigen::Map<const Eigen::ArrayXf, 0, Eigen::InnerStride<>>;

}  // namespace

void apply(const Softmax& op, const Image& image) {
  const Shape& shape = image.out_shape;
  const Sizes sizes = sizes_of(shape);
  std::ptrdiff_t count = 1, inner = 1;  // values in a softmax, and the distance between them
  for (int axis = 1; axis <= 3; ++axis) {
    const int size = sizes[static_cast<std::size_t>(axis - 1)];
    if (axis > op.last_axis)
      inner *= size;
    else if (axis >= op.first_axis)
      count *= size;
  }
  for (std::ptrdiff_t start = 0; start < shape.size(); start += count * inner) {
    for (std::ptrdiff_t i = start; i < start + inner; ++i) {
      const ConstStrided in(image.in().data + i, count, Eigen::InnerStride<>(inner));
      Strided out(image.out + i, count, Eigen::InnerStride<>(inner));
      out = (in - in.maxCoeff()).exp();  // exponents of at most 0 cannot overflow
      out /= out.sum();
    }
  }
}

void apply(const Lrn& op, const Image& image) {
  const Shape& shape = image.out_shape;
  const std::ptrdiff_t positions = plane_size(shape);
  const auto plane = [&](std::int64_t channel) {
    return Eigen::Map<const Eigen::ArrayXf>(image.in().data + channel * positions, positions);
  };
  const float alpha = op.alpha / static_cast<float>(op.size);
  Eigen::ArrayXf squares(positions);
  for (int c = 0; c < shape.channels; ++c) {
    const std::int64_t first = std::max<std::int64_t>(c - (std::int64_t{op.size} - 1) / 2, 0);
    const std::int64_t last =
        std::min<std::int64_t>(c + std::int64_t{op.size} / 2, shape.channels - 1);
    squares.setZero();
    for (std::int64_t i = first; i <= last; ++i) squares += plane(i).square();
    Eigen::Map<Eigen::ArrayXf>(image.out + c * positions, positions) =
        plane(c) / (op.bias + alpha * squares).pow(op.beta);
  }
}

}  // namespace crossloop::network
