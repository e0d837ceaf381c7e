// Downloads files over HTTP(S) and makes sure that they are the right ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/data/catalogue.hpp"

namespace crossloop::data {

/// The SHA-256 (FIPS 180-4) of a file as 64 small hexadecimal digits. Throws InputError naming the
/// file if it cannot be read.
std::string sha256_of(const std::filesystem::path& file);

struct Download {
  std::string url;
  std::filesystem::path file;
  std::string sha256;
  int timeout_seconds = 30;  ///< for the connection, and for a transfer that stands still
};

/// What download() did.
struct Downloaded {
  std::filesystem::path file;
  std::int64_t bytes = 0;     ///< length of the file
  std::int64_t received = 0;  ///< bytes that came this time: 0 where the file was there already
};

/// Fetches `url` into `file`.part and renames it to `file` once it is on disk and its checksum
/// fits, so that `file` is whole or absent; creates missing folders. A file that is there with the
/// right checksum is left alone, any other is replaced. A .part from before is completed with a
/// Range request, or replaced where the server sends the whole file. Redirects are followed. Shows
/// a progress bar; an interrupt leaves the .part for the next time. Throws InputError naming the
/// URL for an HTTP status of 400 or more, a connection that fails, breaks or stands still (the
/// .part stays), a wrong checksum (the .part is deleted), and a .part that another process is
/// writing.
Downloaded download(const Download& request);

/// Downloads every file of `set` into `folder`, from `url` in place of set.url where that is given.
std::vector<Downloaded> download_set(const RemoteSet& set, const std::filesystem::path& folder,
                                     const std::string& url = "");

}  // namespace crossloop::data
