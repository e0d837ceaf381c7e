// Devices by name.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "drivers/predicting_transport.hpp"
#include "host/analog/device.hpp"
#include "host/analog/plant.hpp"
#include "host/compiler/deployment.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::cli {

/// How the RTL runs.
struct RtlOptions {
  std::filesystem::path trace;  ///< waves, see VerilatedOptions
  bool predict_cycles = false;  ///< see prediction_behind()
};

/// "engine" or "rtl" with a chip of `device` and `chip_seed` behind it. Throws InputError for
/// another name, listing these, or where the RTL was not built for this tile.
std::unique_ptr<runtime::Backend> open_backend(const std::string& name,
                                               const compiler::TileFormat& tile,
                                               const analog::Device& device,
                                               std::uint64_t chip_seed, const RtlOptions& rtl = {});

/// The chip of the plant behind a backend that open_backend() made. A real device has none; here
/// it is for reports, measuring never asks it. Throws DeviceError where there is none.
const analog::Chip& chip_behind(const runtime::Backend& backend);

/// What adds up the cycles of an RTL's descriptors; null without RtlOptions::predict_cycles and for
/// other backends.
const drivers::PredictingTransport* prediction_behind(const runtime::Backend& backend);

}  // namespace crossloop::cli
