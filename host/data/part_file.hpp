// The unfinished file of a download.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace crossloop::data {

/// FILE.part, open for appending and locked against other processes. Every method throws InputError
/// naming it.
class PartFile {
 public:
  /// Creates it and missing folders; what is in it stays.
  explicit PartFile(const std::filesystem::path& file);
  /// Removes it where it is empty.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const;
  void clear();
  void append(std::string_view bytes);
  /// Writes everything to disk and gives it the name `file`.
  void finish();
  void remove();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path file_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace crossloop::data
