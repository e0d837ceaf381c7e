// Configurations by name: the files that ship in configs/.
#pragma once

#include <filesystem>
#include <string>

namespace crossloop {

/// The file `name_or_path`, or else `folder`/NAME.toml. Throws InputError beginning with `what` (a
/// device, a tile) and listing the presets of the folder where there is neither.
std::filesystem::path find_preset(const std::string& what, const std::string& name_or_path,
                                  const std::filesystem::path& folder);

}  // namespace crossloop
