// Input vectors of crossbar layers from activations.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/engine/job.hpp"
#include "host/parallel.hpp"
#include "host/runtime/executor.hpp"

namespace crossloop::runtime {

/// The input vectors of a crossbar layer, cut out of its activations as they are asked for: vector
/// v of image i has the number i * per_image() + v. In im2col order (c * kernel_h + y) * kernel_w +
/// x; what lies beyond the image holds the layer's pad values.
class VectorGather final : public engine::VectorSource {
 public:
  /// One part of a layer, vectors_of_part() an image: its share of the windows, or, semi-folded,
  /// strips (c * kernel_h + y) * W_t + x of one output row each. Both are borrowed.
  VectorGather(const compiler::Deployment& deployment, int layer, int part,
               const Activations& activations);
  /// All windows of a layer, whatever its mapping: positions_of() an image, K long.
  static VectorGather windows(const compiler::Deployment& deployment, int layer,
                              const Activations& activations);

  int count() const override { return images_ * per_image_; }
  int length() const { return length_; }
  int per_image() const { return per_image_; }
  void fetch(int first, int last, std::uint8_t* target) const override;
  /// All vectors, [count()][length()].
  std::vector<std::uint8_t> all() const;

 private:
  /// The columns that one vector takes of the image: taps of a window, or a whole strip.
  struct Columns {
    int count = 1;
    int step = 1;
  };
  /// Vector v starts at position first + v * step of rows of `width`, from column `left` on.
  struct Places {
    int first = 0;
    int step = 1;
    int width = 1;
    int left = 0;
    int row(int vector) const { return (first + vector * step) / width; }
    int column(int vector) const { return left + (first + vector * step) % width; }
  };

  VectorGather(const compiler::Deployment& deployment, const compiler::Layer& layer,
               const Columns& columns, const Places& places, int per_image,
               const Activations& activations);
  static VectorGather part_of(const compiler::Deployment& deployment, const compiler::Layer& layer,
                              int part, const Activations& activations);
  void fit_planes();
  const std::uint8_t* planes_of(int image) const;
  void fill(const std::uint8_t* image, std::uint8_t* planes) const;
  void copy(const std::uint8_t* from, bool overrun, std::uint8_t* target) const;
  std::size_t plane() const { return static_cast<std::size_t>(height_ * width_); }

  const compiler::Layer& layer_;
  Columns columns_;
  Places places_;
  int images_;
  int per_image_;
  network::Shape in_;
  int length_;
  int height_ = 0;
  int width_ = 0;
  const std::vector<std::uint8_t>& source_;
  /// [image][channel][height_][width_], padding included: what one window row takes lies side by
  /// side. An image is filled in when its first vector is asked for.
  std::unique_ptr<std::uint8_t[]> planes_;
  std::unique_ptr<std::once_flag[]> filled_;
};

/// VectorGather::windows() and all parts of a layer, gathered.
std::vector<std::uint8_t> gather_windows(const compiler::Deployment& deployment, int layer,
                                         const Activations& activations);
std::vector<std::uint8_t> gather_vectors(const compiler::Deployment& deployment, int layer,
                                         int part, const Activations& activations);

/// Calls work(image) for every image of a batch, on all cores.
template <typename Work>
void for_each_image(int images, const Work& work) {
  for_each_index(images, worker_count(images / 4), [&](int image, int) { work(image); });
}

}  // namespace crossloop::runtime
