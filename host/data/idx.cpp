#include "host/data/idx.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "host/data/file_error.hpp"

namespace crossloop::data {
namespace {

namespace fs = std::filesystem;

constexpr int kClasses = 10;
constexpr std::size_t kBlock = std::size_t{1} << 20;  // a header may promise what does not come
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

/// Reads a file through zlib, which passes plain files on as they are.
class IdxReader {
 public:
  explicit IdxReader(const fs::path& file) : file_(file), gz_(gzopen(file.c_str(), "rb")) {
    if (!gz_) throw file_error(file, "cannot be opened", "an IDX file");
    gzbuffer(gz_.get(), 1U << 17);
  }

  std::uint32_t big_endian_word() {
    std::array<std::uint8_t, 4> bytes{};
    fill(bytes);
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 |
           std::uint32_t{bytes[2]} << 8 | bytes[3];
  }

  void fill(std::span<std::uint8_t> bytes) {
    const std::size_t got = read(bytes);
    if (got == bytes.size()) return;
    throw file_error(file_, "ends after " + std::to_string(position_ + got) + " bytes",
                     "at least " + std::to_string(position_ + bytes.size()));
  }

  void expect_end() {
    std::uint8_t beyond = 0;
    if (read(std::span(&beyond, 1)) == 0) return;
    throw file_error(file_, "more bytes than its header says",
                     std::to_string(position_ - 1) + " bytes");
  }

 private:
  struct Close {
    void operator()(gzFile_s* opened) const { gzclose(opened); }
  };

  /// How many bytes there were; `position_` moves on only past all that were asked for.
  std::size_t read(std::span<std::uint8_t> bytes) {
    const std::size_t got = gzfread(bytes.data(), 1, bytes.size(), gz_.get());
    int code = Z_OK;
    const char* reason = gzerror(gz_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      throw file_error(file_, std::string("broken gzip stream: ") + reason, "an IDX file");
    }
    if (got == bytes.size()) position_ += got;
    return got;
  }

  fs::path file_;
  std::unique_ptr<gzFile_s, Close> gz_;
  std::size_t position_ = 0;  ///< bytes after decompression
};

struct IdxFile {
  std::array<std::uint32_t, 3> sizes = {0, 1, 1};  ///< count, then height and width of images
  std::vector<std::uint8_t> bytes;
};

/// `dimensions` is 3 for images and 1 for labels; the magic number is 0x0800 + dimensions.
IdxFile read_idx(const fs::path& file, std::uint32_t dimensions) {
  IdxReader reader(file);
  const std::uint32_t magic = reader.big_endian_word();
  if (magic != 0x0800 + dimensions) {
    throw file_error(file, "magic number " + std::to_string(magic),
                     std::to_string(0x0800 + dimensions) +
                         (dimensions == 3 ? " (IDX images)" : " (IDX labels)"));
  }
  IdxFile content;
  for (std::size_t d = 0; d < dimensions; ++d) content.sizes[d] = reader.big_endian_word();
  const auto [count, height, width] = content.sizes;
  const std::uint64_t area = std::uint64_t{height} * width;
  if (area == 0 || area > kMostBytes || count * area > kMostBytes) {
    throw file_error(file,
                     std::to_string(count) + " images of " + std::to_string(height) + "x" +
                         std::to_string(width),
                     "at most 2 GiB of pixels, and no empty images");
  }
  while (content.bytes.size() < count * area) {
    const std::size_t had = content.bytes.size();
    content.bytes.resize(std::min<std::size_t>(count * area, had + kBlock));
    reader.fill(std::span(content.bytes).subspan(had));
  }
  reader.expect_end();
  return content;
}

/// `part` is train or t10k, `kind` images-idx3 or labels-idx1.
std::optional<fs::path> find_idx(const fs::path& folder, const std::string& part,
                                 const std::string& kind, const std::string& rank) {
  for (const char* separator : {"-", "."}) {
    for (const char* packed : {".gz", ""}) {
      const fs::path file = folder / (part + "-" + kind + separator + rank + "-ubyte" + packed);
      if (fs::is_regular_file(file)) return file;
    }
  }
  return std::nullopt;
}

fs::path must_find_idx(const fs::path& folder, const std::string& part, const std::string& kind,
                       const std::string& rank) {
  const auto file = find_idx(folder, part, kind, rank);
  if (file) return *file;
  const std::string name = part + "-" + kind + "-" + rank + "-ubyte";
  throw file_error(folder, "no " + name + "[.gz]", "the four IDX files of MNIST");
}

void check_labels(const fs::path& file, std::span<const std::uint8_t> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < kClasses) continue;
    throw file_error(file, "label " + std::to_string(i) + " is " + std::to_string(labels[i]),
                     "0 to 9");
  }
}

Dataset load_part(const fs::path& folder, const std::string& part, int wanted) {
  const fs::path image_file = must_find_idx(folder, part, "images", "idx3");
  const fs::path label_file = must_find_idx(folder, part, "labels", "idx1");
  IdxFile images = read_idx(image_file, 3);
  IdxFile labels = read_idx(label_file, 1);
  if (labels.sizes[0] != images.sizes[0]) {
    throw file_error(label_file, std::to_string(labels.sizes[0]) + " labels",
                     std::to_string(images.sizes[0]) + ", as many as " +
                         image_file.filename().string() + " has images");
  }
  check_labels(label_file, labels.bytes);
  const int count = images_to_take(wanted, static_cast<int>(images.sizes[0]), folder);
  Dataset set;
  set.name = fs::weakly_canonical(folder).filename().string();
  set.count = count;
  set.height = static_cast<int>(images.sizes[1]);
  set.width = static_cast<int>(images.sizes[2]);
  set.channels = 1;
  set.classes = kClasses;
  images.bytes.resize(static_cast<std::size_t>(count) * set.image_size());
  labels.bytes.resize(static_cast<std::size_t>(count));
  set.pixels = std::move(images.bytes);
  set.labels.assign(labels.bytes.begin(), labels.bytes.end());
  return set;
}

}  // namespace

bool holds_idx(const fs::path& folder) {
  for (const char* part : {"train", "t10k"}) {
    if (find_idx(folder, part, "images", "idx3") || find_idx(folder, part, "labels", "idx1")) {
      return true;
    }
  }
  return false;
}

DataSplit load_idx(const fs::path& folder, const DataOptions& options) {
  DataSplit split;
  if (!options.skip_train) split.train = load_part(folder, "train", options.train_images);
  split.test = load_part(folder, "t10k", options.test_images);
  if (options.skip_train) split.train = split.test.slice(0, 0);
  if (split.train.height != split.test.height || split.train.width != split.test.width) {
    throw file_error(folder,
                     "test images of " + std::to_string(split.test.height) + "x" +
                         std::to_string(split.test.width),
                     std::to_string(split.train.height) + "x" + std::to_string(split.train.width) +
                         " like the train images");
  }
  return split;
}

}  // namespace crossloop::data
