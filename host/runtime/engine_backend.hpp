// The engine as a Backend: a chip in the plant, read by the integer engine.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "host/analog/plant.hpp"
#include "host/engine/engine.hpp"
#include "host/runtime/backend.hpp"
#include "host/runtime/converted_tables.hpp"

namespace crossloop::runtime {

class EngineBackend : public Backend {
 public:
  /// A chip of `device` with `chip_seed`, tiles as `tile` says.
  EngineBackend(const compiler::TileFormat& tile, const analog::Device& device,
                std::uint64_t chip_seed, const engine::EngineOptions& options = {});

  std::string name() const override { return "engine"; }
  void program(std::int32_t crossbar, int rows, int columns,
               std::span<const std::uint8_t> levels) override;
  void program_many(std::span<const CrossbarLevels> crossbars) override;
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) override;
  JobResult stream(const Job& job, const engine::VectorSource& vectors,
                   engine::AccumulatorSink& sink) override;
  Snapshot snapshot(std::int32_t crossbars) const override;
  void restore(const Snapshot& snapshot) override;

  const analog::Chip& chip() const { return chip_; }

 private:
  /// A table as the host set it and as the chip's converters turn it.
  struct Converted {
    compiler::PageTables host, chip;
    std::optional<analog::InlTable> inl;
  };
  void set_tile(std::int32_t crossbar, std::vector<std::uint16_t> codes);
  void load(const PageJob& page);
  std::shared_ptr<const Converted> convert(const PageJob& page);
  template <typename Work>
  JobResult on_chip(const Job& job, const Work& work);

  compiler::TileFormat tile_;
  analog::Chip chip_;
  ChipConverters converters_;
  engine::Engine engine_;
  std::map<std::int32_t, std::vector<std::uint16_t>> tiles_;  // whole tiles by id
  std::map<std::int32_t, std::pair<int, int>> loaded_;  // rows, columns the engine holds of a tile
  std::map<std::int32_t, std::shared_ptr<const Converted>> converted_;  // by id, the latest
};

}  // namespace crossloop::runtime
