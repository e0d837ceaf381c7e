#include "pruning/input_gram.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <string>
#include <variant>

#include "host/data/random_draws.hpp"
#include "host/network/executor.hpp"

namespace crossloop::pruning {

namespace {

constexpr std::uint32_t kWindowPurpose = 0x6772616D;  // "gram" in ASCII: a stream of its own
constexpr int kImagesAtOnce = 32;
constexpr int kWindowsOfAnImage = 64;

using Windows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// One im2col window of one image [channels][height][width].
void copy_window(std::span<const float> image, const network::Shape& shape,
                 const network::Window& window, int y, int x, std::span<float> row) {
  std::size_t k = 0;
  for (int c = 0; c < shape.channels; ++c) {
    for (int ky = 0; ky < window.kernel_h; ++ky) {
      for (int kx = 0; kx < window.kernel_w; ++kx, ++k) {
        const int iy = y * window.stride_h - window.pad_top + ky * window.dilation_h;
        const int ix = x * window.stride_w - window.pad_left + kx * window.dilation_w;
        const bool inside = iy >= 0 && iy < shape.height && ix >= 0 && ix < shape.width;
        row[k] = inside
                     ? image[static_cast<std::size_t>((c * shape.height + iy) * shape.width + ix)]
                     : 0.0F;
      }
    }
  }
}

/// Gathers windows of the value that a layer reads, batch by batch.
class Gatherer {
 public:
  Gatherer(const network::Node& node, int inputs, std::uint64_t seed)
      : conv_(std::get_if<network::Conv>(&node.op)), inputs_(inputs), seed_(seed) {
    gram_ = Eigen::MatrixXd::Zero(inputs, inputs);
  }

  void add(const network::Shape& shape, int batch, std::span<const float> content) {
    const auto size = content.size() / static_cast<std::size_t>(batch);
    for (int i = 0; i < batch; ++i) {
      const auto image = content.subspan(static_cast<std::size_t>(i) * size, size);
      const Windows windows = conv_ != nullptr ? drawn(image, shape) : whole(image);
      const Eigen::MatrixXd exact = windows.cast<double>();
      gram_.selfadjointView<Eigen::Lower>().rankUpdate(exact.transpose());
      count_ += windows.rows();
    }
  }

  Eigen::MatrixXd mean() const {
    const Eigen::MatrixXd all = gram_.selfadjointView<Eigen::Lower>();
    return all / static_cast<double>(std::max<Eigen::Index>(count_, 1));
  }

 private:
  Windows whole(std::span<const float> image) const {
    return Eigen::Map<const Windows>(image.data(), 1, inputs_);
  }

  Windows drawn(std::span<const float> image, const network::Shape& shape) {
    data::RandomDraws draws(seed_, kWindowPurpose, image_++);
    const int width = conv_->window.out_width(shape.width);
    const int positions = width * conv_->window.out_height(shape.height);
    const int count = std::min(positions, kWindowsOfAnImage);
    Windows windows(count, inputs_);
    for (int i = 0; i < count; ++i) {
      const int position = count == positions ? i : draws.below(positions);
      copy_window(image, shape, conv_->window, position / width, position % width,
                  {windows.row(i).data(), static_cast<std::size_t>(inputs_)});
    }
    return windows;
  }

  const network::Conv* conv_;  ///< nullptr: a Linear
  int inputs_;
  std::uint64_t seed_;
  std::uint64_t image_ = 0;
  Eigen::MatrixXd gram_;
  Eigen::Index count_ = 0;
};

}  // namespace

Eigen::MatrixXd input_gram(const network::Network& network, const PrunableLayer& layer,
                           const data::Dataset& dataset, int images, std::uint64_t seed) {
  assert(layer.groups == 1);
  const network::Node& node = network.nodes[layer.node];
  const std::string& value = node.inputs[0];
  Gatherer gatherer(node, layer.inputs, seed);
  network::Network prefix = network;
  prefix.nodes.resize(layer.node);
  prefix.output_name = value;
  const int total = std::min(images, dataset.count);
  for (int first = 0; first < total; first += kImagesAtOnce) {
    const int batch = std::min(kImagesAtOnce, total - first);
    const std::vector<float> pixels = network::normalise(network, dataset, first, batch);
    if (value == network.input_name) {
      gatherer.add(network.input_shape, batch, pixels);
      continue;
    }
    network::run(prefix, pixels, batch,
                 [&](const std::string& name, const network::Shape& shape, int count,
                     std::span<const float> content) {
                   if (name == value) gatherer.add(shape, count, content);
                 });
  }
  return gatherer.mean();
}

}  // namespace crossloop::pruning
