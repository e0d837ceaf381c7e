#include "host/cli/devices.hpp"

#include "host/error.hpp"
#include "host/runtime/device_backend.hpp"
#include "host/runtime/engine_backend.hpp"
#include "host/runtime/planted_transport.hpp"
#include "testbench/verilated_device.hpp"

namespace crossloop::cli {

std::unique_ptr<runtime::Backend> open_backend(const std::string& name,
                                               const compiler::TileFormat& tile,
                                               const analog::Device& device,
                                               std::uint64_t chip_seed, const RtlOptions& rtl) {
  if (name == "engine") {
    return std::make_unique<runtime::EngineBackend>(tile, device, chip_seed);
  }
  if (name == "rtl") {
    auto simulation = testbench::make_verilated_device(
        {.geometry = {tile.rows, tile.columns, tile.code.bits}, .trace = rtl.trace});
    std::unique_ptr<drivers::Transport> transport = std::make_unique<runtime::PlantedTransport>(
        std::move(simulation), analog::Chip(device, tile.code, chip_seed));
    if (rtl.predict_cycles) {
      transport = std::make_unique<drivers::PredictingTransport>(std::move(transport));
    }
    return std::make_unique<runtime::DeviceBackend>("rtl", std::move(transport), tile);
  }
  throw InputError("device '" + name + "': unknown, expected engine or rtl");
}

const analog::Chip& chip_behind(const runtime::Backend& backend) {
  if (const auto* engine = dynamic_cast<const runtime::EngineBackend*>(&backend)) {
    return engine->chip();
  }
  if (const auto* device = dynamic_cast<const runtime::DeviceBackend*>(&backend)) {
    const auto* predicting = prediction_behind(backend);
    const auto* planted = dynamic_cast<const runtime::PlantedTransport*>(
        predicting != nullptr ? &predicting->inner() : &device->transport());
    if (planted != nullptr) return planted->chip();
  }
  throw DeviceError("device " + backend.name() + ": no plant behind it, its cells are its own");
}

const drivers::PredictingTransport* prediction_behind(const runtime::Backend& backend) {
  const auto* device = dynamic_cast<const runtime::DeviceBackend*>(&backend);
  if (device == nullptr) return nullptr;
  return dynamic_cast<const drivers::PredictingTransport*>(&device->transport());
}

}  // namespace crossloop::cli
