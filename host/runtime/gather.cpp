#include "host/runtime/gather.hpp"

#include <algorithm>
#include <cstring>

#include "host/compiler/mapping.hpp"
#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using network::Shape;
using network::Window;

namespace {

constexpr int kBlock = 8;  // bytes copied at once

}  // namespace

VectorGather::VectorGather(const Deployment& deployment, int layer, int part,
                           const Activations& activations)
    : VectorGather(part_of(deployment, layer_at(deployment, layer), part, activations)) {}

VectorGather VectorGather::part_of(const Deployment& deployment, const Layer& layer, int part,
                                   const Activations& activations) {
  const Shape& out = shape_of(deployment, layer.output);
  const int count = static_cast<int>(compiler::vectors_of_part(layer, out, part));
  if (layer.mapping == compiler::Mapping::kSemiFolded) {
    const int strip = compiler::strip_width(layer.window, layer.columns_per_vector);
    const Places rows{.left = part * layer.columns_per_vector};
    return {deployment, layer, {strip, 1}, rows, count, activations};
  }
  const Places share{.first = part, .step = layer.parts, .width = out.width};
  const Columns taps{layer.window.kernel_w, layer.window.dilation_w};
  return {deployment, layer, taps, share, count, activations};
}

VectorGather VectorGather::windows(const Deployment& deployment, int layer,
                                   const Activations& activations) {
  const Layer& here = layer_at(deployment, layer);
  const Places all{.width = shape_of(deployment, here.output).width};
  const Columns taps{here.window.kernel_w, here.window.dilation_w};
  return {deployment, here, taps, all, positions_of(deployment, layer), activations};
}

VectorGather::VectorGather(const Deployment& deployment, const Layer& layer, const Columns& columns,
                           const Places& places, int per_image, const Activations& activations)
    : layer_(layer),
      columns_(columns),
      places_(places),
      images_(activations.images),
      per_image_(per_image),
      in_(shape_of(deployment, layer.inputs[0])),
      length_(in_.channels * layer.window.kernel_h * columns.count),
      source_(activations.tensors.at(static_cast<std::size_t>(layer.inputs[0]))) {
  fit_planes();
  const auto images = static_cast<std::size_t>(images_);
  planes_ = std::make_unique_for_overwrite<std::uint8_t[]>(
      images * static_cast<std::size_t>(in_.channels) * plane() + kBlock);
  filled_ = std::make_unique<std::once_flag[]>(images);
}

/// Planes that hold all windows.
void VectorGather::fit_planes() {
  const Window& w = layer_.window;
  int bottom = in_.height, right = in_.width;
  for (int vector = 0; vector < per_image_; ++vector) {
    const int y = places_.row(vector) * w.stride_h - w.pad_top;
    const int x = places_.column(vector) * w.stride_w - w.pad_left;
    bottom = std::max(bottom, y + (w.kernel_h - 1) * w.dilation_h + 1);
    right = std::max(right, x + (columns_.count - 1) * columns_.step + 1);
  }
  height_ = w.pad_top + bottom;
  width_ = w.pad_left + right;
}

const std::uint8_t* VectorGather::planes_of(int image) const {
  const auto index = static_cast<std::size_t>(image);
  std::uint8_t* planes = planes_.get() + index * static_cast<std::size_t>(in_.channels) * plane();
  std::call_once(filled_[index], [&] {
    fill(source_.data() + index * static_cast<std::size_t>(in_.size()), planes);
  });
  return planes;
}

void VectorGather::fill(const std::uint8_t* image, std::uint8_t* planes) const {
  const Window& w = layer_.window;
  for (int c = 0; c < in_.channels; ++c, planes += plane()) {
    std::fill_n(planes, plane(),
                static_cast<std::uint8_t>(layer_.pad_values[static_cast<std::size_t>(c)]));
    const std::uint8_t* from = image + c;
    for (int y = 0; y < in_.height; ++y) {
      std::uint8_t* row = planes + (y + w.pad_top) * width_ + w.pad_left;
      for (int x = 0; x < in_.width; ++x, from += in_.channels) row[x] = *from;
    }
  }
}

/// Copies kernel_h rows of the columns of all channels to target[(c * kernel_h + y) * columns + x].
/// `from` is the first element. With `overrun`, up to kBlock - 1 bytes behind are written too.
void VectorGather::copy(const std::uint8_t* from, bool overrun, std::uint8_t* target) const {
  const int rows = layer_.window.kernel_h;
  const std::ptrdiff_t down = std::ptrdiff_t{layer_.window.dilation_h} * width_;
  const bool blocks = overrun && columns_.step == 1 && columns_.count <= kBlock;
  if (blocks && rows == 3 && columns_.count == 3) {  // the most common one
    for (int c = 0; c < in_.channels; ++c, from += plane(), target += 9) {
      std::memcpy(target, from, kBlock);
      std::memcpy(target + 3, from + down, kBlock);
      std::memcpy(target + 6, from + 2 * down, kBlock);
    }
    return;
  }
  for (int c = 0; c < in_.channels; ++c, from += plane()) {
    const std::uint8_t* row = from;
    for (int ky = 0; ky < rows; ++ky, row += down, target += columns_.count) {
      if (blocks) {
        std::memcpy(target, row, kBlock);
      } else {
        for (int kx = 0; kx < columns_.count; ++kx) target[kx] = row[kx * columns_.step];
      }
    }
  }
}

void VectorGather::fetch(int first, int last, std::uint8_t* target) const {
  const Window& w = layer_.window;
  for (int number = first; number < last; ++number, target += length_) {
    const int vector = number % per_image_;
    const int y = places_.row(vector) * w.stride_h;
    const int x = places_.column(vector) * w.stride_w;
    const std::uint8_t* planes = planes_of(number / per_image_);
    copy(planes + y * width_ + x, number + kBlock < last, target);
  }
}

std::vector<std::uint8_t> VectorGather::all() const {
  std::vector<std::uint8_t> vectors(static_cast<std::size_t>(count()) *
                                    static_cast<std::size_t>(length_));
  for_each_image(images_, [&](int image) {
    const int first = image * per_image_;
    fetch(first, first + per_image_,
          vectors.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(length_));
  });
  return vectors;
}

std::vector<std::uint8_t> gather_windows(const Deployment& deployment, int layer,
                                         const Activations& activations) {
  return VectorGather::windows(deployment, layer, activations).all();
}

std::vector<std::uint8_t> gather_vectors(const Deployment& deployment, int layer, int part,
                                         const Activations& activations) {
  return VectorGather(deployment, layer, part, activations).all();
}

}  // namespace crossloop::runtime
