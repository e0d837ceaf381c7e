#include "host/preset.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "host/error.hpp"

namespace crossloop {

namespace fs = std::filesystem;

fs::path find_preset(const std::string& what, const std::string& name_or_path,
                     const fs::path& folder) {
  if (fs::is_regular_file(name_or_path)) return name_or_path;
  const fs::path preset = folder / (name_or_path + ".toml");
  if (fs::is_regular_file(preset)) return preset;
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) names = {"none"};
  throw InputError(fmt::format("{} '{}': no such file, and no such preset in {}; presets: {}", what,
                               name_or_path, folder.string(), fmt::join(names, ", ")));
}

}  // namespace crossloop
