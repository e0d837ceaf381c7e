#include "host/compiler/adc_rounding.hpp"

#include <cmath>
#include <cstddef>
#include <map>

#include "host/compiler/mapping.hpp"

namespace crossloop::compiler {

namespace {

/// Variance of one conversion in squared levels.
double rounding_variance(const ColumnSetting& column, const TileFormat& tile) {
  const double levels = std::ldexp(1.0, column.shift - kGainFractionBits - tile.code.fraction_bits);
  return levels <= 1.0 ? 0.0 : (levels * levels - 1.0) / 12.0;
}

/// Squared levels that the conversions of one phase round off each accumulator of a crossbar.
std::map<std::int32_t, double> accumulator_variance(const Crossbar& crossbar, const Layer& layer,
                                                    const TileFormat& tile) {
  std::map<std::int32_t, double> factors, variance;
  for (const UnitTerm& term : crossbar.unit_terms) factors[term.accumulator] += term.factor;
  for (const ColumnSetting& column : crossbar.tables.columns) {
    const double one = rounding_variance(column, tile);
    if (column.output < accumulators_of(layer)) {
      variance[column.output] += std::ldexp(one, 2 * tile.code.cell_bits * column.slice);
      continue;
    }
    for (const auto& [accumulator, factor] : factors) {
      variance[accumulator] += factor * factor * one;
    }
  }
  return variance;
}

}  // namespace

std::vector<float> adc_rounding_noise(const Deployment& deployment, int layer) {
  const Layer& one = deployment.layers[static_cast<std::size_t>(layer)];
  const TileFormat& tile = deployment.tile;
  const auto outputs = static_cast<std::size_t>(one.outputs);
  const auto parallel = static_cast<std::size_t>(one.columns_per_vector);
  std::vector<double> variance(outputs);
  for (const std::int32_t id : one.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    for (const auto& [accumulator, levels] : accumulator_variance(crossbar, one, tile)) {
      variance[static_cast<std::size_t>(accumulator) / parallel % outputs] += levels;
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
