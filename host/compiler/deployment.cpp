#include "host/compiler/deployment.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "host/compiler/fixed_point.hpp"
#include "host/compiler/mapping.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

/// c*k + e_g of a column table (docs/hardware.md); the phase adds up to 7 more.
constexpr int kLargestLeftShift = 23;

std::string quoted(const Layer& layer) { return "layer '" + layer.name + "'"; }

void set_left_shifts(Deployment& deployment, Layer& layer) {
  const int cell_bits = deployment.tile.code.cell_bits;
  std::int32_t smallest = std::numeric_limits<std::int32_t>::max();
  for (const std::int32_t id : layer.crossbars) {
    for (const ColumnSetting& column : deployment.crossbars[std::size_t(id)].tables.columns) {
      smallest = std::min(smallest, column.shift);
    }
  }
  for (const std::int32_t id : layer.crossbars) {
    for (ColumnSetting& column : deployment.crossbars[std::size_t(id)].tables.columns) {
      column.left_shift = cell_bits * column.slice + column.shift - smallest;
    }
  }
  layer.accumulator_unit =
      std::ldexp(1.0, smallest - kGainFractionBits - deployment.tile.code.fraction_bits);
}

/// What the accumulator of one output can reach, whatever the cells hold: every ADC at a rail.
struct AccumulatorBound {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// Bounds of what the ADCs of one part add to its accumulators, those of unit columns last.
std::vector<AccumulatorBound> part_bounds(const Deployment& deployment, const Layer& layer,
                                          std::int32_t part) {
  const std::int64_t phases = (std::int64_t{1} << deployment.tile.input_bits) - 1;  // sum of 2^t
  std::vector<AccumulatorBound> bounds(static_cast<std::size_t>(accumulators_of(layer)));
  for (const std::int32_t id : layer.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[std::size_t(id)];
    if (crossbar.part != part) continue;
    for (const ColumnSetting& column : crossbar.tables.columns) {
      if (column.left_shift > kLargestLeftShift) {
        throw InputError(quoted(layer) + ": crossbar " + std::to_string(id) +
                         ": a column is shifted left by " + std::to_string(column.left_shift) +
                         " bits, expected at most " + std::to_string(kLargestLeftShift));
      }
      const std::int64_t weight = phases << column.left_shift;
      const std::int64_t above = ((std::int64_t{1} << column.bits) - 1 - column.zero_code) * weight;
      const std::int64_t below = column.zero_code * weight;
      const auto output = static_cast<std::size_t>(column.output);
      if (output >= bounds.size()) bounds.resize(output + 1);
      AccumulatorBound& bound = bounds[output];
      bound.high += column.negative ? below : above;
      bound.low -= column.negative ? above : below;
    }
  }
  return bounds;
}

/// Adds what the unit columns of a part bring into the accumulators.
void add_unit_terms(const Deployment& deployment, const Layer& layer, std::int32_t part,
                    std::vector<AccumulatorBound>& bounds) {
  for (const std::int32_t id : layer.crossbars) {
    const Crossbar& crossbar = deployment.crossbars[std::size_t(id)];
    if (crossbar.part != part || crossbar.unit_terms.empty()) continue;
    const AccumulatorBound unit =
        bounds[static_cast<std::size_t>(crossbar.tables.columns.back().output)];
    for (const UnitTerm& term : crossbar.unit_terms) {
      AccumulatorBound& bound = bounds[static_cast<std::size_t>(term.accumulator)];
      bound.high += term.factor * (term.factor < 0 ? unit.low : unit.high);
      bound.low += term.factor * (term.factor < 0 ? unit.high : unit.low);
    }
  }
}

void refuse_overflow(const Layer& layer, const std::vector<AccumulatorBound>& bounds) {
  for (std::size_t o = 0; o < bounds.size(); ++o) {
    const std::int64_t largest = std::max(bounds[o].high, -bounds[o].low);
    if (largest > kInt32Max) {
      throw InputError(quoted(layer) + ": the accumulator of output " + std::to_string(o) +
                       " could reach " + std::to_string(largest) + ", expected at most " +
                       std::to_string(kInt32Max) +
                       "; fewer ADC bits or a smaller range of ADC shifts help");
    }
  }
}

std::vector<double> nominal_zero_point_sum(const Layer& layer) {
  const int taps = layer.window.kernel_h * layer.window.kernel_w;
  std::vector<double> sums(static_cast<std::size_t>(layer.outputs));
  auto weight = layer.weights.begin();
  for (double& sum : sums) {
    for (const std::int32_t pad : layer.pad_values) {
      for (int tap = 0; tap < taps; ++tap) sum += static_cast<double>(*weight++) * pad;
    }
  }
  return sums;
}

/// What the requantisation of one channel has to do: q - z_y = ratio * (acc - zero_point) + offset.
struct ChannelMap {
  double ratio = 0.0;       ///< output quanta per accumulator unit
  double offset = 0.0;      ///< output quanta
  double zero_point = 0.0;  ///< accumulator units
};

OutputScale output_scale(ChannelMap map, const OutputRange& range, const std::string& where) {
  const auto bias_of = [&map](const FixedRatio& ratio) {
    return (map.offset == 0.0 ? 0.0 : map.offset / ratio.value()) - map.zero_point;
  };
  FixedRatio ratio = fixed_ratio(map.ratio, where);
  double bias = bias_of(ratio);
  if (!(std::abs(bias) <= static_cast<double>(kInt32Max))) {
    // The gain is (next to) zero and the channel a constant: take the smallest factor whose bias
    // still fits. A constant far beyond the rails says no more than one at twice the range.
    const double limit = 2.0 * static_cast<double>(std::int64_t{range.high} - range.low);
    map.offset = std::clamp(map.offset, -limit, limit);
    ratio = fixed_ratio(std::abs(map.offset) * std::ldexp(1.0, -30), where);
    bias = bias_of(ratio);
  }
  if (!(std::abs(bias) <= static_cast<double>(kInt32Max))) {
    throw InputError(where + ": bias " + std::to_string(bias) + ", expected a 32-bit integer");
  }
  return {.bias = static_cast<std::int32_t>(std::llround(bias)),
          .multiplier = ratio.multiplier,
          .shift = ratio.shift};
}

}  // namespace

