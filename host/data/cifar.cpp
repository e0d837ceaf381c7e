#include "host/data/cifar.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <string_view>

#include "host/data/archive_reader.hpp"
#include "host/data/cifar_names.hpp"
#include "host/data/file_error.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 32, kChannels = 3;
constexpr std::size_t kPlane = kSide * kSide;
constexpr std::size_t kImage = kChannels * kPlane;
constexpr int kTrainShare = 5;  // training images for each test image

/// One file of a set. Its length counts in the images of the test file.
struct FileFormat {
  const char* name = "";
  int share = 1;
};

/// How one of the two sets is laid out. The files are in order, the test file last.
struct Format {
  const char* name = "";
  const char* title = "";
  const char* folder = "";  ///< in the official archive
  std::span<const FileFormat> files;
  std::span<const int> label_limits;  ///< one byte each; the last one is the label
  std::span<const char* const> class_names;

  std::size_t record() const { return label_limits.size() + kImage; }
};

constexpr std::array<FileFormat, 6> kFiles10 = {{{"data_batch_1.bin"},
                                                 {"data_batch_2.bin"},
                                                 {"data_batch_3.bin"},
                                                 {"data_batch_4.bin"},
                                                 {"data_batch_5.bin"},
                                                 {"test_batch.bin"}}};
constexpr std::array<FileFormat, 2> kFiles100 = {{{"train.bin", kTrainShare}, {"test.bin"}}};
constexpr std::array<int, 1> kLimits10 = {10};
constexpr std::array<int, 2> kLimits100 = {20, 100};

Format format_of(Cifar set) {
  if (set == Cifar::k10) {
    return {"cifar10", "CIFAR-10", "cifar-10-batches-bin", kFiles10, kLimits10, kCifar10Names};
  }
  return {"cifar100", "CIFAR-100", "cifar-100-binary", kFiles100, kLimits100, kCifar100Names};
}

/// The first images of one of the files.
struct Part {
  const char* file = "";
  int images = 0;
  std::uintmax_t length = 0;          ///< bytes of the whole file
  std::vector<std::uint8_t> records;  ///< empty until read
};

std::vector<Part> parts_to_read(const fs::path& place, const Format& format,
                                const DataOptions& options, int test_images) {
  int train = train_images_to_take(options, kTrainShare * test_images, place);
  const int test = images_to_take(options.test_images, test_images, place);
  std::vector<Part> parts;
  for (const FileFormat& file : format.files) {
    const int images = file.share * test_images;
    const bool is_test = &file == &format.files.back();
    parts.push_back({.file = file.name,
                     .images = is_test ? test : std::min(train, images),
                     .length = static_cast<std::uintmax_t>(images) * format.record(),
                     .records = {}});
    if (!is_test) train -= parts.back().images;
  }
  return parts;
}

void check_length(const fs::path& file, std::uintmax_t bytes, const Part& part,
                  const Format& format) {
  if (bytes == part.length) return;
  throw file_error(file, std::to_string(bytes) + " bytes",
                   std::to_string(part.length) + " (" +
                       std::to_string(part.length / format.record()) + " images of " +
                       format.title + ")");
}

void read_folder(const fs::path& folder, const Format& format, std::vector<Part>& parts) {
  const std::string expected = std::string("a file of ") + format.title;
  for (Part& part : parts) {
    const fs::path file = folder / part.file;
    std::error_code failure;
    const std::uintmax_t bytes = fs::file_size(file, failure);
    if (failure) throw file_error(file, failure.message(), expected);
    check_length(file, bytes, part, format);
    part.records.resize(static_cast<std::size_t>(part.images) * format.record());
    std::ifstream in(file, std::ios::binary);
    in.read(reinterpret_cast<char*>(part.records.data()),
            static_cast<std::streamsize>(part.records.size()));
    if (!in) throw file_error(file, "cannot be read", expected);
  }
}

