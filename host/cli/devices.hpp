// Devices by name.
#pragma once

#include <memory>
#include <string>

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::cli {

/// "engine" or "rtl" with a chip of `device` and `chip_seed` behind it. Throws InputError for
/// another name, listing these, or where the RTL was not built for this tile.
std::unique_ptr<runtime::Backend> open_backend(const std::string& name,
                                               const compiler::TileFormat& tile,
                                               const analog::Device& device,
                                               std::uint64_t chip_seed);

}  // namespace crossloop::cli
