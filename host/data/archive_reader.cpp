#include "host/data/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include "host/data/file_error.hpp"

namespace crossloop::data {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;  // bytes read from the file at once

}  // namespace

void ArchiveReader::Close::operator()(archive* opened) const { archive_read_free(opened); }

ArchiveReader::ArchiveReader(const std::filesystem::path& file)
    : file_(file), archive_(archive_read_new()) {
  archive_read_support_format_tar(archive_.get());
  archive_read_support_filter_xz(archive_.get());
  archive_read_support_filter_gzip(archive_.get());
  archive_read_support_filter_bzip2(archive_.get());
  if (archive_read_open_filename(archive_.get(), file.c_str(), kBlock) != ARCHIVE_OK) fail();
}

bool ArchiveReader::next() {
  const int result = archive_read_next_header(archive_.get(), &entry_);
  if (result == ARCHIVE_EOF) return false;
  if (result < ARCHIVE_WARN) fail();
  return true;
}

std::string ArchiveReader::name() const {
  const char* path = archive_entry_pathname(entry_);
  return path != nullptr ? path : "";  // a name that the locale cannot spell
}

std::uintmax_t ArchiveReader::size() const {
  return static_cast<std::uintmax_t>(archive_entry_size(entry_));
}

void ArchiveReader::read(std::span<std::uint8_t> bytes) {
  const auto length = static_cast<la_ssize_t>(bytes.size());
  if (archive_read_data(archive_.get(), bytes.data(), bytes.size()) != length) fail();
}

void ArchiveReader::fail() const {
  const char* reason = archive_error_string(archive_.get());
  throw file_error(file_, reason != nullptr ? reason : "ends too early", "a whole tar archive");
}

}  // namespace crossloop::data
