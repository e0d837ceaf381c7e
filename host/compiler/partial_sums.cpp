#include "host/compiler/partial_sums.hpp"

#include <algorithm>

namespace crossloop::compiler {

namespace {

std::int64_t quotient_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t adders_of(std::int64_t outputs, std::int64_t bands, const TileFormat& tile) {
  std::int64_t crossbars = 0;
  while (bands > 1) {
    const std::int64_t together = std::min<std::int64_t>(bands, tile.rows);
    const std::int64_t groups = quotient_up(bands, together);
    const std::int64_t per_crossbar =
        std::clamp<std::int64_t>(tile.rows / together, 1, tile.columns);
    crossbars += quotient_up(outputs * groups, per_crossbar);
    bands = groups;
  }
  return crossbars;
}

}  // namespace

std::int64_t partial_sum_crossbars(const Deployment& deployment) {
  std::int64_t crossbars = 0;
  for (const Layer& layer : deployment.layers) {
    if (layer.kind != LayerKind::kCrossbar) continue;
    const std::int64_t inputs = layer.inputs_per_output / layer.groups;
    crossbars +=
        adders_of(layer.outputs, quotient_up(inputs, deployment.tile.rows), deployment.tile);
  }
  return crossbars;
}

}  // namespace crossloop::compiler
