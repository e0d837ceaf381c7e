// Local response normalisation as PyTorch's exporter spells it out:
//
//   x / (k + alpha * AveragePool(Pad(x * x)))^beta
//
// with the channels as the depth of [N, 1, C, H, W] under the pool. Pad and pool become operators
// of their own on the way; once the division shows what they are for, Lrn takes their place.
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "host/network/onnx_import.hpp"

namespace crossloop::network {

namespace {

bool is_volume(const Dimensions& dims) { return dims.size() == 5 && dims[1] == 1; }

/// The operator that makes a value, if it is an `Op`.
template <class Op>
const Op* as(const Node* node) {
  return node ? std::get_if<Op>(&node->op) : nullptr;
}

bool is_uniform(const std::vector<float>& values) {
  return !values.empty() &&
         std::all_of(values.begin(), values.end(), [&](float value) { return value == values[0]; });
}

}  // namespace

/// Zeros around the depth of [N, 1, C, H, W]; false where `node` is none of that.
bool OnnxImporter::pad_volume(const OnnxNode& node) {
  const Value in = value(node, 0);
  const Dimensions pads = node.integers("pads", 1).value_or(Dimensions{});
  if (!is_volume(in.dims) || pads.size() != 10) return false;
  Dimensions others = pads;
  others[2] = others[7] = 0;
  const bool only_depth = others == Dimensions(10, 0);
  const bool fits = std::min(pads[2], pads[7]) >= 0 && std::max(pads[2], pads[7]) <= 1 << 20;
  const bool zeros = node.text("mode", "constant") == "constant" &&
                     node.scalar(2, node.real("value", 0.0F)) == 0.0F;
  if (!only_depth || !fits || !zeros) return false;
  if (pads[2] + pads[7] == 0) {
    alias(node, in);
    return true;
  }
  const Dimensions image = {in.dims[0], in.dims[2], in.dims[3], in.dims[4]};
  const std::string from = in_shape(node, in, image_shape(node, image));
  const Pad op{.before = {static_cast<int>(pads[2]), 0, 0},
               .after = {static_cast<int>(pads[7]), 0, 0}};
  append_named(node, display_name(node.proto()), op, {from}, node.output(), 4);
  const Shape& made = made_.at(node.output()).shape;
  values_[node.output()] = {node.output(), {batch_, 1, made.channels, made.height, made.width}};
  return true;
}

/// A pool of [n, 1, 1] with stride 1 on [N, 1, C, H, W]; false where `node` is none of that.
bool OnnxImporter::average_volume(const OnnxNode& node) {
  const Value in = value(node, 0);
  const Dimensions kernel = node.integers("kernel_shape");
  if (!is_volume(in.dims) || kernel.size() != 3 || kernel[1] != 1 || kernel[2] != 1) return false;
  const bool plain = node.sizes("strides", 3, 1, 1) == std::vector<int>(3, 1) &&
                     node.sizes("pads", 6, 0, 0) == std::vector<int>(6, 0) &&
                     node.text("auto_pad", "NOTSET") == "NOTSET";
  if (!plain || kernel[0] < 1 || kernel[0] > in.dims[2]) return false;
  const Dimensions plane = {in.dims[0], 1, in.dims[2], in.dims[3] * in.dims[4]};
  const std::string from = in_shape(node, in, image_shape(node, plane));
  const AveragePool op{.window = {.kernel_h = static_cast<int>(kernel[0])}};
  append_named(node, display_name(node.proto()), op, {from}, node.output(), 4);
  values_[node.output()] = {node.output(),
                            {batch_, 1, in.dims[2] - kernel[0] + 1, in.dims[3], in.dims[4]}};
  return true;
}

void OnnxImporter::power(const OnnxNode& node) {
  const Value in = activation(node, 0);
  powers_[node.output()] = {in, node.scalar(1, 1.0F)};
}

const Node* OnnxImporter::maker(const std::string& value) const {
  const auto& node = made_.at(value).node;
  return node ? &network_.nodes[*node] : nullptr;
}

/// The Lrn that divides `x` by `power`; nothing where it is no such thing.
std::optional<Lrn> OnnxImporter::lrn_of(const std::string& x, const Power& power) const {
  const Node* affine = maker(power.in.name);
  const auto* scale = as<ScaleShift>(affine);
  const Node* back = scale ? maker(affine->inputs[0]) : nullptr;
  if (as<Reshape>(back)) back = maker(back->inputs[0]);
  const auto* pool = as<AveragePool>(back);
  const Node* flat = pool ? maker(back->inputs[0]) : nullptr;
  if (as<Reshape>(flat)) flat = maker(flat->inputs[0]);
  const auto* pad = as<Pad>(flat);
  const Node* square = pad ? maker(flat->inputs[0]) : nullptr;
  if (!as<Multiply>(square) || square->inputs != std::vector<std::string>{x, x}) {
    return std::nullopt;
  }
  const int size = pool->window.kernel_h;
  const bool centred = pad->before[0] == (size - 1) / 2;  // then so is the padding behind
  if (!centred || !is_uniform(scale->factor) || !is_uniform(scale->offset)) return std::nullopt;
  return Lrn{
      .size = size, .alpha = scale->factor[0], .beta = power.exponent, .bias = scale->offset[0]};
}

void OnnxImporter::divide_by_power(const OnnxNode& node) {
  const Value x = image(node, 0);
  const Power& divisor = powers_.at(node.input(1));
  const std::optional<Lrn> op = lrn_of(x.name, divisor);
  if (!op || divisor.in.dims != x.dims) {
    node.refuse(
        "by a power, supported is only the local response normalisation over an odd "
        "number of channels, as PyTorch exports it");
  }
  append(node, *op);
}

}  // namespace crossloop::network
