// MNIST and Fashion-MNIST: four IDX files, gzipped or not.
#pragma once

#include <filesystem>

#include "host/data/dataset.hpp"

namespace crossloop::data {

/// Whether at least one of the four files is in `folder`, under any of its names:
/// train-images-idx3-ubyte or train-images.idx3-ubyte, each with or without .gz.
bool holds_idx(const std::filesystem::path& folder);

/// Reads the four files. The set is called like the folder. Throws InputError for a missing file,
/// a wrong magic number, too few or too many bytes, images of different sizes, as many images as
/// not labels, and a label above 9.
DataSplit load_idx(const std::filesystem::path& folder, const DataOptions& options);

}  // namespace crossloop::data
