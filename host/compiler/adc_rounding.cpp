#include "host/compiler/adc_rounding.hpp"

#include <cmath>

namespace crossloop::compiler {

namespace {

/// Variance of one conversion in squared levels.
double rounding_variance(const ColumnSetting& column, const TileFormat& tile) {
  const double levels = std::ldexp(1.0, column.shift - kGainFractionBits - tile.code.fraction_bits);
  return levels <= 1.0 ? 0.0 : (levels * levels - 1.0) / 12.0;
}

}  // namespace

std::vector<float> adc_rounding_noise(const Deployment& deployment, int layer) {
  const Layer& one = deployment.layers[static_cast<std::size_t>(layer)];
  const TileFormat& tile = deployment.tile;
  const auto outputs = static_cast<std::size_t>(one.outputs);
  const auto parallel = static_cast<std::size_t>(one.columns_per_vector);
  std::vector<double> variance(outputs);
  for (const std::int32_t id : one.crossbars) {
    for (const ColumnSetting& column :
         deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      const double weight = std::ldexp(1.0, 2 * tile.code.cell_bits * column.slice);
      variance[static_cast<std::size_t>(column.output) / parallel % outputs] +=
          weight * rounding_variance(column, tile);
    }
  }
  const double phases = (std::ldexp(1.0, 2 * tile.input_bits) - 1.0) / 3.0;
  const double input_scale = deployment.tensors[static_cast<std::size_t>(one.inputs[0])].scale;
  std::vector<float> noise;
  for (std::size_t o = 0; o < outputs; ++o) {
    const double copies = static_cast<double>(parallel) * one.parts;
    noise.push_back(static_cast<float>(std::sqrt(variance[o] * phases / copies) * input_scale *
                                       one.weight_scale[o]));
  }
  return noise;
}

}  // namespace crossloop::compiler
