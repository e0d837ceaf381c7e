// A weight cut into the tiles of its crossbars, as one tensor. Internal to pruning/ and its tests:
// it has LibTorch types.
#pragma once

#include <ATen/ATen.h>

#include "pruning/method.hpp"

namespace crossloop::pruning {

/// Dimensions of a tensor of tiles, [groups][across][outputs][bands][rows]: tile (across, band) of
/// a group has `outputs` columns of `rows` weights.
inline constexpr std::int64_t kTileOutputs = 2;
inline constexpr std::int64_t kTileRows = 4;

/// The tiles of the weight of `layer`, those at its edges padded with zeros. `tile`
/// passes check_tile.
at::Tensor to_tiles(const at::Tensor& weight, const PrunableLayer& layer, const TileShape& tile);

/// The way back: without the padding, and in the shape [outputs][...] of the weight.
at::Tensor from_tiles(const at::Tensor& tiles, const PrunableLayer& layer,
                      const at::Tensor& weight);

}  // namespace crossloop::pruning