CrossbarCount Deployment::count(int layer) const {
  const Layer& counted = layers.at(static_cast<std::size_t>(layer));
  if (counted.kind != LayerKind::kCrossbar) return {};
  return {.dense = counted.dense_crossbars,
          .pruned = static_cast<std::int32_t>(counted.crossbars.size())};
}

CrossbarCount Deployment::count() const {
  CrossbarCount total;
  for (int layer = 0; layer < static_cast<int>(layers.size()); ++layer) {
    const CrossbarCount one = count(layer);
    total.dense += one.dense;
    total.pruned += one.pruned;
  }
  return total;
}

std::int64_t Deployment::cell_count() const {
  std::int64_t cells = 0;
  for (const Crossbar& crossbar : crossbars) {
    cells += std::int64_t{crossbar.row_count()} * crossbar.column_count();
  }
  return cells;
}

void check_overflow(const Deployment& deployment, const Layer& layer) {
  for (std::int32_t part = 0; part < layer.parts; ++part) {
    auto bounds = part_bounds(deployment, layer, part);
    refuse_overflow(layer, bounds);
    add_unit_terms(deployment, layer, part, bounds);
    refuse_overflow(layer, bounds);
  }
}

void finish_layer(Deployment& deployment, int layer) {
  Layer& finished = deployment.layers.at(static_cast<std::size_t>(layer));
  if (finished.kind != LayerKind::kCrossbar) return;
  set_left_shifts(deployment, finished);
  check_overflow(deployment, finished);
  set_output_scales(deployment, layer);
}

void set_output_scales(Deployment& deployment, int layer,
                       const std::vector<double>& zero_point_sum) {
  Layer& scaled = deployment.layers.at(static_cast<std::size_t>(layer));
  if (scaled.kind != LayerKind::kCrossbar) return;
  const auto outputs = static_cast<std::size_t>(scaled.outputs);
  if (!zero_point_sum.empty() && zero_point_sum.size() != outputs) {
    throw InputError(quoted(scaled) + ": " + std::to_string(zero_point_sum.size()) +
                     " zero-point sums, expected " + std::to_string(outputs));
  }
  const auto sums = zero_point_sum.empty() ? nominal_zero_point_sum(scaled) : zero_point_sum;
  const double input_scale = deployment.tensors.at(std::size_t(scaled.inputs.at(0))).scale;
  const double output_unit = scaled.table.codes.empty()
                                 ? deployment.tensors.at(std::size_t(scaled.output)).scale
                                 : scaled.table.scale;
  std::vector<OutputScale> scales(outputs);
  for (std::size_t o = 0; o < outputs; ++o) {
    const double unit = input_scale * scaled.weight_scale[o] * scaled.accumulator_unit;
    scales[o] = output_scale({.ratio = scaled.affine_gain[o] * unit / output_unit,
                              .offset = scaled.affine_offset[o] / output_unit,
                              .zero_point = sums[o] / scaled.accumulator_unit},
                             scaled.range, quoted(scaled) + ": output " + std::to_string(o));
  }
  scaled.scales = std::move(scales);
}

}  // namespace crossloop::compiler
