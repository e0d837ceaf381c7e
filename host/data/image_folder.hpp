// A folder of photographs in the layout of ImageNet: train/CLASS/*.jpg, val/CLASS/*.jpg.
#pragma once

#include <filesystem>

#include "host/data/dataset.hpp"

namespace crossloop::data {

/// The most that the images of one data set may take in memory, bytes.
inline constexpr std::uint64_t kMostImageBytes = std::uint64_t{8} << 30;

/// Whether `folder` has a folder train or val.
bool holds_image_folder(const std::filesystem::path& folder);

/// Reads folder/train, and folder/val or, without it, folder/test, which have one folder per class:
/// the sorted names of these are the labels. An image is any file below a class that
/// has_image_name(); other files are passed over. All are resized and cropped to options.framing,
/// train images too. Where not all are asked for, classes take turns: the first images are the
/// first of every class. With options.skip_train, train/ may be absent and is not decoded. The set
/// is called like the folder. All cores decode. Throws InputError for a missing part, classes that
/// only one part has, a class without images, more than 65536 classes, images that would take more
/// than kMostImageBytes, and what decode_image() refuses.
DataSplit load_image_folder(const std::filesystem::path& folder, const DataOptions& options);

}  // namespace crossloop::data
