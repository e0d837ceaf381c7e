#include "host/data/cifar.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "host/data/archive_reader.hpp"
#include "host/data/file_error.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 32, kChannels = 3, kClasses = 10;
constexpr std::size_t kPlane = kSide * kSide;
constexpr std::size_t kRecord = 1 + kChannels * kPlane;
constexpr int kTrainFiles = 5;
constexpr std::array<const char*, kTrainFiles + 1> kFiles = {"data_batch_1.bin", "data_batch_2.bin",
                                                             "data_batch_3.bin", "data_batch_4.bin",
                                                             "data_batch_5.bin", "test_batch.bin"};
constexpr const char* kInnerFolder = "cifar-10-batches-bin";

/// The first images of one of the six files.
struct Part {
  const char* file = "";
  int images = 0;
  std::vector<std::uint8_t> records;  ///< empty until read
};
using Parts = std::array<Part, kFiles.size()>;

Parts parts_to_read(const fs::path& place, const DataOptions& options, int images_per_file) {
  const int train = train_images_to_take(options, kTrainFiles * images_per_file, place);
  const int test = images_to_take(options.test_images, images_per_file, place);
  Parts parts;
  for (std::size_t f = 0; f < parts.size(); ++f) {
    const int before = static_cast<int>(f) * images_per_file;
    parts[f].file = kFiles[f];
    parts[f].images = f < kTrainFiles ? std::clamp(train - before, 0, images_per_file) : test;
  }
  return parts;
}

void check_length(const fs::path& file, std::uintmax_t bytes, int images_per_file) {
  const std::uintmax_t expected = static_cast<std::uintmax_t>(images_per_file) * kRecord;
  if (bytes == expected) return;
  throw file_error(
      file, std::to_string(bytes) + " bytes",
      std::to_string(expected) + " (" + std::to_string(images_per_file) + " images of CIFAR-10)");
}

void read_folder(const fs::path& folder, int images_per_file, Parts& parts) {
  for (Part& part : parts) {
    const fs::path file = folder / part.file;
    std::error_code failure;
    const std::uintmax_t bytes = fs::file_size(file, failure);
    if (failure) throw file_error(file, failure.message(), "a file of CIFAR-10");
    check_length(file, bytes, images_per_file);
    part.records.resize(static_cast<std::size_t>(part.images) * kRecord);
    std::ifstream in(file, std::ios::binary);
    in.read(reinterpret_cast<char*>(part.records.data()),
            static_cast<std::streamsize>(part.records.size()));
    if (!in) throw file_error(file, "cannot be read", "a file of CIFAR-10");
  }
}

void read_archive(const fs::path& file, int images_per_file, Parts& parts) {
  const auto is_missing = [](const Part& part) { return part.images > 0 && part.records.empty(); };
  ArchiveReader archive(file);
  while (std::any_of(parts.begin(), parts.end(), is_missing) && archive.next()) {
    const std::string name = fs::path(archive.name()).filename().string();
    for (Part& part : parts) {
      if (name != part.file || !is_missing(part)) continue;
      check_length(file / archive.name(), archive.size(), images_per_file);
      part.records.resize(static_cast<std::size_t>(part.images) * kRecord);
      archive.read(part.records);
    }
  }
  const auto missing = std::find_if(parts.begin(), parts.end(), is_missing);
  if (missing != parts.end()) {
    throw file_error(file, std::string("no ") + missing->file + " in the archive",
                     "the six .bin files of CIFAR-10");
  }
}

/// Appends the records of `part` to `images`, colour planes turned into pixels.
void append(const Part& part, const fs::path& place, Dataset& images) {
  images.count += part.images;
  images.pixels.reserve(images.pixels.size() + part.records.size());
  for (std::size_t at = 0; at < part.records.size(); at += kRecord) {
    const std::uint8_t label = part.records[at];
    if (label >= kClasses) {
      throw file_error(
          place / part.file,
          "image " + std::to_string(at / kRecord) + " has label " + std::to_string(label),
          "0 to 9");
    }
    images.labels.push_back(label);
    std::array<std::uint8_t, kRecord - 1> image;
    for (std::size_t i = 0; i < image.size(); ++i) {
      image[i] = part.records[at + 1 + i % kChannels * kPlane + i / kChannels];
    }
    images.pixels.insert(images.pixels.end(), image.begin(), image.end());
  }
}

bool is_archive_name(std::string_view name) {
  constexpr std::array<std::string_view, 5> kEndings = {".tar", ".tar.xz", ".tar.gz", ".tar.bz2",
                                                        ".tgz"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [name](std::string_view ending) { return name.ends_with(ending); });
}

bool has_a_batch(const fs::path& folder) {
  return std::any_of(kFiles.begin(), kFiles.end(),
                     [&](const char* name) { return fs::exists(folder / name); });
}

}  // namespace

std::optional<fs::path> find_cifar(const fs::path& source) {
  if (fs::is_regular_file(source)) {
    return is_archive_name(source.filename().string()) ? std::optional(source) : std::nullopt;
  }
  for (const fs::path& folder : {source, source / kInnerFolder}) {
    if (has_a_batch(folder)) return folder;
  }
  std::optional<fs::path> first;
  for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("cifar-10") || name.starts_with("cifar-100")) continue;
    if (is_archive_name(name) && (!first || entry.path() < *first)) first = entry.path();
  }
  return first;
}

DataSplit load_cifar(const fs::path& place, const DataOptions& options, int images_per_file) {
  Parts parts = parts_to_read(place, options, images_per_file);
  if (fs::is_directory(place)) {
    read_folder(place, images_per_file, parts);
  } else {
    read_archive(place, images_per_file, parts);
  }
  DataSplit split;
  for (std::size_t f = 0; f < parts.size(); ++f) {
    Dataset& images = f < kTrainFiles ? split.train : split.test;
    append(parts[f], place, images);
    parts[f].records = {};
  }
  for (Dataset* images : {&split.train, &split.test}) {
    images->name = "cifar10";
    images->height = images->width = kSide;
    images->channels = kChannels;
    images->classes = kClasses;
  }
  return split;
}

}  // namespace crossloop::data
