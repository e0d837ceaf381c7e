#include "pruning/tile_tensor.hpp"

namespace crossloop::pruning {

namespace {

std::int64_t up_to_multiple(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

at::Tensor to_tiles(const at::Tensor& weight, const PrunableLayer& layer, const TileShape& tile) {
  const std::int64_t outputs = layer.outputs / layer.groups;
  const std::int64_t padded_outputs = up_to_multiple(outputs, tile.outputs);
  const std::int64_t padded_inputs = up_to_multiple(layer.inputs, tile.rows);
  at::Tensor matrix = weight.reshape({layer.groups, outputs, layer.inputs});
  if (padded_outputs != outputs || padded_inputs != layer.inputs) {
    matrix = at::constant_pad_nd(matrix,
                                 {0, padded_inputs - layer.inputs, 0, padded_outputs - outputs}, 0);
  }
  return matrix.view({layer.groups, padded_outputs / tile.outputs, tile.outputs,
                      padded_inputs / tile.rows, tile.rows});
}

at::Tensor from_tiles(const at::Tensor& tiles, const PrunableLayer& layer,
                      const at::Tensor& weight) {
  return tiles
      .reshape({tiles.size(0), tiles.size(1) * tiles.size(2), tiles.size(3) * tiles.size(4)})
      .narrow(1, 0, layer.outputs / layer.groups)
      .narrow(2, 0, layer.inputs)
      .reshape(weight.sizes());
}

}  // namespace crossloop::pruning
