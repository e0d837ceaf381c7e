#include "host/compiler/mapping.hpp"

#include <algorithm>
#include <cassert>

namespace crossloop::compiler {
namespace {

/// The folding with W_s fixed; nothing where it does not fit.
std::optional<SemiFolding> folding_of(const LayerGeometry& geometry, const TileFormat& tile,
                                      const FoldingChoice& choice, int columns) {
  const int strip = strip_width(geometry.window, columns);
  const int wanted_inputs = std::max(1, choice.input_channels);
  SemiFolding folding{.columns = columns};
  folding.kernel_rows =
      geometry.window.kernel_h * strip * wanted_inputs <= tile.rows ? geometry.window.kernel_h : 1;
  const int most_inputs = tile.rows / (folding.kernel_rows * strip);
  const int most_outputs = tile.weights_per_row() / columns;
  if (most_inputs < wanted_inputs || most_outputs < std::max(1, choice.output_channels)) {
    return std::nullopt;
  }
  folding.input_channels =
      choice.input_channels > 0 ? choice.input_channels : std::min(most_inputs, geometry.inputs);
  folding.output_channels = choice.output_channels > 0 ? choice.output_channels
                                                       : std::min(most_outputs, geometry.outputs);
  folding.crossbars = ceil_div(geometry.out_width, columns) *
                      (geometry.window.kernel_h / folding.kernel_rows) *
                      ceil_div(geometry.inputs, folding.input_channels) *
                      ceil_div(geometry.outputs, folding.output_channels);
  return folding;
}

/// The counts of one group, and how many groups fit one crossbar whole.
MappingCounts counts_of_group(const LayerGeometry& group, const TileFormat& tile) {
  const std::int64_t rows =
      std::int64_t{group.inputs} * group.window.kernel_h * group.window.kernel_w;
  MappingCounts counts;
  counts.folded = ceil_div(rows, tile.rows) * ceil_div(group.outputs, tile.weights_per_row());
  const auto folding = semi_folding(group, tile);
  counts.semi_folded = folding ? folding->crossbars : 0;
  if (group.out_height * group.out_width == 1) counts.semi_folded = counts.folded;
  return counts;
}

}  // namespace

std::optional<SemiFolding> semi_folding(const LayerGeometry& geometry, const TileFormat& tile,
                                        const FoldingChoice& choice) {
  std::optional<SemiFolding> best;
  const int first = choice.columns > 0 ? choice.columns : 1;
  const int last =
      choice.columns > 0 ? choice.columns : std::min(geometry.out_width, tile.weights_per_row());
  for (int columns = first; columns <= last; ++columns) {
    const auto folding = folding_of(geometry, tile, choice, columns);
    if (folding && (!best || folding->crossbars <= best->crossbars)) best = folding;
  }
  return best;
}

MappingCounts mapping_counts(const LayerGeometry& geometry, const TileFormat& tile) {
  if (tile.weights_per_row() < 1) return {};
  LayerGeometry group = geometry;
  group.groups = 1;
  group.inputs = geometry.inputs / geometry.groups;
  group.outputs = geometry.outputs / geometry.groups;
  MappingCounts counts = counts_of_group(group, tile);
  const int rows = group.inputs * group.window.kernel_h * group.window.kernel_w;
  const int side_by_side = std::min(tile.rows / rows, tile.weights_per_row() / group.outputs);
  counts.folded =
      side_by_side > 1 ? ceil_div(geometry.groups, side_by_side) : counts.folded * geometry.groups;
  counts.semi_folded *= geometry.groups;
  counts.unfolded = counts.folded * geometry.out_height * geometry.out_width;
  return counts;
}

int strip_width(const network::Window& window, int columns) {
  return (columns - 1) * window.stride_w + (window.kernel_w - 1) * window.dilation_w + 1;
}

int vector_inputs(const Layer& layer) {
  if (layer.mapping == Mapping::kFolded) return layer.inputs_per_output;
  return layer.inputs_per_output / layer.window.kernel_w *
         strip_width(layer.window, layer.columns_per_vector);
}

int accumulators_of(const Layer& layer) { return layer.outputs * layer.columns_per_vector; }

std::ptrdiff_t weight_index(const Layer& layer, int accumulator, int input) {
  assert(accumulator >= 0 && accumulator < accumulators_of(layer));
  assert(input >= 0 && input < vector_inputs(layer));
  const std::ptrdiff_t inputs = layer.inputs_per_output;
  if (layer.mapping == Mapping::kFolded) return accumulator * inputs + input;
  const network::Window& w = layer.window;
  const int strip = strip_width(w, layer.columns_per_vector);
  const int from_window = input % strip - accumulator / layer.outputs * w.stride_w;
  if (from_window < 0 || from_window % w.dilation_w != 0) return -1;
  const int tap = from_window / w.dilation_w;
  if (tap >= w.kernel_w) return -1;
  return accumulator % layer.outputs * inputs + input / strip * w.kernel_w + tap;
}

std::int64_t vectors_of_part(const Layer& layer, const network::Shape& output, int part) {
  if (layer.mapping == Mapping::kSemiFolded) return output.height;
  return ceil_div(std::int64_t{output.height} * output.width - part, layer.parts);
}

int copies_of_weight(const Layer& layer, int out_width) {
  return layer.mapping == Mapping::kFolded ? layer.parts : out_width;
}

}  // namespace crossloop::compiler
