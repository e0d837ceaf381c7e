// Reads the files of a tar archive one after the other, whatever it is compressed with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

struct archive;
struct archive_entry;

namespace crossloop::data {

/// A tar, plain or compressed with xz, gzip or bzip2, opened with libarchive. Every method throws
/// InputError naming the archive.
class ArchiveReader {
 public:
  explicit ArchiveReader(const std::filesystem::path& file);

  /// Goes to the next entry; false after the last.
  bool next();
  /// Of the current entry: its path in the archive, and its length in bytes.
  std::string name() const;
  std::uintmax_t size() const;
  /// Fills `bytes` from the current entry.
  void read(std::span<std::uint8_t> bytes);

 private:
  struct Close {
    void operator()(archive* opened) const;
  };

  [[noreturn]] void fail() const;

  std::filesystem::path file_;
  std::unique_ptr<archive, Close> archive_;
  archive_entry* entry_ = nullptr;
};

}  // namespace crossloop::data
