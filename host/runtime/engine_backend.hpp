// The engine as a Backend: a chip in the plant, read by the integer engine.
#pragma once

#include <map>

#include "host/analog/plant.hpp"
#include "host/engine/engine.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::runtime {

class EngineBackend : public Backend {
 public:
  /// A chip of `device` with `chip_seed`, tiles as `tile` says.
  EngineBackend(const compiler::TileFormat& tile, const analog::Device& device,
                std::uint64_t chip_seed, const engine::EngineOptions& options = {});

  std::string name() const override { return "engine"; }
  void program(std::int32_t crossbar, int rows, int columns,
               std::span<const std::uint8_t> levels) override;
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) override;
  Snapshot snapshot(std::int32_t crossbars) const override;
  void restore(const Snapshot& snapshot) override;

  const analog::Chip& chip() const { return chip_; }

 private:
  compiler::TileFormat tile_;
  analog::Chip chip_;
  engine::Engine engine_;
  std::map<std::int32_t, std::vector<std::uint16_t>> tiles_;  // whole tiles by id
};

}  // namespace crossloop::runtime
