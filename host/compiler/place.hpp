// Cuts a quantised layer into crossbars (numerics.md, steps 2 and 7).
#pragma once

#include <cstdint>
#include <vector>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Outputs that fit one crossbar. Throws InputError naming `node` if the tile has fewer columns
/// than one weight needs.
int outputs_per_crossbar(const TileFormat& tile, const std::string& node);

/// Appends the crossbars of `layer` (whose weights are quantised) to the deployment. `alive` is
/// [N][K], nonzero where the float weight is not zero: pruning follows the mask, so that a small
/// weight that rounds to 0 keeps its place. In band b (inputs b*R .. b*R + R-1) the outputs with an
/// alive weight are packed in order, 2 * slices columns each (slice 0 +, slice 0 -, slice 1 +, ..);
/// inputs dead for all outputs of a crossbar get no word line. ADCs at full scale: unit gain, range
/// = largest possible column sum rounded up to a power-of-two step. `sigma` is the read noise.
void place(Deployment& deployment, Layer& layer, std::int32_t layer_index,
           const std::vector<std::uint8_t>& alive, std::int32_t sigma);

/// The levels of a crossbar from the layer's w_q: [rows][columns], slice k of |w_q| where the sign
/// is the column's.
std::vector<std::uint8_t> target_levels(const Crossbar& crossbar, const Layer& layer,
                                        int cell_bits);

}  // namespace crossloop::compiler
