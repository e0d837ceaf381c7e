#include "host/files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "host/error.hpp"

namespace crossloop {

namespace fs = std::filesystem;

std::vector<std::uint8_t> read_file(const fs::path& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) {
    throw InputError(path.string() + ": is a folder, expected a file");
  }
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  if (!stream) throw InputError(path.string() + ": cannot be read: " + std::strerror(errno));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(stream.tellg()));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw InputError(path.string() + ": reading stopped before the end");
  return bytes;
}

void write_atomically(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    throw InputError(folder.string() + ": cannot be created: " + failure.message());
  }
  const fs::path temporary =
      folder / ("." + path.filename().string() + "." + std::to_string(::getpid()) + ".part");
  try {
    write(temporary);
    fs::rename(temporary, path);
  } catch (const fs::filesystem_error& error) {
    fs::remove(temporary, failure);
    throw InputError(path.string() + ": cannot be written: " + error.code().message());
  } catch (...) {
    fs::remove(temporary, failure);
    throw;
  }
}

void require_writable(const fs::path& path) {
  if (fs::is_directory(path)) {
    throw InputError(path.string() + ": is a folder, expected the name of a file to write");
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure || ::access(folder.c_str(), W_OK) != 0) {
    throw InputError(path.string() + ": cannot be written in " + folder.string());
  }
}

void write_file(const fs::path& path, std::string_view content) {
  write_atomically(path, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream.close();
    if (!stream) throw InputError(path.string() + ": cannot be written: " + std::strerror(errno));
  });
}

}  // namespace crossloop
