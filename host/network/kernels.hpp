// What each operator computes on one image, in float: the executor calls these.
//
// The formulas stand in operators.hpp. Shapes and parameter sizes were checked by infer_shapes().
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::network {

/// One image of an input: shape.size() floats, channels x height x width.
struct Operand {
  const float* data = nullptr;
  Shape shape;
};

/// The operands of a node in one image of the batch.
struct Image {
  std::span<const Operand> inputs;
  float* out = nullptr;
  Shape out_shape;

  const Operand& in() const { return inputs[0]; }
};

/// The values of one channel.
inline std::ptrdiff_t plane_size(const Shape& shape) {
  return std::ptrdiff_t{shape.height} * shape.width;
}

/// `scratch` holds unfolded pixels between calls, so that its memory is reused.
void apply(const Conv& op, const Image& image, std::vector<float>& scratch);
void apply(const Linear& op, const Image& image);

void apply(const MaxPool& op, const Image& image);
void apply(const AveragePool& op, const Image& image);
void apply(const GlobalAveragePool& op, const Image& image);
void apply(const GlobalMaxPool& op, const Image& image);

void apply(const Relu& op, const Image& image);
void apply(const LeakyRelu& op, const Image& image);
void apply(const Clip& op, const Image& image);
void apply(const Sigmoid& op, const Image& image);
void apply(const HardSigmoid& op, const Image& image);
void apply(const HardSwish& op, const Image& image);
void apply(const Quantise& op, const Image& image);
void apply(const BatchNorm& op, const Image& image);
void apply(const ScaleShift& op, const Image& image);
void apply(const Add& op, const Image& image);
void apply(const Multiply& op, const Image& image);

void apply(const Softmax& op, const Image& image);
void apply(const Lrn& op, const Image& image);

void apply(const Flatten& op, const Image& image);
void apply(const Reshape& op, const Image& image);
void apply(const Concat& op, const Image& image);
void apply(const Permute& op, const Image& image);
void apply(const Pad& op, const Image& image);
void apply(const Slice& op, const Image& image);

}  // namespace crossloop::network
