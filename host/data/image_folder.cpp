#include "host/data/image_folder.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "host/data/file_error.hpp"
#include "host/data/image_file.hpp"
#include "host/files.hpp"
#include "host/progress.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostClasses = std::size_t{std::numeric_limits<std::uint16_t>::max()} + 1;

struct LabelledFile {
  fs::path path;
  std::uint16_t label = 0;
};

/// The names of the folders in `part`, sorted byte by byte.
std::vector<std::string> class_names(const fs::path& part) {
  if (!fs::is_directory(part)) {
    throw file_error(part, "no such folder", "one folder of images per class in it");
  }
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(part)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !name.starts_with(".")) names.push_back(name);
  }
  if (names.empty() || names.size() > kMostClasses) {
    throw file_error(part, std::to_string(names.size()) + " folders",
                     "1 to " + std::to_string(kMostClasses) + ", one per class");
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Throws for the first class of `names` that `others` has not.
void check_contained(const std::vector<std::string>& names, const fs::path& part,
                     const std::vector<std::string>& others, const fs::path& other_part) {
  for (const std::string& name : names) {
    if (std::binary_search(others.begin(), others.end(), name)) continue;
    throw file_error(other_part, "no class " + name, "the classes of " + part.string());
  }
}

std::vector<fs::path> images_of_class(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && has_image_name(entry.path())) files.push_back(entry.path());
  }
  if (files.empty()) throw file_error(folder, "no images", ".jpg, .jpeg or .png files");
  std::sort(files.begin(), files.end());
  return files;
}

/// All images of `part`, classes in turn.
std::vector<LabelledFile> list_images(const fs::path& part, const std::vector<std::string>& names) {
  std::vector<std::vector<fs::path>> by_class;
  std::size_t longest = 0;
  for (const std::string& name : names) {
    by_class.push_back(images_of_class(part / name));
    longest = std::max(longest, by_class.back().size());
  }
  std::vector<LabelledFile> files;
  for (std::size_t turn = 0; turn < longest; ++turn) {
    for (std::size_t label = 0; label < by_class.size(); ++label) {
      if (turn >= by_class[label].size()) continue;
      files.push_back({std::move(by_class[label][turn]), static_cast<std::uint16_t>(label)});
    }
  }
  return files;
}

/// The exception of the first file in the list that has one: the same whatever the threads do.
class FirstFailure {
 public:
  void keep(std::size_t index, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_ && index > index_) return;
    index_ = index;
    failure_ = std::move(failure);
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::size_t index_ = 0;
  std::exception_ptr failure_;
};

void decode_into(const LabelledFile& file, const Framing& framing, std::span<std::uint8_t> pixels) {
  const RgbImage image = decode_image(read_file(file.path), file.path);
  const std::vector<std::uint8_t> framed = resize_and_crop(image, framing);
  std::copy(framed.begin(), framed.end(), pixels.begin());
}

/// Decodes every file on all cores; this thread works too, and shows how far they are.
void decode_all(const std::vector<LabelledFile>& files, const Framing& framing, Dataset& images) {
  std::atomic<std::size_t> next = 0, done = 0;
  FirstFailure failure;
  const auto work = [&](const auto& between) {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      try {
        decode_into(files[i], framing,
                    std::span(images.pixels).subspan(i * images.image_size(), images.image_size()));
      } catch (...) {
        failure.keep(i, std::current_exception());
        next = files.size();
      }
      between(++done);
    }
  };
  {
    std::vector<std::jthread> workers;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 1; i < std::min(cores, files.size()); ++i) {
      workers.emplace_back([&] { work([](std::size_t) {}); });
    }
    Progress progress("decode " + images.name, static_cast<std::int64_t>(files.size()));
    try {
      work([&](std::size_t ready) { progress.update(static_cast<std::int64_t>(ready)); });
    } catch (...) {
      next = files.size();
      throw;
    }
  }
  failure.rethrow();
}

std::uint64_t bytes_of(const DataOptions& options, std::size_t files) {
  const auto crop = static_cast<std::uint64_t>(options.framing.crop);
  return crop * crop * 3 * files;
}

void check_memory(const fs::path& folder, const DataOptions& options, std::size_t files) {
  const std::uint64_t bytes = bytes_of(options, files);
  if (bytes <= kMostImageBytes) return;
  char gib[32];
  std::snprintf(gib, sizeof gib, "%.1f", static_cast<double>(bytes) / (1 << 30));
  throw file_error(folder,
                   std::to_string(files) + " images of " + std::to_string(options.framing.crop) +
                       "x" + std::to_string(options.framing.crop) + " pixels, which take " + gib +
                       " GiB of memory",
                   "at most 8 GiB: ask for fewer with --train-images and --images, or for smaller "
                   "ones with --crop");
}

void check_framing(const fs::path& folder, const Framing& framing) {
  if (1 <= framing.crop && framing.crop <= framing.resize && framing.resize <= kMostSide) return;
  throw file_error(folder,
                   "images resized to " + std::to_string(framing.resize) + " and cropped to " +
                       std::to_string(framing.crop),
                   "1 <= crop <= resize <= " + std::to_string(kMostSide));
}

Dataset decode_part(const fs::path& folder, const std::vector<std::string>& names,
                    const std::vector<LabelledFile>& files, const DataOptions& options) {
  Dataset images;
  images.name = fs::weakly_canonical(folder).filename().string();
  images.count = static_cast<int>(files.size());
  images.height = images.width = options.framing.crop;
  images.channels = 3;
  images.classes = static_cast<int>(names.size());
  images.class_names = names;
  for (const LabelledFile& file : files) images.labels.push_back(file.label);
  images.pixels.resize(bytes_of(options, files.size()));
  decode_all(files, options.framing, images);
  return images;
}

}  // namespace

bool holds_image_folder(const fs::path& folder) {
  return fs::is_directory(folder / "train") || fs::is_directory(folder / "val");
}

DataSplit load_image_folder(const fs::path& folder, const DataOptions& options) {
  check_framing(folder, options.framing);
  const fs::path train = folder / "train";
  const fs::path test = fs::is_directory(folder / "val") || !fs::is_directory(folder / "test")
                            ? folder / "val"
                            : folder / "test";
  const std::vector<std::string> names = class_names(test);
  if (!options.skip_train || fs::is_directory(train)) {
    const std::vector<std::string> train_names = class_names(train);
    check_contained(train_names, train, names, test);
    check_contained(names, test, train_names, train);
  }
  const auto take = [&](const fs::path& part, int wanted) {
    std::vector<LabelledFile> files = list_images(part, names);
    const int count = images_to_take(wanted, static_cast<int>(files.size()), part);
    files.resize(static_cast<std::size_t>(count));
    return files;
  };
  const auto test_files = take(test, options.test_images);
  const auto train_files =
      options.skip_train ? std::vector<LabelledFile>{} : take(train, options.train_images);
  check_memory(folder, options, test_files.size() + train_files.size());
  return {.train = decode_part(folder, names, train_files, options),
          .test = decode_part(folder, names, test_files, options)};
}

}  // namespace crossloop::data
