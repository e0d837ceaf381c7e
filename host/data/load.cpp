#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "host/data/catalogue.hpp"
#include "host/data/cifar.hpp"
#include "host/data/dataset.hpp"
#include "host/data/idx.hpp"
#include "host/data/image_folder.hpp"
#include "host/data/shapes.hpp"
#include "host/error.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAccepted =
    "shapes, the name of a set of `crossloop data get`, a folder with CIFAR-10 or CIFAR-100 "
    "(binary version) or its archive, that archive, a "
    "folder with the four IDX files of MNIST or Fashion-MNIST, or one with train/CLASS/*.jpg and "
    "val/CLASS/*.jpg";

// "test" in ASCII, far above any seed a person types, so that the test set is a draw of its own.
constexpr std::uint64_t kTestStream = 0x7465737400000000ULL;

void check_count(const std::string& source, const char* which, int count, int least) {
  if (count >= least) return;
  throw InputError("data " + source + ": " + std::to_string(count) + " " + which +
                   " images asked for, expected at least " + std::to_string(least));
}

DataSplit draw_shapes(const DataOptions& options) {
  check_count("shapes", "train", options.train_images, 0);
  check_count("shapes", "test", options.test_images, 0);
  const auto size = [](int wanted, int standard) { return wanted > 0 ? wanted : standard; };
  const int train = size(options.train_images, DataOptions{}.train_images);
  return {.train = make_shapes(options.seed, options.skip_train ? 0 : train),
          .test = make_shapes(options.seed ^ kTestStream,
                              size(options.test_images, DataOptions{}.test_images)),
          .origin = "drawn, not read"};
}

/// Nothing where `source` holds no data set known here.
std::optional<DataSplit> load_files(const fs::path& source, const DataOptions& options) {
  const auto from = [](const fs::path& place, DataSplit split) {
    split.origin = place.string();
    return split;
  };
  const bool is_folder = fs::is_directory(source);
  if (!is_folder && !fs::is_regular_file(source)) return std::nullopt;
  for (const Cifar set : {Cifar::k10, Cifar::k100}) {
    const auto place = find_cifar(source, set);
    if (place) return from(*place, load_cifar(*place, set, options));
  }
  if (is_folder && holds_idx(source)) return from(source, load_idx(source, options));
  if (is_folder && holds_image_folder(source)) {
    return from(source, load_image_folder(source, options));
  }
  return std::nullopt;
}

DataSplit load_path(const std::string& source, const DataOptions& options) {
  if (auto split = load_files(source, options)) return *std::move(split);
  const std::string found = fs::is_directory(source) ? "a folder without a data set known here"
                            : fs::exists(source)     ? "not an archive by its name"
                                                     : "no such file or folder";
  throw InputError("data '" + source + "': " + found + ", expected " + kAccepted);
}

DataSplit load_downloaded(const std::string& name, const DataOptions& options) {
  const fs::path folder = default_folder(name);
  if (auto split = load_files(folder, options)) return *std::move(split);
  throw InputError("data '" + name + "': not in " + folder.string() + "; `crossloop data get " +
                   name + "` downloads it");
}

/// A path comes before a name, as for tiles and devices.
DataSplit load_source(const std::string& source, const DataOptions& options) {
  if (source == "shapes") return draw_shapes(options);
  const bool is_name = find_remote_set(source) != nullptr && !fs::exists(source);
  return is_name ? load_downloaded(source, options) : load_path(source, options);
}

}  // namespace

DataSplit load_data(const std::string& source, const DataOptions& options) {
  try {
    DataSplit split = load_source(source, options);
    HeldOut parts = hold_out(std::move(split.train), options.validation_images, options.seed);
    split.train = std::move(parts.train);
    split.validation = std::move(parts.validation);
    return split;
  } catch (const fs::filesystem_error& error) {
    throw InputError("data '" + source + "': cannot be read: " + error.code().message());
  }
}

}  // namespace crossloop::data