void read_archive(const fs::path& file, const Format& format, std::vector<Part>& parts) {
  const auto is_missing = [](const Part& part) { return part.images > 0 && part.records.empty(); };
  ArchiveReader archive(file);
  while (std::any_of(parts.begin(), parts.end(), is_missing) && archive.next()) {
    const std::string name = fs::path(archive.name()).filename().string();
    for (Part& part : parts) {
      if (name != part.file || !is_missing(part)) continue;
      check_length(file / archive.name(), archive.size(), part, format);
      part.records.resize(static_cast<std::size_t>(part.images) * format.record());
      archive.read(part.records);
    }
  }
  const auto missing = std::find_if(parts.begin(), parts.end(), is_missing);
  if (missing != parts.end()) {
    throw file_error(file, std::string("no ") + missing->file + " in the archive",
                     std::string("the .bin files of ") + format.title);
  }
}

void check_labels(const fs::path& file, std::size_t image, std::span<const std::uint8_t> record,
                  const Format& format) {
  for (std::size_t i = 0; i < format.label_limits.size(); ++i) {
    if (record[i] < format.label_limits[i]) continue;
    throw file_error(file,
                     "image " + std::to_string(image) + " has label " + std::to_string(record[i]),
                     "0 to " + std::to_string(format.label_limits[i] - 1));
  }
}

/// Appends the records of `part` to `images`, colour planes turned into pixels.
void append(const Part& part, const fs::path& place, const Format& format, Dataset& images) {
  images.count += part.images;
  images.pixels.reserve(images.pixels.size() + static_cast<std::size_t>(part.images) * kImage);
  for (std::size_t at = 0; at < part.records.size(); at += format.record()) {
    const auto record = std::span(part.records).subspan(at, format.record());
    check_labels(place / part.file, at / format.record(), record, format);
    images.labels.push_back(record[format.label_limits.size() - 1]);
    const auto planes = record.last(kImage);
    std::array<std::uint8_t, kImage> image;
    for (std::size_t i = 0; i < image.size(); ++i) {
      image[i] = planes[i % kChannels * kPlane + i / kChannels];
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

bool has_a_file(const fs::path& folder, const Format& format) {
  return std::any_of(format.files.begin(), format.files.end(),
                     [&](const FileFormat& file) { return fs::exists(folder / file.name); });
}

}  // namespace

std::optional<fs::path> find_cifar(const fs::path& source, Cifar set) {
  const auto is_of_set = [set](std::string_view name) {
    return (name.find("cifar-100") != std::string_view::npos) == (set == Cifar::k100);
  };
  if (fs::is_regular_file(source)) {
    const std::string name = source.filename().string();
    return is_archive_name(name) && is_of_set(name) ? std::optional(source) : std::nullopt;
  }
  const Format format = format_of(set);
  for (const fs::path& folder : {source, source / format.folder}) {
    if (has_a_file(folder, format)) return folder;
  }
  std::optional<fs::path> first;
  for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("cifar-10") || !is_of_set(name)) continue;
    if (is_archive_name(name) && (!first || entry.path() < *first)) first = entry.path();
  }
  return first;
}

DataSplit load_cifar(const fs::path& place, Cifar set, const DataOptions& options,
                     int test_images) {
  const Format format = format_of(set);
  std::vector<Part> parts = parts_to_read(place, format, options, test_images);
  if (fs::is_directory(place)) {
    read_folder(place, format, parts);
  } else {
    read_archive(place, format, parts);
  }
  DataSplit split;
  for (Part& part : parts) {
    append(part, place, format, &part == &parts.back() ? split.test : split.train);
    part.records = {};
  }
  for (Dataset* images : {&split.train, &split.test}) {
    images->name = format.name;
    images->height = images->width = kSide;
    images->channels = kChannels;
    images->classes = format.label_limits.back();
    images->class_names.assign(format.class_names.begin(), format.class_names.end());
  }
  return split;
}

}  // namespace crossloop::data
