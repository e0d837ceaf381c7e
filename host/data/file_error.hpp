// The one form of message for a data file that is not what it should be.
#pragma once

#include <filesystem>
#include <string>

#include "host/data/dataset.hpp"
#include "host/error.hpp"

namespace crossloop::data {

inline InputError file_error(const std::filesystem::path& file, const std::string& found,
                             const std::string& expected) {
  return InputError(file.string() + ": " + found + ", expected " + expected);
}

/// The number of images to take of `available`: all for 0, else at most `wanted`. Throws InputError
/// for a negative number.
inline int images_to_take(int wanted, int available, const std::filesystem::path& source) {
  if (wanted < 0) {
    throw file_error(source, std::to_string(wanted) + " images asked for",
                     "0 for all, or how many at most");
  }
  return wanted == 0 || wanted > available ? available : wanted;
}

/// The same for training images: none where they are skipped.
inline int train_images_to_take(const DataOptions& options, int available,
                                const std::filesystem::path& source) {
  return options.skip_train ? 0 : images_to_take(options.train_images, available, source);
}

}  // namespace crossloop::data
