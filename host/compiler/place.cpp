#include "host/compiler/place.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "host/compiler/silent.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

constexpr int kLargestAdcShift = 31;

/// The power-of-two step that brings the sum of `rows` cells at `level` into the ADC, as an ADC
/// shift; at least that of one level, where the product is exact.
int full_scale_shift(int rows, int level, const TileFormat& tile, const std::string& layer) {
  const int largest = rows * level;
  const int top = (1 << tile.adc_bits) - 1;
  int step = 0;
  while ((largest + (step == 0 ? 0 : 1 << (step - 1))) >> step > top) ++step;
  const int shift = tile.code.fraction_bits + kGainFractionBits + step;
  if (shift > kLargestAdcShift) {
    throw InputError("layer '" + layer + "': ADC shift " + std::to_string(shift) +
                     ", expected at most " + std::to_string(kLargestAdcShift));
  }
  return shift;
}

/// Slice `slice` of a weight under the offset encoding.
int offset_digit(int weight, int slice, const TileFormat& tile) {
  const int biased = weight + (1 << (tile.weight_bits - 1));
  return (biased >> (tile.code.cell_bits * slice)) & (tile.code.levels() - 1);
}

/// The level of one cell.
int level_of(const ColumnSetting& column, const Layer& layer, std::int32_t row,
             const TileFormat& tile) {
  const int top = tile.code.levels() - 1;
  if (column.output >= accumulators_of(layer)) return 1;  // unit column
  const int weight = weight_at(layer, column.output, row);
  if (tile.encoding == Encoding::kOffset) {
    const int digit = offset_digit(weight, column.slice, tile);
    return column.negative ? top - digit : digit;
  }
  const int magnitude = (weight < 0) == column.negative ? std::abs(weight) : 0;
  return (magnitude >> (tile.code.cell_bits * column.slice)) & top;
}

/// Whether the complement of a column has the smaller largest sum.
bool better_flipped(const Block& block, const Layer& layer, const ColumnSetting& column,
                    const TileFormat& tile) {
  const int sum = std::accumulate(
      block.rows.begin(), block.rows.end(), 0,
      [&](int part, std::int32_t row) { return part + level_of(column, layer, row, tile); });
  return 2 * sum > static_cast<int>(block.rows.size()) * (tile.code.levels() - 1);
}

void add_differential_columns(const TileFormat& tile, ColumnSetting column, Crossbar& crossbar) {
  for (column.slice = 0; column.slice < tile.slices(); ++column.slice) {
    for (const bool negative : {false, true}) {
      column.negative = negative;
      crossbar.tables.columns.push_back(column);
    }
  }
}

void add_offset_columns(const TileFormat& tile, const Layer& layer, const Block& block,
                        ColumnSetting column, Crossbar& crossbar) {
  UnitTerm term{.accumulator = column.output, .factor = -(1 << (tile.weight_bits - 1))};
  for (column.slice = 0; column.slice < tile.slices(); ++column.slice) {
    column.negative = false;
    column.negative = better_flipped(block, layer, column, tile);
    if (column.negative)
      term.factor += (tile.code.levels() - 1) << (tile.code.cell_bits * column.slice);
    crossbar.tables.columns.push_back(column);
  }
  crossbar.unit_terms.push_back(term);
}

/// `unit` is the accumulator of the crossbar's unit column.
Crossbar make_crossbar(const Deployment& deployment, const Layer& layer, const Block& block,
                       std::int32_t unit, std::int32_t sigma) {
  const TileFormat& tile = deployment.tile;
  Crossbar crossbar;
  crossbar.part = block.part;
  crossbar.band = block.band;
  crossbar.tables.rows = block.rows;
  ColumnSetting column;
  column.reference = tile.code.reference;
  column.sigma = sigma;
  column.bits = tile.adc_bits;
  column.shift = full_scale_shift(crossbar.row_count(), tile.code.levels() - 1, tile, layer.name);
  const bool offset = tile.encoding == Encoding::kOffset;
  for (const std::int32_t accumulator : block.accumulators) {
    column.output = accumulator;
    if (offset) {
      add_offset_columns(tile, layer, block, column, crossbar);
    } else {
      add_differential_columns(tile, column, crossbar);
    }
  }
  if (offset) {
    column.output = unit;
    column.shift = full_scale_shift(crossbar.row_count(), 1, tile, layer.name);
    crossbar.tables.columns.push_back(column);
  }
  crossbar.levels = target_levels(crossbar, layer, tile);
  return crossbar;
}

int out_width_of(const Deployment& deployment, const Layer& layer) {
  const auto id = static_cast<std::size_t>(layer.output);
  return id < deployment.tensors.size() ? deployment.tensors[id].shape.width : 1;
}

