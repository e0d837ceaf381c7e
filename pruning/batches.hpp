// Batches of normalised, augmented images: plain loops over bytes, no LibTorch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::pruning {

/// Throws InputError naming both sides where `images` are not what `network` takes: image shape,
/// number of classes, array sizes, a label out of range, no image at all.
void check_images_fit(const network::Network& network, const data::Dataset& images);

/// 0 .. count-1 in an order that depends on (seed, epoch) alone (Fisher-Yates).
std::vector<int> shuffled(int count, std::uint64_t seed, int epoch);

/// Turns images into float batches, NHWC in memory. Random choices are Philox-4x32-10 of the key
/// `seed` and the counter (image, epoch), so that a batch depends on neither order nor history.
class BatchSource {
 public:
  struct Augmentation {
    bool crop = false;  ///< pad 4 on all sides, reflected, and crop at a random place
    bool flip = false;  ///< mirror left and right with probability 1/2
    std::uint64_t seed = 1;
    /// Side of a square set to 0 (the mean) at a random centre, in pixels; it may reach over the
    /// edge (DeVries and Taylor 2017). 0: none.
    int cutout = 0;
  };

  /// Borrows `images`, which must fit (check_images_fit).
  BatchSource(const network::Network& network, const data::Dataset& images,
              const Augmentation& augmentation);

  /// Fills pixels() and labels() with the images `indices` as augmented in `epoch`.
  void fill(std::span<const int> indices, int epoch);

  /// [indices.size()][height][width][channels] of the last fill().
  std::span<float> pixels() { return pixels_; }
  std::span<std::int64_t> labels() { return labels_; }

 private:
  void copy_image(int index, int epoch, float* target);
  void cut_out(std::uint32_t random, float* image) const;

  const data::Dataset& images_;
  Augmentation augmentation_;
  std::vector<float> lookup_;  ///< [channels][256], the normalised value of a byte
  std::vector<int> row_of_, column_of_;
  std::vector<float> pixels_;
  std::vector<std::int64_t> labels_;
};

}  // namespace crossloop::pruning
