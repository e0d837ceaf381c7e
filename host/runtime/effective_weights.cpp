// The weights that measured cells make, and how far they are from their targets.
#include <cmath>

#include "host/compiler/mapping.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Deployment;
using compiler::kGainFractionBits;

namespace {

/// What one cell adds to its weight in units of w_q, its gain included.
double weight_of_cell(const ColumnSetting& column, float code, const analog::CodeFormat& format) {
  const double unit =
      std::ldexp(static_cast<double>(column.gain),
                 format.cell_bits * column.slice - kGainFractionBits - format.fraction_bits);
  return (column.negative ? -unit : unit) * (code - static_cast<float>(column.reference));
}

/// Adds one crossbar's cells to the weights [N][K]; a unit cell counts with the terms it stands
/// for.
void add_cells(const compiler::Layer& layer, const compiler::Crossbar& crossbar,
               const MeasuredPage& page, const analog::CodeFormat& format,
               std::vector<double>& weights) {
  const auto add = [&](std::int32_t accumulator, std::int32_t row, double value) {
    const std::ptrdiff_t index = compiler::weight_index(layer, accumulator, row);
    if (index >= 0) weights[static_cast<std::size_t>(index)] += value;
  };
  const auto& columns = crossbar.tables.columns;
  for (std::size_t i = 0; i < page.codes.size(); ++i) {
    const ColumnSetting& column = columns[i % columns.size()];
    const std::int32_t row = crossbar.tables.rows[i / columns.size()];
    const double value = weight_of_cell(column, page.codes[i], format);
    if (column.output < compiler::accumulators_of(layer)) {
      add(column.output, row, value);
      continue;
    }
    for (const compiler::UnitTerm& term : crossbar.unit_terms) {
      add(term.accumulator, row, term.factor * value);
    }
  }
}

}  // namespace

std::vector<float> effective_weights(const Deployment& deployment, int layer,
                                     const Measurement& measurement) {
  const auto& here = deployment.layers.at(static_cast<std::size_t>(layer));
  std::vector<double> weights(here.weights.size(), 0.0);
  for (const std::int32_t id : here.crossbars) {
    add_cells(here, deployment.crossbars[static_cast<std::size_t>(id)],
              measurement.pages.at(static_cast<std::size_t>(id)), deployment.tile.code, weights);
  }
  const auto& output = deployment.tensors.at(static_cast<std::size_t>(here.output)).shape;
  const double copies = compiler::copies_of_weight(here, output.width);
  std::vector<float> mean;
  for (const double weight : weights) mean.push_back(static_cast<float>(weight / copies));
  return mean;
}

double relative_weight_error(const Deployment& deployment, const Measurement& measurement) {
  double error = 0.0, target = 0.0;
  for (std::size_t index = 0; index < deployment.layers.size(); ++index) {
    const compiler::Layer& layer = deployment.layers[index];
    if (layer.kind != compiler::LayerKind::kCrossbar) continue;
    const auto effective = effective_weights(deployment, static_cast<int>(index), measurement);
    for (std::size_t i = 0; i < effective.size(); ++i) {
      const double wanted = layer.weights[i];
      error += (effective[i] - wanted) * (effective[i] - wanted);
      target += wanted * wanted;
    }
  }
  return target > 0.0 ? std::sqrt(error / target) : 0.0;
}

}  // namespace crossloop::runtime
