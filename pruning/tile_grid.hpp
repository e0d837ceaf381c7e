// Where the tiles of a layer lie in its weight, and the segments of rows and columns in them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pruning/method.hpp"

namespace crossloop::pruning {

/// A rectangle of the weight [outputs][inputs] of a layer.
struct WeightBlock {
  int first_output = 0;
  int outputs = 0;
  int first_input = 0;
  int inputs = 0;

  int size() const { return outputs * inputs; }
  bool operator==(const WeightBlock&) const = default;
};

/// What stands or falls together (methods.md 2.2).
enum class Grain {
  kRows,     ///< one input of a tile for all its outputs: a row segment
  kColumns,  ///< one output of a tile for all its inputs: a column segment
  kTiles
};

/// "rows", "columns", "tiles".
std::string grain_name(Grain grain);

/// Throws InputError for a shape below 1.
void check_tile(const TileShape& tile);

/// The tiles of a layer: group by group (those of a grouped convolution share none), then
/// `tile.outputs` outputs, then bands of `tile.rows` inputs; the last ones of each perhaps smaller.
/// Throws InputError as check_tile does.
std::vector<WeightBlock> tiles_of(const PrunableLayer& layer, const TileShape& tile);

/// The segments of grain kRows or kColumns of one tile, or the tile itself.
std::vector<WeightBlock> segments_of(const WeightBlock& tile, Grain grain);

/// Calls action(index) for every weight of `block`, index into [outputs][layer.inputs].
template <class Action>
void for_each_weight(const PrunableLayer& layer, const WeightBlock& block, const Action& action) {
  for (int o = block.first_output; o < block.first_output + block.outputs; ++o) {
    const auto row = static_cast<std::size_t>(o) * static_cast<std::size_t>(layer.inputs);
    for (int k = block.first_input; k < block.first_input + block.inputs; ++k) {
      action(row + static_cast<std::size_t>(k));
    }
  }
}

}  // namespace crossloop::pruning
