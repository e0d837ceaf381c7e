#include "host/runtime/engine_backend.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace crossloop::runtime {

EngineBackend::EngineBackend(const compiler::TileFormat& tile, const analog::Device& device,
                             std::uint64_t chip_seed, const engine::EngineOptions& options)
    : tile_(tile),
      chip_(device, tile.code, chip_seed),
      converters_(chip_, tile.rows, tile.columns),
      engine_(options) {}

void EngineBackend::program(std::int32_t crossbar, int rows, int columns,
                            std::span<const std::uint8_t> levels) {
  const auto padded = padded_levels(crossbar, rows, columns, levels, tile_);
  auto result =
      chip_.program(static_cast<std::uint32_t>(crossbar), tile_.rows, tile_.columns, padded);
  set_tile(crossbar, std::move(result.codes));
}

void EngineBackend::program_many(std::span<const CrossbarLevels> crossbars) {
  std::vector<analog::ProgramRequest> requests;
  for (const CrossbarLevels& one : crossbars) {
    requests.push_back({static_cast<std::uint32_t>(one.crossbar), tile_.rows, tile_.columns,
                        padded_levels(one.crossbar, one.rows, one.columns, one.levels, tile_)});
  }
  auto results = chip_.program_many(requests);
  for (std::size_t i = 0; i < results.size(); ++i) {
    set_tile(crossbars[i].crossbar, std::move(results[i].codes));
  }
}

void EngineBackend::set_tile(std::int32_t crossbar, std::vector<std::uint16_t> codes) {
  tiles_[crossbar] = std::move(codes);
  converted_.erase(crossbar);
  loaded_.erase(crossbar);
}

void EngineBackend::load(const PageJob& page) {
  const auto found = tiles_.find(page.crossbar);
  if (found == tiles_.end()) {
    throw InputError("crossbar " + std::to_string(page.crossbar) + ": never programmed");
  }
  const int rows = static_cast<int>(page.tables->rows.size());
  const int columns = static_cast<int>(page.tables->columns.size());
  if (rows > tile_.rows || columns > tile_.columns) {
    throw InputError("crossbar " + std::to_string(page.crossbar) + ": tables for " +
                     std::to_string(rows) + " x " + std::to_string(columns) + ", the tile has " +
                     std::to_string(tile_.rows) + " x " + std::to_string(tile_.columns));
  }
  auto& loaded = loaded_[page.crossbar];
  if (loaded == std::pair(rows, columns)) return;
  engine_.load(page.crossbar, rows, columns,
               upper_left(found->second, tile_.columns, rows, columns));
  loaded = {rows, columns};
}

std::shared_ptr<const EngineBackend::Converted> EngineBackend::convert(const PageJob& page) {
  auto& latest = converted_[page.crossbar];
  if (latest == nullptr || latest->host != *page.tables) {
    const auto crossbar = static_cast<std::uint32_t>(page.crossbar);
    auto chip = converters_.tables(crossbar, *page.tables, tiles_.at(page.crossbar));
    latest = std::make_shared<const Converted>(
        Converted{*page.tables, std::move(chip), converters_.inl(crossbar)});
  }
  return latest;
}

/// Calls work(job) with the tables and nonlinearities of the chip's own converters.
template <typename Work>
JobResult EngineBackend::on_chip(const Job& job, const Work& work) {
  for (const PageJob& page : job.pages) load(page);
  if (converters_.keep_tables()) return work(job);
  std::vector<std::shared_ptr<const Converted>> tables;
  Job converted = job;
  for (PageJob& page : converted.pages) {
    tables.push_back(convert(page));
    const Converted& own = *tables.back();
    page = {page.crossbar, &own.chip, own.inl ? &*own.inl : nullptr};
  }
  return work(converted);
}

JobResult EngineBackend::run(const Job& job, std::span<const std::uint8_t> vectors) {
  return on_chip(job, [&](const Job& own) { return engine_.run(own, vectors); });
}

JobResult EngineBackend::stream(const Job& job, const engine::VectorSource& vectors,
                                engine::AccumulatorSink& sink) {
  return on_chip(job, [&](const Job& own) { return engine_.stream(own, vectors, sink); });
}

Snapshot EngineBackend::snapshot(std::int32_t crossbars) const {
  Snapshot snapshot;
  snapshot.codes.resize(static_cast<std::size_t>(crossbars));
  for (const auto& [id, codes] : tiles_) {
    if (id < crossbars) snapshot.codes[static_cast<std::size_t>(id)] = codes;
  }
  return snapshot;
}

void EngineBackend::restore(const Snapshot& snapshot) {
  const std::size_t cells =
      static_cast<std::size_t>(tile_.rows) * static_cast<std::size_t>(tile_.columns);
  for (std::size_t id = 0; id < snapshot.codes.size(); ++id) {
    const auto& codes = snapshot.codes[id];
    if (codes.empty()) continue;
    if (codes.size() != cells) {
      throw InputError("snapshot: crossbar " + std::to_string(id) + " has " +
                       std::to_string(codes.size()) + " codes, the tile has " +
                       std::to_string(cells));
    }
    set_tile(static_cast<std::int32_t>(id), codes);
  }
}

}  // namespace crossloop::runtime
