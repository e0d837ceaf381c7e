#include "host/runtime/gather.hpp"

#include <cstring>

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

const Shape& shape_of(const Deployment& deployment, std::int32_t tensor) {
  return deployment.tensors.at(static_cast<std::size_t>(tensor)).shape;
}

/// One image, channel by channel, with its padding around it: the elements of one window row then
/// lie side by side.
class PaddedPlanes {
 public:
  /// All windows lie within the rows [-pad_top, bottom) and the columns [-pad_left, right).
  PaddedPlanes(const Layer& layer, const Shape& in, int bottom, int right)
      : window_(layer.window),
        in_(in),
        height_(layer.window.pad_top + std::max(bottom, in.height)),
        width_(layer.window.pad_left + std::max(right, in.width)),
        pixels_(static_cast<std::size_t>(in.channels * height_ * width_) + kBlock) {
    for (int c = 0; c < in.channels; ++c) {
      std::fill_n(plane(c), height_ * width_,
                  static_cast<std::uint8_t>(layer.pad_values[static_cast<std::size_t>(c)]));
    }
  }

  void fill(const std::uint8_t* image) {
    for (int c = 0; c < in_.channels; ++c) {
      const std::uint8_t* from = image + c;
      for (int y = 0; y < in_.height; ++y) {
        std::uint8_t* row = plane(c) + (y + window_.pad_top) * width_ + window_.pad_left;
        for (int x = 0; x < in_.width; ++x, from += in_.channels) row[x] = *from;
      }
    }
  }

  /// Copies kernel_h rows x columns of all channels to target[(c * kernel_h + y) * columns + x].
  /// (y, x) is the place of the first element, padding included. With `overrun`, up to kBlock - 1
  /// bytes behind the target are written too.
  void copy(int y, int x, const Columns& columns, bool overrun, std::uint8_t* target) {
    for (int c = 0; c < in_.channels; ++c) {
      const std::uint8_t* row = plane(c) + y * width_ + x;
      for (int ky = 0; ky < window_.kernel_h; ++ky, row += window_.dilation_h * width_) {
        if (columns.step == 1 && columns.count <= kBlock && overrun) {
          std::memcpy(target, row, kBlock);
        } else {
          for (int kx = 0; kx < columns.count; ++kx) target[kx] = row[kx * columns.step];
        }
        target += columns.count;
      }
    }
  }

 private:
  static constexpr int kBlock = 8;  // copied at once
  std::uint8_t* plane(int c) { return pixels_.data() + c * height_ * width_; }
  const Window& window_;
  const Shape& in_;
  int height_;
  int width_;
  std::vector<std::uint8_t> pixels_;
};

/// Vectors of `per_image` places each image; place_of(vector) gives output row and column.
template <typename PlaceOf>
std::vector<std::uint8_t> gather(const Deployment& deployment, const Layer& layer,
                                 const Activations& activations, const Columns& columns,
                                 std::size_t per_image, const PlaceOf& place_of) {
  const Window& w = layer.window;
  const Shape& in = shape_of(deployment, layer.inputs[0]);
  const auto& source = activations.tensors.at(static_cast<std::size_t>(layer.inputs[0]));
  const std::size_t length =
      static_cast<std::size_t>(in.channels * w.kernel_h) * static_cast<std::size_t>(columns.count);
  int bottom = 0, right = 0;
  for (std::size_t vector = 0; vector < per_image; ++vector) {
    const auto [y, x] = place_of(static_cast<int>(vector));
    bottom = std::max(bottom, y * w.stride_h - w.pad_top + (w.kernel_h - 1) * w.dilation_h + 1);
    right = std::max(right, x * w.stride_w - w.pad_left + (columns.count - 1) * columns.step + 1);
  }
  std::vector<std::uint8_t> vectors(static_cast<std::size_t>(activations.images) * per_image *
                                    length);
  for_each_image(activations.images, [&](int image) {
    const std::size_t index = static_cast<std::size_t>(image);
    PaddedPlanes planes(layer, in, bottom, right);
    planes.fill(source.data() + index * static_cast<std::size_t>(in.size()));
    std::uint8_t* target = vectors.data() + index * per_image * length;
    for (std::size_t vector = 0; vector < per_image; ++vector, target += length) {
      const auto [y, x] = place_of(static_cast<int>(vector));
      const bool overrun = vector + 8 < per_image;  // stays within this image's vectors
      planes.copy(y * w.stride_h, x * w.stride_w, columns, overrun, target);
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
