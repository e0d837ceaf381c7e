// Reading whole files, and writing them so that a reader sees either the old or the new content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace crossloop {

/// The bytes of `path`. Throws InputError naming the path and the reason.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path);

/// Calls `write` with the name of a temporary file beside `path`, then renames it to `path`. If
/// `write` throws, the temporary is removed and `path` is as it was. Creates missing folders.
/// Throws InputError if the folder cannot be written.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const std::filesystem::path& temporary)>& write);

/// write_atomically() for content that is already in memory.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Throws InputError unless a file can be written at `path`: for long work, before it starts.
/// Creates missing folders.
void require_writable(const std::filesystem::path& path);

}  // namespace crossloop
