#include "host/runtime/digital_layers.hpp"

#include <algorithm>
#include <array>

#include "host/engine/requantiser.hpp"
#include "host/runtime/gather.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {
namespace {

using compiler::CopyPart;
using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using compiler::TensorInfo;
using network::Shape;
using network::Window;

std::size_t index_of(const Shape& shape, int channel, int y, int x) {
  return static_cast<std::size_t>((y * shape.width + x) * shape.channels + channel);
}

/// Calls `use(value)` for every input inside the window of one output of a pool.
template <typename Use>
void for_window(const Window& w, const Shape& in, const std::uint8_t* image, int out_y, int out_x,
                int channel, const Use& use) {
  for (int ky = 0; ky < w.kernel_h; ++ky) {
    const int y = out_y * w.stride_h - w.pad_top + ky * w.dilation_h;
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int x = out_x * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (y < 0 || y >= in.height || x < 0 || x >= in.width) continue;
      use(static_cast<std::int32_t>(image[index_of(in, channel, y, x)]));
    }
  }
}

/// Runs one layer image by image; elements of its output are bytes, or int32 for logits.
template <typename Element>
class DigitalLayer {
 public:
  DigitalLayer(const Deployment& deployment, const Layer& layer, const Activations& activations,
               std::vector<Element>& output)
      : deployment_(deployment), layer_(layer), activations_(activations), output_(output) {}

  void run(int image) {
    switch (layer_.kind) {
      case LayerKind::kAdd:
        return add(image);
      case LayerKind::kCopy:
        return copy(image);
      default:
        return pool(image);
    }
  }

 private:
  const TensorInfo& tensor(std::int32_t id) const {
    return deployment_.tensors.at(static_cast<std::size_t>(id));
  }
  const Shape& in_shape(std::size_t input) const { return tensor(layer_.inputs.at(input)).shape; }
  const Shape& out_shape() const { return tensor(layer_.output).shape; }

  const std::uint8_t* source(std::size_t input, int image) const {
    const auto& bytes = activations_.tensors.at(static_cast<std::size_t>(layer_.inputs.at(input)));
    return bytes.data() +
           static_cast<std::size_t>(image) * static_cast<std::size_t>(in_shape(input).size());
  }
  Element* target(int image) {
    return output_.data() +
           static_cast<std::size_t>(image) * static_cast<std::size_t>(out_shape().size());
  }

  void add(int image) {
    const std::uint8_t* a = source(0, image);
    const std::uint8_t* b = source(1, image);
    Element* sum = target(image);
    std::array<std::int32_t, 256> values;
    const auto size = static_cast<std::size_t>(out_shape().size());
    for (std::size_t first = 0; first < size; first += values.size()) {
      const std::size_t count = std::min(values.size(), size - first);
      engine::requantise_sums(a + first, b + first, count, layer_.add, layer_.range, values.data());
      for (std::size_t i = 0; i < count; ++i) {
        sum[first + i] = static_cast<Element>(layer_.table(values[i]));
      }
    }
  }

  void copy(int image) {
    const Shape& out = out_shape();
    Element* to = target(image);
    std::fill_n(to, out.size(), static_cast<Element>(layer_.range.zero));
    for (std::size_t input = 0; input < layer_.copies.size(); ++input) {
      const CopyPart& part = layer_.copies[input];
      const Shape& in = in_shape(input);
      const std::uint8_t* from = source(input, image);
      for (int y = 0; y < part.count[1]; ++y) {
        for (int x = 0; x < part.count[2]; ++x) {
          const std::uint8_t* pixel =
              from + index_of(in, part.start[0], part.start[1] + y * part.step[1],
                              part.start[2] + x * part.step[2]);
          Element* place =
              to + index_of(out, part.offset[0], part.offset[1] + y, part.offset[2] + x);
          for (int c = 0; c < part.count[0]; ++c) place[c] = pixel[c * part.step[0]];
        }
      }
    }
  }

  std::int32_t pooled(const std::uint8_t* image, int y, int x, int channel) const {
    const Shape& in = in_shape(0);
    if (layer_.kind == LayerKind::kMaxPool) {
      std::int32_t largest = 0;
      for_window(layer_.window, in, image, y, x, channel,
                 [&](std::int32_t value) { largest = std::max(largest, value); });
      return largest;
    }
    const std::int32_t zero = tensor(layer_.inputs[0]).zero;
    std::int32_t sum = 0;
    for_window(layer_.window, in, image, y, x, channel,
               [&](std::int32_t value) { sum += value - zero; });
    return engine::requantise(sum, layer_.scales.at(0), layer_.range);
  }

  void pool(int image) {
    const Shape& out = out_shape();
    const std::uint8_t* from = source(0, image);
    Element* to = target(image);
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) {
        for (int c = 0; c < out.channels; ++c) {
          to[index_of(out, c, y, x)] = static_cast<Element>(pooled(from, y, x, c));
        }
      }
    }
  }

  const Deployment& deployment_;
  const Layer& layer_;
  const Activations& activations_;
  std::vector<Element>& output_;
};

template <typename Element>
void run(const Deployment& deployment, const Layer& layer, const Activations& activations,
         std::vector<Element>& output) {
  const Shape& out = deployment.tensors.at(static_cast<std::size_t>(layer.output)).shape;
  output.resize(static_cast<std::size_t>(activations.images) *
                static_cast<std::size_t>(out.size()));
  DigitalLayer<Element> digital(deployment, layer, activations, output);
  for_each_image(activations.images, [&](int image) { digital.run(image); });
}

}  // namespace

void run_digital_layer(const Deployment& deployment, int layer, Activations& activations) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  if (is_last(deployment, layer)) {
    run(deployment, here, activations, activations.logits);
  } else {
    run(deployment, here, activations,
        activations.tensors.at(static_cast<std::size_t>(here.output)));
  }
}

}  // namespace crossloop::runtime
