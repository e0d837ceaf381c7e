#include "host/runtime/lanes_backend.hpp"

#include <limits>
#include <optional>

#include "host/error.hpp"

namespace crossloop::runtime {

using compiler::ColumnSetting;
using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using lanes::LaneKind;

lanes::LayerGeometry lane_geometry(const Layer& layer) {
  if (layer.kind != LayerKind::kCrossbar) return {layer.name, 0, 0, 0, 0};
  if (layer.mapping != compiler::Mapping::kFolded) {
    throw InputError("layer " + layer.name + ": semi-folded, lanes take folded layers only");
  }
  const int positions = layer.window.kernel_h * layer.window.kernel_w;
  return {layer.name, layer.outputs, layer.inputs_per_output / positions, layer.window.kernel_h,
          layer.window.kernel_w};
}

namespace {

/// A lane can only stand in for a column whose converter is ideal.
void check_ideal(const ColumnSetting& column, const compiler::TileFormat& tile,
                 const std::string& where) {
  const auto check = [&](const char* what, std::int32_t found, std::int32_t expected) {
    if (found == expected) return;
    throw InputError(where + ": " + what + " " + std::to_string(found) + ", a lane has only " +
                     std::to_string(expected));
  };
  check("sigma", column.sigma, 0);
  check("gain", column.gain, compiler::kUnitGain);
  check("reference", column.reference, tile.code.reference);
}

/// log2 of 1 / u: how far left a sum of products stands in the accumulator.
int accumulator_shift(const Job& job, const compiler::TileFormat& tile, const std::string& layer) {
  std::optional<int> smallest;
  for (const PageJob& page : job.pages) {
    for (std::size_t j = 0; j < page.tables->columns.size(); ++j) {
      const ColumnSetting& column = page.tables->columns[j];
      check_ideal(column, tile,
                  "layer " + layer + ", crossbar " + std::to_string(page.crossbar) + ", column " +
                      std::to_string(j));
      const int own = column.shift - (column.left_shift - tile.code.cell_bits * column.slice);
      if (smallest.value_or(own) != own) {
        throw InputError("layer " + layer + ": accumulators in units of 2^" +
                         std::to_string(*smallest) + " and of 2^" + std::to_string(own));
      }
      smallest = own;
    }
  }
  return compiler::kGainFractionBits + tile.code.fraction_bits - smallest.value_or(0);
}

/// sum << shift, or with a negative shift the sum in coarser units, rounded half up.
std::int32_t in_accumulator_units(std::int32_t sum, int shift, const std::string& layer) {
  const std::int64_t value = shift >= 0 ? std::int64_t{sum} * (std::int64_t{1} << shift)
                                        : (sum + (std::int64_t{1} << (-shift - 1))) >> -shift;
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max()) {
    throw InputError("layer " + layer + ": an accumulator of " + std::to_string(value) +
                     " does not fit 32 bits");
  }
  return static_cast<std::int32_t>(value);
}

}  // namespace

LanesBackend::LanesBackend(const Deployment& deployment, LaneKind kind,
                           const lanes::LaneShape& shape, LaneFactory make)
    : tile_(deployment.tile), kind_(kind), shape_(shape), make_(std::move(make)) {
  lanes::check_shape(kind, shape);
  if (tile_.encoding != compiler::Encoding::kDifferential) {
    throw InputError("network " + deployment.network +
                     ": offset encoding, lanes take differential weights only");
  }
  for (const Layer& layer : deployment.layers) geometries_.push_back(lane_geometry(layer));
  for (const auto& crossbar : deployment.crossbars) layer_of_.push_back(crossbar.layer);
  uses_.resize(deployment.layers.size());
}

void LanesBackend::program(std::int32_t crossbar, int rows, int columns,
                           std::span<const std::uint8_t> levels) {
  levels_[crossbar] = padded_levels(crossbar, rows, columns, levels, tile_);
}

