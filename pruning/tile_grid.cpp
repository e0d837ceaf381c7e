#include "pruning/tile_grid.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace crossloop::pruning {

std::string grain_name(Grain grain) {
  return grain == Grain::kRows ? "rows" : grain == Grain::kColumns ? "columns" : "tiles";
}

void check_tile(const TileShape& tile) {
  if (tile.rows >= 1 && tile.outputs >= 1) return;
  throw InputError("tile to prune for: found " + std::to_string(tile.rows) + " rows by " +
                   std::to_string(tile.outputs) + " outputs, expected at least 1 of each");
}

std::vector<WeightBlock> tiles_of(const PrunableLayer& layer, const TileShape& tile) {
  check_tile(tile);
  const int per_group = layer.outputs / layer.groups;
  std::vector<WeightBlock> tiles;
  for (int group = 0; group < layer.groups; ++group) {
    for (int o = 0; o < per_group; o += tile.outputs) {
      for (int k = 0; k < layer.inputs; k += tile.rows) {
        tiles.push_back({.first_output = group * per_group + o,
                         .outputs = std::min(tile.outputs, per_group - o),
                         .first_input = k,
                         .inputs = std::min(tile.rows, layer.inputs - k)});
      }
    }
  }
  return tiles;
}

std::vector<WeightBlock> segments_of(const WeightBlock& tile, Grain grain) {
  std::vector<WeightBlock> segments;
  switch (grain) {
    case Grain::kTiles:
      return {tile};
    case Grain::kRows:
      for (int k = 0; k < tile.inputs; ++k) {
        segments.push_back({tile.first_output, tile.outputs, tile.first_input + k, 1});
      }
      return segments;
    case Grain::kColumns:
      for (int o = 0; o < tile.outputs; ++o) {
        segments.push_back({tile.first_output + o, 1, tile.first_input, tile.inputs});
      }
      return segments;
  }
  return segments;
}

}  // namespace crossloop::pruning
