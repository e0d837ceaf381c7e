#include "host/compiler/partial_sums.hpp"

#include <algorithm>

#include "host/compiler/mapping.hpp"

namespace crossloop::compiler {

std::int64_t partial_sum_crossbars(std::int64_t outputs, std::int64_t inputs,
                                   const TileFormat& tile) {
  std::int64_t bands = ceil_div(inputs, tile.rows);
  std::int64_t crossbars = 0;
  while (bands > 1) {
    const std::int64_t together = std::min<std::int64_t>(bands, tile.rows);
    const std::int64_t groups = ceil_div(bands, together);
    const std::int64_t per_crossbar =
        std::clamp<std::int64_t>(tile.rows / together, 1, tile.columns);
    crossbars += ceil_div(outputs * groups, per_crossbar);
    bands = groups;
  }
  return crossbars;
}

std::int64_t partial_sum_crossbars(const Deployment& deployment) {
  std::int64_t crossbars = 0;
  for (const Layer& layer : deployment.layers) {
    if (layer.kind != LayerKind::kCrossbar) continue;
    crossbars += partial_sum_crossbars(layer.outputs, layer.inputs_per_output / layer.groups,
                                       deployment.tile);
  }
  return crossbars;
}

}  // namespace crossloop::compiler
