// Labelled 8-bit images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace crossloop::data {

/// `count` images, uint8 NHWC, with one label each (0 .. classes-1; at most 65536 classes).
struct Dataset {
  std::string name;
  int count = 0;
  int height = 0;
  int width = 0;
  int channels = 0;
  int classes = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint16_t> labels;
  std::vector<std::string> class_names = {};  ///< by label; empty where the files name none

  std::size_t image_size() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
  std::span<const std::uint8_t> image(int index) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(index) * image_size(), image_size());
  }
  /// Images first .. first+images-1. Throws InputError beyond the end.
  Dataset slice(int first, int images) const;
};

/// Training and test images of the same shape.
struct DataSplit {
  Dataset train;
  Dataset test;
  Dataset validation = {};  ///< held out of the training images; empty unless asked for
  std::string origin = {};  ///< the file or folder they were read from, in words for shapes
};

struct HeldOut {
  Dataset train;
  Dataset validation;
};
/// Takes exactly `images` images out of `train`, of each class in proportion (rounded by largest
/// remainder). Which ones depends on `seed` and the labels alone; both parts keep the order of
/// `train`. Throws InputError unless 0 <= images < train.count.
HeldOut hold_out(Dataset train, int images, std::uint64_t seed);

/// Mean and standard deviation of each channel in 0..1, over all images.
struct ChannelStatistics {
  std::vector<float> mean;
  std::vector<float> std;
};
ChannelStatistics channel_statistics(const Dataset& images);

constexpr int kMostSide = 4096;  ///< pixels of an image that files are resized to

/// How images of any size become images of one size.
struct Framing {
  int resize = 256;  ///< pixels of the shorter side, at most kMostSide
  int crop = 224;    ///< side of the square cut out of the middle, 1 to `resize`
};

/// What load_data() needs to know beyond the path. All of shapes is what is set here.
struct DataOptions {
  std::uint64_t seed = 1;    ///< which images shapes draws, and which are held out
  int train_images = 20000;  ///< shapes: how many to draw; files: at most so many; 0: all of them
  int test_images = 4000;
  int validation_images = 0;  ///< so many of the training images are held out, see hold_out()
  Framing framing = {};       ///< of an image folder
  bool skip_train = false;    ///< leave `train` without images, where only `test` is of interest
};

/// `source` is "shapes", a file or folder, or, where there is none of that name, the name of a set
/// of the catalogue (catalogue.hpp), which stands for its default_folder(). The file or folder is
/// one with the CIFAR-10 binary version (or with its .tar.xz, or that archive itself), the same of
/// CIFAR-100, a folder with the four IDX files of MNIST or Fashion-MNIST, gzipped or not, or an
/// image folder (image_folder.hpp). The kind is recognised from the names of the files. Throws
/// InputError naming the file that is missing, short, or not what it should be, and for more
/// validation than training images.
DataSplit load_data(const std::string& source, const DataOptions& options);

}  // namespace crossloop::data
