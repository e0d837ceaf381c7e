// Cuts a quantised layer into crossbars (numerics.md, steps 2 and 7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/compiler/plan.hpp"

namespace crossloop::compiler {

/// Outputs that fit one crossbar. Throws InputError naming `node` if the tile has fewer columns
/// than one weight needs.
int outputs_per_crossbar(const TileFormat& tile, const std::string& node);

/// How a layer is cut into crossbars.
struct PlacementOptions {
  Mapping mapping = Mapping::kFolded;  ///< layers of one output position are always folded
  FoldingChoice folding;               ///< semi-folded
  /// Input channels that always hold the zero point, because the layer before lost all weights of
  /// that channel, lose theirs too. Exact.
  bool drop_silent = false;
  PlanOptions plan;
};

/// Appends the crossbars of `layer` (whose weights are quantised) to the deployment. `alive` is
/// [N][K], nonzero where the float weight is not zero: pruning follows the mask, so that a small
/// weight that rounds to 0 keeps its place. plan() says what goes where. A weight takes a positive
/// and a negative column per slice (slice 0 +, slice 0 -, slice 1 +, ..), or under the offset
/// encoding one column per slice, complemented where that lowers its largest sum, and the crossbar
/// ends with a unit column of level 1. ADCs at full scale: unit gain, range = largest possible
/// column sum rounded up to a power-of-two step. `sigma` is the read noise. Adds the crossbars
/// before and after each pass to Deployment::passes. Throws InputError naming the layer where the
/// tile is too small for one weight or, semi-folded, for one output column.
void place(Deployment& deployment, Layer& layer, std::int32_t layer_index,
           const std::vector<std::uint8_t>& alive, std::int32_t sigma,
           const PlacementOptions& options = {});

/// The levels of a crossbar from the layer's w_q: [rows][columns], slice k of |w_q| where the sign
/// is the column's; offset: slice k of w_q + 2^(B_w-1), complemented in a flipped column, and 1 in
/// the unit column.
std::vector<std::uint8_t> target_levels(const Crossbar& crossbar, const Layer& layer,
                                        const TileFormat& tile);

/// Adds to the report of pass `name` of the deployment, a new one if it has none.
void report_pass(Deployment& deployment, const std::string& name, std::size_t before,
                 std::size_t after);

}  // namespace crossloop::compiler