std::vector<std::int8_t> LanesBackend::weights_of(const Job& job, const std::string& layer) const {
  const auto inputs = static_cast<std::size_t>(job.inputs);
  const auto tile_columns = static_cast<std::size_t>(tile_.columns);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(job.outputs) * inputs, 0);
  for (const PageJob& page : job.pages) {
    const auto found = levels_.find(page.crossbar);
    if (found == levels_.end()) {
      throw InputError("crossbar " + std::to_string(page.crossbar) + " was never programmed");
    }
    const auto& [rows, columns] = *page.tables;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto input = static_cast<std::size_t>(rows[r]);
      if (input >= inputs) continue;  // an unused word line
      for (std::size_t j = 0; j < columns.size(); ++j) {
        const std::int32_t level = found->second[r * tile_columns + j]
                                   << (tile_.code.cell_bits * columns[j].slice);
        const auto output = static_cast<std::size_t>(columns[j].output);
        if (output >= static_cast<std::size_t>(job.outputs)) continue;
        sums[output * inputs + input] += columns[j].negative ? -level : level;
      }
    }
  }
  std::vector<std::int8_t> weights;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] < -128 || sums[i] > 127) {
      throw InputError("layer " + layer + ": weight " + std::to_string(sums[i]) + " of output " +
                       std::to_string(i / inputs) + ", a lane has -128..127");
    }
    weights.push_back(static_cast<std::int8_t>(sums[i]));
  }
  return weights;
}

lanes::Lane& LanesBackend::lane_of(LaneKind kind) {
  auto& lane = lanes_[kind];
  if (!lane) lane = make_(kind, shape_);
  return *lane;
}

JobResult LanesBackend::run(const Job& job, std::span<const std::uint8_t> vectors) {
  const auto layer = static_cast<std::size_t>(
      layer_of_.at(static_cast<std::size_t>(job.pages.empty() ? 0 : job.pages[0].crossbar)));
  const lanes::LayerGeometry& geometry = geometries_.at(layer);
  const int shift = accumulator_shift(job, tile_, geometry.name);
  const auto weights = weights_of(job, geometry.name);
  const bool dense = kind_ == LaneKind::kBalanced && !lanes::is_balanced(shape_, geometry, weights);
  const LaneKind kind = dense ? LaneKind::kDense : kind_;
  const auto program = lanes::encode(kind, shape_, geometry, weights);
  lanes::LaneRun run = lane_of(kind).run(program, vectors);
  uses_[layer].kind = kind;
  uses_[layer].counters += run.counters;
  JobResult result;
  result.cycles = static_cast<std::int64_t>(run.counters.cycles);
  result.accumulators = std::move(run.sums);
  for (auto& sum : result.accumulators) sum = in_accumulator_units(sum, shift, geometry.name);
  return result;
}

Snapshot LanesBackend::snapshot(std::int32_t crossbars) const {
  Snapshot snapshot;
  snapshot.codes.resize(static_cast<std::size_t>(crossbars));
  for (const auto& [crossbar, levels] : levels_) {
    if (crossbar >= crossbars) continue;
    auto& codes = snapshot.codes[static_cast<std::size_t>(crossbar)];
    for (const std::uint8_t level : levels) {
      codes.push_back(static_cast<std::uint16_t>(tile_.code.nominal(level)));
    }
  }
  return snapshot;
}

void LanesBackend::restore(const Snapshot& snapshot) {
  for (std::size_t crossbar = 0; crossbar < snapshot.codes.size(); ++crossbar) {
    std::vector<std::uint8_t> levels;
    for (const std::uint16_t code : snapshot.codes[crossbar]) {
      const int level = (code - tile_.code.reference) >> tile_.code.fraction_bits;
      if (level < 0 || level >= tile_.code.levels() || tile_.code.nominal(level) != code) {
        throw InputError("crossbar " + std::to_string(crossbar) + ": code " + std::to_string(code) +
                         " is that of no level, lanes have ideal cells only");
      }
      levels.push_back(static_cast<std::uint8_t>(level));
    }
    if (!levels.empty()) levels_[static_cast<std::int32_t>(crossbar)] = std::move(levels);
  }
}

}  // namespace crossloop::runtime
