// CIFAR-10, binary version: six files of records, in a folder or in an archive.
#pragma once

#include <filesystem>
#include <optional>

#include "host/data/dataset.hpp"

namespace crossloop::data {

constexpr int kCifarImagesPerFile = 10'000;

/// Where `source` keeps CIFAR-10: the folder with at least one of the six .bin files (`source` or
/// its cifar-10-batches-bin/), or an archive (`source` itself, by its name, or cifar-10*.tar.* in
/// it). Absent if there is none.
std::optional<std::filesystem::path> find_cifar(const std::filesystem::path& source);

/// Reads what find_cifar() found, and of each file no more than the images that `options` asks for;
/// an archive is read from its start until they are complete, without unpacking it to disk. A
/// record is a label byte (0..9) and 32x32 bytes each of red, green and blue. Throws InputError for
/// a missing or unreadable file, another length than `images_per_file` records, a label above 9,
/// and what is no archive.
DataSplit load_cifar(const std::filesystem::path& place, const DataOptions& options,
                     int images_per_file = kCifarImagesPerFile);

}  // namespace crossloop::data
