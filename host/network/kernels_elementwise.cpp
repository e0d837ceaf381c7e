// Operators that treat every value by itself, or with its partner in another operand.
#include <algorithm>
#include <cmath>
#include <functional>

#include "host/network/kernels.hpp"

namespace crossloop::network {

namespace {

template <class Function>
void map(const Image& image, const Function& function) {
  std::transform(image.in().data, image.in().data + image.out_shape.size(), image.out, function);
}

/// The two operands have the same shape, or one of them a single value per channel.
template <class Function>
void map_pair(const Image& image, const Function& function) {
  const Operand& a = image.inputs[0];
  const Operand& b = image.inputs[1];
  if (a.shape == b.shape) {
    std::transform(a.data, a.data + a.shape.size(), b.data, image.out, function);
    return;
  }
  const bool b_is_small = b.shape.size() < a.shape.size();
  const Operand& large = b_is_small ? a : b;
  const Operand& small = b_is_small ? b : a;
  const std::ptrdiff_t positions = plane_size(large.shape);
  for (int c = 0; c < large.shape.channels; ++c) {
    const float* in = large.data + c * positions;
    std::transform(in, in + positions, image.out + c * positions,
                   [&, value = small.data[c]](float x) { return function(x, value); });
  }
}

}  // namespace

void apply(const Relu&, const Image& image) {
  map(image, [](float x) { return x < 0.0F ? 0.0F : x; });
}

void apply(const LeakyRelu& op, const Image& image) {
  map(image, [alpha = op.alpha](float x) { return x < 0.0F ? alpha * x : x; });
}

void apply(const Clip& op, const Image& image) {
  map(image, [low = op.low, high = op.high](float x) { return std::clamp(x, low, high); });
}

void apply(const Sigmoid&, const Image& image) {
  map(image, [](float x) { return 1.0F / (1.0F + std::exp(-x)); });
}

void apply(const HardSigmoid& op, const Image& image) {
  map(image, [alpha = op.alpha, beta = op.beta](float x) {
    return std::clamp(alpha * x + beta, 0.0F, 1.0F);
  });
}

void apply(const HardSwish&, const Image& image) {
  map(image, [](float x) { return x * std::clamp(x / 6.0F + 0.5F, 0.0F, 1.0F); });
}

void apply(const Quantise& op, const Image& image) {
  const auto zero_point = static_cast<float>(op.zero_point);
  const auto low = static_cast<float>(op.low);
  const auto high = static_cast<float>(op.high);
  map(image, [=, scale = op.scale](float x) {  // nearbyint() rounds half to even
    return (std::clamp(std::nearbyint(x / scale) + zero_point, low, high) - zero_point) * scale;
  });
}

void apply(const BatchNorm& op, const Image& image) {
  const std::ptrdiff_t positions = plane_size(image.out_shape);
  for (std::size_t c = 0; c < op.gamma.size(); ++c) {
    const float mean = op.mean[c];
    const float factor = op.gamma[c] / std::sqrt(op.variance[c] + op.epsilon);
    const float beta = op.beta[c];
    const float* in = image.in().data + static_cast<std::ptrdiff_t>(c) * positions;
    std::transform(in, in + positions, image.out + static_cast<std::ptrdiff_t>(c) * positions,
                   [=](float x) { return (x - mean) * factor + beta; });
  }
}

void apply(const ScaleShift& op, const Image& image) {
  const Shape& shape = image.out_shape;
  const int channel_step = op.shape.channels == 1 ? 0 : op.shape.height * op.shape.width;
  const int row_step = op.shape.height == 1 ? 0 : op.shape.width;
  const int step = op.shape.width == 1 ? 0 : 1;
  const float* in = image.in().data;
  float* out = image.out;
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y, in += shape.width, out += shape.width) {
      const std::ptrdiff_t start = std::ptrdiff_t{c} * channel_step + std::ptrdiff_t{y} * row_step;
      const float* factor = op.factor.empty() ? nullptr : op.factor.data() + start;
      const float* offset = op.offset.empty() ? nullptr : op.offset.data() + start;
      for (int x = 0; x < shape.width; ++x) {
        const float scaled = factor ? in[x] * factor[x * step] : in[x];
        out[x] = offset ? scaled + offset[x * step] : scaled;
      }
    }
  }
}

void apply(const Add&, const Image& image) { map_pair(image, std::plus<float>()); }

void apply(const Multiply&, const Image& image) { map_pair(image, std::multiplies<float>()); }

}  // namespace crossloop::network
