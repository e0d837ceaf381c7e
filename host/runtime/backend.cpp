#include "host/runtime/backend.hpp"

#include <algorithm>

#include "host/analog/plant.hpp"
#include "host/error.hpp"
#include "host/progress.hpp"

namespace crossloop::runtime {

std::int64_t Snapshot::count(std::int32_t code) const {
  std::int64_t cells = 0;
  for (const auto& page : codes) cells += std::count(page.begin(), page.end(), code);
  return cells;
}

std::uint64_t Snapshot::hash() const {
  std::vector<std::uint16_t> all;
  for (const auto& page : codes) {
    all.push_back(static_cast<std::uint16_t>(page.size() & 0xFFFF));
    all.push_back(static_cast<std::uint16_t>(page.size() >> 16));
    all.insert(all.end(), page.begin(), page.end());
  }
  return analog::hash_codes(all);
}

JobResult Backend::stream(const Job& job, const engine::VectorSource& vectors,
                          engine::AccumulatorSink& sink) {
  std::vector<std::uint8_t> made(static_cast<std::size_t>(vectors.count()) *
                                 static_cast<std::size_t>(job.inputs));
  vectors.fetch(0, vectors.count(), made.data());
  JobResult result = run(job, made);
  sink.take(0, vectors.count(), result.accumulators.data());
  result.accumulators.clear();
  return result;
}

void program_all(Backend& backend, const compiler::Deployment& deployment) {
  std::vector<std::int32_t> ids(deployment.crossbars.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
  program_some(backend, deployment, ids);
}

void program_some(Backend& backend, const compiler::Deployment& deployment,
                  std::span<const std::int32_t> crossbars) {
  Progress progress("program " + backend.name(), static_cast<std::int64_t>(crossbars.size()));
  constexpr std::size_t kBatch = 64;
  std::vector<CrossbarLevels> batch;
  for (std::size_t done = 0; done < crossbars.size();) {
    const auto& crossbar = deployment.crossbars.at(static_cast<std::size_t>(crossbars[done]));
    batch.push_back(
        {crossbars[done], crossbar.row_count(), crossbar.column_count(), crossbar.levels});
    if (++done < crossbars.size() && batch.size() < kBatch) continue;
    backend.program_many(batch);
    batch.clear();
    progress.update(static_cast<std::int64_t>(done));
  }
}

void Backend::program_many(std::span<const CrossbarLevels> crossbars) {
  for (const CrossbarLevels& one : crossbars) {
    program(one.crossbar, one.rows, one.columns, one.levels);
  }
}

std::vector<std::uint8_t> padded_levels(std::int32_t crossbar, int rows, int columns,
                                        std::span<const std::uint8_t> levels,
                                        const compiler::TileFormat& tile) {
  const std::size_t cells = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  if (rows < 1 || columns < 1 || rows > tile.rows || columns > tile.columns ||
      levels.size() != cells) {
    throw InputError("crossbar " + std::to_string(crossbar) + ": " + std::to_string(levels.size()) +
                     " levels for " + std::to_string(rows) + " x " + std::to_string(columns) +
                     ", the tile has " + std::to_string(tile.rows) + " x " +
                     std::to_string(tile.columns));
  }
  const std::size_t stride = static_cast<std::size_t>(tile.columns);
  std::vector<std::uint8_t> padded(static_cast<std::size_t>(tile.rows) * stride, 0);
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    std::copy_n(
        levels.begin() + static_cast<std::ptrdiff_t>(row * static_cast<std::size_t>(columns)),
        columns, padded.begin() + static_cast<std::ptrdiff_t>(row * stride));
  }
  return padded;
}

std::vector<std::uint16_t> upper_left(std::span<const std::uint16_t> tile_codes, int tile_columns,
                                      int rows, int columns) {
  std::vector<std::uint16_t> codes;
  codes.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (int row = 0; row < rows; ++row) {
    const auto line = tile_codes.subspan(static_cast<std::size_t>(row * tile_columns),
                                         static_cast<std::size_t>(columns));
    codes.insert(codes.end(), line.begin(), line.end());
  }
  return codes;
}

}  // namespace crossloop::runtime
