#include "host/compiler/place.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

constexpr int kLargestAdcShift = 31;

/// The window of a layer's weight matrix that one band covers.
struct Band {
  std::int32_t index = 0;
  int first = 0;  ///< input
  int end = 0;
};

bool any_alive(const std::vector<std::uint8_t>& alive, int inputs, int output, const Band& band) {
  const auto row = alive.begin() + std::ptrdiff_t{output} * inputs;
  return std::any_of(row + band.first, row + band.end, [](std::uint8_t a) { return a != 0; });
}

/// The power-of-two step that brings the largest column sum of `rows` full levels into the ADC, as
/// an ADC shift; at least that of one level, where the product is exact.
int full_scale_shift(int rows, const TileFormat& tile, const std::string& layer) {
  const int largest = rows * (tile.code.levels() - 1);
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

Crossbar make_crossbar(const Deployment& deployment, const Layer& layer, const Band& band,
                       std::span<const std::int32_t> outputs,
                       const std::vector<std::uint8_t>& alive) {
  Crossbar crossbar;
  crossbar.band = band.index;
  for (int input = band.first; input < band.end; ++input) {
    const bool used = std::any_of(outputs.begin(), outputs.end(), [&](std::int32_t output) {
      return alive[static_cast<std::size_t>(output) *
                       static_cast<std::size_t>(layer.inputs_per_output) +
                   static_cast<std::size_t>(input)] != 0;
    });
    if (used) crossbar.tables.rows.push_back(input);
  }
  ColumnSetting column;
  column.reference = deployment.tile.code.reference;
  column.bits = deployment.tile.adc_bits;
  column.shift = full_scale_shift(crossbar.row_count(), deployment.tile, layer.name);
  for (const std::int32_t output : outputs) {
    column.output = output;
    for (column.slice = 0; column.slice < deployment.tile.slices(); ++column.slice) {
      for (const bool negative : {false, true}) {
        column.negative = negative;
        crossbar.tables.columns.push_back(column);
      }
    }
  }
  return crossbar;
}

}  // namespace

int outputs_per_crossbar(const TileFormat& tile, const std::string& node) {
  const int columns = 2 * tile.slices();
  if (columns > tile.columns) {
    throw InputError("node '" + node + "': one weight needs " + std::to_string(columns) +
                     " columns, crossbar has " + std::to_string(tile.columns));
  }
  return tile.columns / columns;
}

void place(Deployment& deployment, Layer& layer, std::int32_t layer_index,
           const std::vector<std::uint8_t>& alive, std::int32_t sigma) {
  const TileFormat& tile = deployment.tile;
  const auto width = static_cast<std::size_t>(outputs_per_crossbar(tile, layer.name));
  Band band;
  for (; band.first < layer.inputs_per_output; band.first += tile.rows, ++band.index) {
    band.end = std::min(band.first + tile.rows, layer.inputs_per_output);
    std::vector<std::int32_t> outputs;
    for (std::int32_t o = 0; o < layer.outputs; ++o) {
      if (any_alive(alive, layer.inputs_per_output, o, band)) outputs.push_back(o);
    }
    for (std::size_t first = 0; first < outputs.size(); first += width) {
      const std::size_t count = std::min(width, outputs.size() - first);
      Crossbar crossbar =
          make_crossbar(deployment, layer, band, std::span(outputs).subspan(first, count), alive);
      crossbar.layer = layer_index;
      for (ColumnSetting& column : crossbar.tables.columns) column.sigma = sigma;
      crossbar.levels = target_levels(crossbar, layer, tile.code.cell_bits);
      layer.crossbars.push_back(static_cast<std::int32_t>(deployment.crossbars.size()));
      deployment.crossbars.push_back(std::move(crossbar));
    }
  }
}

std::vector<std::uint8_t> target_levels(const Crossbar& crossbar, const Layer& layer,
                                        int cell_bits) {
  std::vector<std::uint8_t> levels;
  levels.reserve(crossbar.tables.rows.size() * crossbar.tables.columns.size());
  const auto inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const int mask = (1 << cell_bits) - 1;
  for (const std::int32_t row : crossbar.tables.rows) {
    for (const ColumnSetting& column : crossbar.tables.columns) {
      const int weight = layer.weights[static_cast<std::size_t>(column.output) * inputs +
                                       static_cast<std::size_t>(row)];
      const int magnitude = (weight < 0) == column.negative ? std::abs(weight) : 0;
      levels.push_back(static_cast<std::uint8_t>((magnitude >> (cell_bits * column.slice)) & mask));
    }
  }
  return levels;
}

}  // namespace crossloop::compiler
