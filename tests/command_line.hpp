// Runs the program as a user does, in a folder of its own, on images of its own.
#pragma once

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace crossloop::tests {

/// What a command left behind.
struct CommandResult {
  int code = -1;       ///< exit code; -1 where a signal ended it
  std::string output;  ///< stdout
  std::string errors;  ///< stderr
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void write_content(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// Runs `crossloop ARGUMENTS` in `folder` through the shell.
inline CommandResult run_crossloop(const std::filesystem::path& folder,
                                   const std::string& arguments) {
  const std::filesystem::path out = folder / ".stdout", err = folder / ".stderr";
  const std::string line = "cd '" + folder.string() + "' && OMP_WAIT_POLICY=passive '" +
                           CROSSLOOP_PROGRAM + "' " + arguments + " >.stdout 2>.stderr";
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(out), content_of(err)};
}

/// A folder that goes when the object does.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& name)
      : path_(std::filesystem::path(::testing::TempDir()) /
              ("crossloop_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~WorkFolder() { std::filesystem::remove_all(path_); }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  CommandResult run(const std::string& arguments) const { return run_crossloop(path_, arguments); }
  nlohmann::json json(const std::string& name) const {
    return nlohmann::json::parse(content_of(path_ / name));
  }

 private:
  std::filesystem::path path_;
};

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// Writes `count` grey images of 8x8 pixels in ten classes, each a pattern of its own in noise, as
/// the two IDX files of `part` ("train" or "t10k").
inline void write_idx(const std::filesystem::path& folder, const std::string& part,
                      std::uint32_t count) {
  std::mt19937 rng(part == "train" ? 1 : 2);
  std::string images = big_endian(0x0803) + big_endian(count) + big_endian(8) + big_endian(8);
  std::string labels = big_endian(0x0801) + big_endian(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t label = i % 10;
    labels += static_cast<char>(label);
    for (std::uint32_t pixel = 0; pixel < 64; ++pixel) {
      const bool bright = (pixel * 7919 + label * 104729) % 13 < 5;
      images += static_cast<char>(rng() % 100 + (bright ? 150 : 0));
    }
  }
  write_content(folder / (part + "-images-idx3-ubyte"), images);
  write_content(folder / (part + "-labels-idx1-ubyte"), labels);
}

/// The data set all commands of these tests run on: `folder`/digits.
inline void write_digits(const std::filesystem::path& folder) {
  write_idx(folder / "digits", "train", 200);
  write_idx(folder / "digits", "t10k", 40);
}

}  // namespace crossloop::tests
