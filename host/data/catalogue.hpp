// The data sets that can be named: where they are published, and where they lie once downloaded.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crossloop::data {

struct RemoteFile {
  std::string name;
  std::string sha256;  ///< 64 small hexadecimal digits
};

struct RemoteSet {
  std::string name;
  std::string url;  ///< of the folder with the files, without a slash at its end
  std::vector<RemoteFile> files;
};

/// cifar10, cifar100, mnist and fashion-mnist, as their authors (MNIST: a mirror) publish them. The
/// checksums are those of the files with the published MD5s.
std::span<const RemoteSet> catalogue();

/// The entry of that name, or nullptr.
const RemoteSet* find_remote_set(std::string_view name);

/// Where the set called `name` is downloaded to and looked for: a folder of that name in
/// $CROSSLOOP_DATA, else in $XDG_CACHE_HOME/crossloop/data, else in ~/.cache/crossloop/data. Throws
/// InputError where none of the variables (HOME for the last) is set.
std::filesystem::path default_folder(std::string_view name);

}  // namespace crossloop::data