/// Sets mapping, columns_per_vector, parts and dense_crossbars.
MaskedLayer mapped(const Deployment& deployment, Layer& layer,
                   const std::vector<std::uint8_t>& alive, const PlacementOptions& options) {
  MaskedLayer masked{.layer = &layer, .alive = &alive, .folding = {}};
  masked.out_width = out_width_of(deployment, layer);
  LayerGeometry geometry{.outputs = layer.outputs, .groups = layer.groups, .window = layer.window};
  geometry.inputs = layer.inputs_per_output / (layer.window.kernel_h * layer.window.kernel_w);
  geometry.out_width = masked.out_width;
  if (options.mapping == Mapping::kFolded || masked.out_width == 1) {
    const auto counts = mapping_counts(geometry, deployment.tile);
    layer.dense_crossbars = static_cast<std::int32_t>(counts.folded);
    return masked;
  }
  const auto folding = semi_folding(geometry, deployment.tile, options.folding);
  if (!folding) {
    throw InputError("node '" + layer.name + "': a semi-folded kernel of width " +
                     std::to_string(layer.window.kernel_w) + " does not fit a tile of " +
                     std::to_string(deployment.tile.rows) + " x " +
                     std::to_string(deployment.tile.columns) +
                     " with the K_in, K_out and W_s given");
  }
  masked.folding = *folding;
  layer.dense_crossbars = static_cast<std::int32_t>(folding->crossbars);
  layer.mapping = Mapping::kSemiFolded;
  layer.columns_per_vector = folding->columns;
  layer.parts = (masked.out_width + folding->columns - 1) / folding->columns;
  return masked;
}

/// The plan with all passes; each one's effect goes to the report. `alive` is the mask with silent
/// inputs, masked.alive the one without.
std::vector<Block> reported_plan(Deployment& deployment, const MaskedLayer& masked,
                                 const std::vector<std::uint8_t>& alive,
                                 const PlacementOptions& wanted) {
  struct Pass {
    const char* name;
    bool PlanOptions::*member;
  };
  constexpr Pass kPasses[] = {{"input reorder", &PlanOptions::reorder},
                              {"row compaction", &PlanOptions::compact},
                              {"column rearrangement", &PlanOptions::rearrange},
                              {"shared remnants", &PlanOptions::share}};
  PlanOptions options{.order = wanted.plan.order};
  MaskedLayer whole = masked;
  whole.alive = &alive;
  std::vector<Block> blocks = plan(whole, deployment.tile, options);
  report_pass(deployment, "pruned segments",
              static_cast<std::size_t>(masked.layer->dense_crossbars), blocks.size());
  if (wanted.drop_silent) {
    auto next = plan(masked, deployment.tile, options);
    report_pass(deployment, "silent channels", blocks.size(), next.size());
    blocks = std::move(next);
  }
  for (const Pass& pass : kPasses) {
    if (!(wanted.plan.*pass.member)) continue;
    options.*pass.member = true;
    auto next = plan(masked, deployment.tile, options);
    report_pass(deployment, pass.name, blocks.size(), next.size());
    blocks = std::move(next);
  }
  return blocks;
}

}  // namespace

int outputs_per_crossbar(const TileFormat& tile, const std::string& node) {
  const int fit = tile.columns < tile.columns_per_weight() ? 0 : tile.weights_per_row();
  if (fit < 1) {
    throw InputError("node '" + node + "': one weight needs " +
                     std::to_string(tile.columns_per_weight() + tile.unit_columns()) +
                     " columns, crossbar has " + std::to_string(tile.columns));
  }
  return fit;
}

void report_pass(Deployment& deployment, const std::string& name, std::size_t before,
                 std::size_t after) {
  auto& passes = deployment.passes;
  auto found = std::find_if(passes.begin(), passes.end(),
                            [&name](const PassReport& pass) { return pass.name == name; });
  if (found == passes.end()) found = passes.insert(passes.end(), PassReport{.name = name});
  found->before += static_cast<std::int32_t>(before);
  found->after += static_cast<std::int32_t>(after);
}

void place(Deployment& deployment, Layer& layer, std::int32_t layer_index,
           const std::vector<std::uint8_t>& alive, std::int32_t sigma,
           const PlacementOptions& options) {
  outputs_per_crossbar(deployment.tile, layer.name);
  if (options.drop_silent) layer.silent_inputs = silent_inputs(deployment, layer);
  std::vector<std::uint8_t> heard = alive;
  silence(heard, layer);
  silence(layer.weights, layer);
  const MaskedLayer masked = mapped(deployment, layer, heard, options);
  std::vector<std::int32_t> units(static_cast<std::size_t>(layer.parts), accumulators_of(layer));
  for (const Block& block : reported_plan(deployment, masked, alive, options)) {
    const std::int32_t unit = units[static_cast<std::size_t>(block.part)]++;
    Crossbar crossbar = make_crossbar(deployment, layer, block, unit, sigma);
    crossbar.layer = layer_index;
    layer.crossbars.push_back(static_cast<std::int32_t>(deployment.crossbars.size()));
    deployment.crossbars.push_back(std::move(crossbar));
  }
}

std::vector<std::uint8_t> target_levels(const Crossbar& crossbar, const Layer& layer,
                                        const TileFormat& tile) {
  std::vector<std::uint8_t> levels;
  levels.reserve(crossbar.tables.rows.size() * crossbar.tables.columns.size());
  for (const std::int32_t row : crossbar.tables.rows) {
    for (const ColumnSetting& column : crossbar.tables.columns) {
      levels.push_back(static_cast<std::uint8_t>(level_of(column, layer, row, tile)));
    }
  }
  return levels;
}

}  // namespace crossloop::compiler
