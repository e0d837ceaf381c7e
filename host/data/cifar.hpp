// CIFAR-10 and CIFAR-100, binary versions: files of records, in a folder or in an archive.
#pragma once

#include <filesystem>
#include <optional>

#include "host/data/dataset.hpp"

namespace crossloop::data {

enum class Cifar { k10, k100 };

constexpr int kCifarTestImages = 10'000;

/// Where `source` keeps this set: the folder with at least one of its .bin files (`source` or the
/// folder that the official archive unpacks to), or an archive (`source` itself or one in it,
/// cifar-10*.tar.* or cifar-100*.tar.*; as `source`, an archive of any name is taken for CIFAR-10
/// unless it has cifar-100 in its name). Absent if there is none.
std::optional<std::filesystem::path> find_cifar(const std::filesystem::path& source, Cifar set);

/// Reads what find_cifar() found, and of each file no more than the images that `options` asks for;
/// an archive is read from its start until they are complete, without unpacking it to disk. A
/// record is the label byte (0..9), or the coarse (0..19) and the fine label (0..99), which is the
/// one taken, and 32x32 bytes each of red, green and blue. Throws InputError for a missing or
/// unreadable file, another length than `test_images` records in the test file and five times as
/// many to train on, a label out of range, and what is no archive.
DataSplit load_cifar(const std::filesystem::path& place, Cifar set, const DataOptions& options,
                     int test_images = kCifarTestImages);

}  // namespace crossloop::data
