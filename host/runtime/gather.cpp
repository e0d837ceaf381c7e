#include "host/runtime/gather.hpp"

#include "host/compiler/mapping.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using network::Shape;
using network::Window;

namespace {

/// The columns that one vector takes of the image: taps of a window, or a whole strip.
struct Columns {
  int count = 1;
  int step = 1;
};

/// Copies kernel_h rows x columns of all channels to target[(c * kernel_h + y) * columns + x].
/// (top, left) is the place of the first element in the image, padding negative.
void gather_one(const Layer& layer, const Shape& in, const std::uint8_t* image, int top, int left,
                const Columns& columns, std::uint8_t* target) {
  const Window& w = layer.window;
  const int taps = w.kernel_h * columns.count;
  for (int tap = 0; tap < taps; ++tap) {
    const int y = top + tap / columns.count * w.dilation_h;
    const int x = left + tap % columns.count * columns.step;
    std::uint8_t* place = target + tap;
    if (y >= 0 && y < in.height && x >= 0 && x < in.width) {
      const std::uint8_t* pixel = image + (y * in.width + x) * in.channels;
      for (int c = 0; c < in.channels; ++c) place[c * taps] = pixel[c];
    } else {
      for (int c = 0; c < in.channels; ++c) {
        place[c * taps] = static_cast<std::uint8_t>(layer.pad_values[static_cast<std::size_t>(c)]);
      }
    }
  }
}

const Shape& shape_of(const Deployment& deployment, std::int32_t tensor) {
  return deployment.tensors.at(static_cast<std::size_t>(tensor)).shape;
}

/// Vectors of `per_image` places each image; place_of(vector) gives output row and column.
template <typename PlaceOf>
std::vector<std::uint8_t> gather(const Deployment& deployment, const Layer& layer,
                                 const Activations& activations, const Columns& columns,
                                 std::size_t per_image, const PlaceOf& place_of) {
  const Shape& in = shape_of(deployment, layer.inputs[0]);
  const auto& source = activations.tensors.at(static_cast<std::size_t>(layer.inputs[0]));
  const std::size_t length = static_cast<std::size_t>(in.channels * layer.window.kernel_h) *
                             static_cast<std::size_t>(columns.count);
  std::vector<std::uint8_t> vectors(static_cast<std::size_t>(activations.images) * per_image *
                                    length);
  for_each_image(activations.images, [&](int image) {
    const std::size_t index = static_cast<std::size_t>(image);
    const std::uint8_t* pixels = source.data() + index * static_cast<std::size_t>(in.size());
    std::uint8_t* target = vectors.data() + index * per_image * length;
    for (std::size_t vector = 0; vector < per_image; ++vector, target += length) {
      const auto [y, x] = place_of(static_cast<int>(vector));
      gather_one(layer, in, pixels, y * layer.window.stride_h - layer.window.pad_top,
                 x * layer.window.stride_w - layer.window.pad_left, columns, target);
    }
  });
  return vectors;
}

}  // namespace

std::vector<std::uint8_t> gather_windows(const Deployment& deployment, int layer,
                                         const Activations& activations) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const int width = shape_of(deployment, here.output).width;
  return gather(deployment, here, activations, {here.window.kernel_w, here.window.dilation_w},
                static_cast<std::size_t>(positions_of(deployment, layer)),
                [width](int vector) { return std::pair(vector / width, vector % width); });
}

std::vector<std::uint8_t> gather_vectors(const Deployment& deployment, int layer, int part,
                                         const Activations& activations) {
  const Layer& here = deployment.layers.at(static_cast<std::size_t>(layer));
  const Shape& out = shape_of(deployment, here.output);
  const auto count = static_cast<std::size_t>(compiler::vectors_of_part(here, out, part));
  if (here.mapping == compiler::Mapping::kSemiFolded) {
    const int strip = compiler::strip_width(here.window, here.columns_per_vector);
    return gather(deployment, here, activations, {strip, 1}, count,
                  [&](int vector) { return std::pair(vector, part * here.columns_per_vector); });
  }
  return gather(deployment, here, activations, {here.window.kernel_w, here.window.dilation_w},
                count, [&](int vector) {
                  const int position = vector * here.parts + part;
                  return std::pair(position / out.width, position % out.width);
                });
}

}  // namespace crossloop::runtime
