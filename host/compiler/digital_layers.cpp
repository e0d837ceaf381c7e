#include "host/compiler/digital_layers.hpp"

#include <algorithm>
#include <cmath>

#include "host/compiler/fixed_point.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

using network::Node;
using network::Shape;
using network::Window;

std::array<std::int32_t, 3> axes_of(const Shape& shape) {
  return {shape.channels, shape.height, shape.width};
}

/// The node, the layer it becomes, and the tensors around it.
class DigitalLayer {
 public:
  DigitalLayer(const Deployment& deployment, const Node& node, Layer& layer)
      : deployment_(deployment), node_(node), layer_(layer) {}

  void operator()(const network::Add&) const {
    layer_.kind = LayerKind::kAdd;
    const double unit =
        layer_.table.codes.empty() ? tensor(layer_.output).scale : layer_.table.scale;
    const TensorInfo& a = input(0);
    const TensorInfo& b = input(1);
    if (a.shape != b.shape) {
      throw InputError(where() + ": adds " + network::to_string(a.shape) + " and " +
                       network::to_string(b.shape) + ", expected the same shape");
    }
    const double larger = std::max(a.scale, b.scale) / unit;
    const FixedRatio ratio = fixed_ratio(larger, where());
    const auto multiplier = [&](const TensorInfo& in) {
      return in.scale / unit == larger
                 ? ratio.multiplier
                 : static_cast<std::int32_t>(std::lround(std::ldexp(in.scale / unit, ratio.shift)));
    };
    layer_.add = {.zero_a = a.zero,
                  .zero_b = b.zero,
                  .multiplier_a = multiplier(a),
                  .multiplier_b = multiplier(b),
                  .shift = ratio.shift};
  }

  void operator()(const network::MaxPool& pool) const {
    layer_.kind = LayerKind::kMaxPool;
    layer_.window = pool.window;
  }

  void operator()(const network::GlobalMaxPool&) const {
    layer_.kind = LayerKind::kMaxPool;
    layer_.window = whole_input();
  }

  void operator()(const network::AveragePool& pool) const {
    const Window& w = pool.window;
    const bool padded = (w.pad_top | w.pad_left | w.pad_bottom | w.pad_right) != 0;
    if (padded && !pool.count_include_pad) {
      throw InputError(where() +
                       ": AveragePool with padding that does not count, "
                       "expected no padding or count_include_pad = 1");
    }
    Window floor = w;
    floor.ceil_mode = false;
    const Shape& in = input(0).shape;
    if (floor.out_height(in.height) != w.out_height(in.height) ||
        floor.out_width(in.width) != w.out_width(in.width)) {
      throw InputError(where() +
                       ": AveragePool whose last windows reach beyond its input, expected whole "
                       "windows or ceil_mode = 0");
    }
    set_average(w);
  }

  void operator()(const network::GlobalAveragePool&) const { set_average(whole_input()); }

  void operator()(const network::Concat& concat) const {
    const auto axis = static_cast<std::size_t>(concat.axis - 1);
    std::int32_t offset = 0;
    for (std::size_t i = 0; i < layer_.inputs.size(); ++i) {
      CopyPart part{.count = axes_of(input(i).shape)};
      part.offset[axis] = offset;
      offset += part.count[axis];
      add_part(part, i);
    }
    const auto made = axes_of(tensor(layer_.output).shape);
    if (offset != made[axis]) {
      throw InputError(where() + ": joins " + std::to_string(offset) + " elements of axis " +
                       std::to_string(concat.axis) + ", expected " + std::to_string(made[axis]) +
                       "; an input flattened from an image is in another order");
    }
  }

  void operator()(const network::Pad& pad) const {
    if (pad.mode != network::Pad::Mode::kConstant || pad.value != 0.0F) {
      throw InputError(where() + ": Pad with " +
                       (pad.mode == network::Pad::Mode::kConstant
                            ? "the value " + std::to_string(pad.value)
                            : "values of its input") +
                       ", expected zeros");
    }
    CopyPart part{.count = axes_of(input(0).shape)};
    std::copy(pad.before.begin(), pad.before.end(), part.offset.begin());
    add_part(part, 0);
  }

  void operator()(const network::Slice& slice) const {
    CopyPart part;
    std::copy(slice.start.begin(), slice.start.end(), part.start.begin());
    std::copy(slice.step.begin(), slice.step.end(), part.step.begin());
    std::copy(slice.count.begin(), slice.count.end(), part.count.begin());
    add_part(part, 0);
  }

  template <typename Other>
  void operator()(const Other&) const {
    throw InputError(where() + ": " + network::operator_name(node_) + " is no digital layer");
  }

 private:
  std::string where() const { return "node '" + node_.name + "'"; }
  const TensorInfo& tensor(std::int32_t id) const {
    return deployment_.tensors.at(static_cast<std::size_t>(id));
  }
  const TensorInfo& input(std::size_t index) const { return tensor(layer_.inputs.at(index)); }

  Window whole_input() const {
    Window window;
    window.kernel_h = input(0).shape.height;
    window.kernel_w = input(0).shape.width;
    return window;
  }

  void set_average(const Window& window) const {
    layer_.kind = LayerKind::kAveragePool;
    layer_.window = window;
    const double taps = window.kernel_h * window.kernel_w;
    const FixedRatio ratio =
        fixed_ratio(input(0).scale / (taps * tensor(layer_.output).scale), where());
    layer_.scales = {{.bias = 0, .multiplier = ratio.multiplier, .shift = ratio.shift}};
  }

  /// Both ends of the copy must lie in the tensors, which a Flatten on the way would not keep.
  void add_part(const CopyPart& part, std::size_t index) const {
    layer_.kind = LayerKind::kCopy;
    const auto from = axes_of(input(index).shape);
    const auto to = axes_of(tensor(layer_.output).shape);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int32_t last = part.start[axis] + part.step[axis] * (part.count[axis] - 1);
      const bool fits = std::min(part.start[axis], last) >= 0 &&
                        std::max(part.start[axis], last) < from[axis] &&
                        part.offset[axis] + part.count[axis] <= to[axis];
      if (fits) continue;
      throw InputError(where() + ": takes " + network::to_string(input(index).shape) + " into " +
                       network::to_string(tensor(layer_.output).shape) +
                       ", expected an input that is not flattened from an image of several pixels");
    }
    layer_.copies.push_back(part);
  }

  const Deployment& deployment_;
  const Node& node_;
  Layer& layer_;
};

}  // namespace

void set_digital_layer(const Deployment& deployment, const Node& node, Layer& layer) {
  std::visit(DigitalLayer(deployment, node, layer), node.op);
}

}  // namespace crossloop::compiler
