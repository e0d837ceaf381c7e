#include "host/loop/faulty_cell.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "host/runtime/gather.hpp"

namespace crossloop::loop {

runtime::Snapshot with_faulty_cell(runtime::Snapshot snapshot,
                                   const compiler::Deployment& deployment,
                                   const data::Dataset& image, std::uint32_t seed) {
  const auto& tables = deployment.crossbars.at(0).tables;
  const std::size_t inputs = static_cast<std::size_t>(deployment.layers.at(0).inputs_per_output);
  const auto windows = runtime::gather_windows(
      deployment, 0, runtime::start_batch(deployment, image, 0, image.count));
  std::vector<std::int64_t> drive(tables.rows.size(), 0);
  for (std::size_t first = 0; first < windows.size(); first += inputs) {
    for (std::size_t r = 0; r < drive.size(); ++r) {
      drive[r] += windows[first + static_cast<std::size_t>(tables.rows[r])];
    }
  }
  const auto hardest = std::max_element(drive.begin(), drive.end());
  const std::size_t row = static_cast<std::size_t>(hardest - drive.begin());
  const std::size_t column = seed % tables.columns.size();
  snapshot.codes.at(0).at(row * static_cast<std::size_t>(deployment.tile.columns) + column) ^=
      static_cast<std::uint16_t>(1 << (deployment.tile.code.bits - 1));
  spdlog::warn("negative control: crossbar 0, row {}, column {} is faulty in the RTL", row, column);
  return snapshot;
}

}  // namespace crossloop::loop
