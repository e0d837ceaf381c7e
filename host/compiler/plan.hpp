// Which weights share a crossbar: the plan of one layer before any cell is set.
#pragma once

#include <cstdint>
#include <vector>

#include "host/compiler/mapping.hpp"

namespace crossloop::compiler {

/// Passes over the plan of a layer. Each is exact on ideal tiles: only tables change.
struct PlanOptions {
  /// Input channels by falling importance, sum over outputs and taps of |w| s_w, before the cut
  /// into bands, so that channels of like importance share one (methods.md 1.6, cheap form).
  bool reorder = false;
  /// Inputs that no output uses leave before the cut into bands, where that saves crossbars.
  bool compact = false;
  /// Columns of a band by rising mean |w|, so that heavy columns meet in few crossbars, and within
  /// a crossbar the heaviest at the driver's end (methods.md 2.4).
  bool rearrange = false;
  /// Remnants of several bands on one crossbar: where rows and columns suffice and no row of one
  /// meets a live weight of a column that the other alone has.
  bool share = false;
  /// Input channels in the order in which they meet the bands, a permutation (asserted), instead of
  /// their natural order or that of `reorder`; empty: none given.
  std::vector<std::int32_t> order = {};
};

/// What one crossbar will hold.
struct Block {
  std::int32_t part = 0;
  std::int32_t band = 0;
  std::vector<std::int32_t> rows;          ///< elements of the input vector, in order
  std::vector<std::int32_t> accumulators;  ///< in order of the columns
};

/// A layer (mapping, columns_per_vector and weights set) with its mask: `alive` is [N][K], nonzero
/// where a weight is not pruned.
struct MaskedLayer {
  const Layer* layer = nullptr;
  const std::vector<std::uint8_t>* alive = nullptr;
  int out_width = 1;
  SemiFolding folding;  ///< semi-folded layers only
};

/// The blocks of one copy of the layer, by part and band; none where every weight is pruned. In
/// each band the accumulators with a live weight are packed in order; inputs dead for all
/// accumulators of a block get no word line. `tile` holds at least one weight (asserted).
std::vector<Block> plan(const MaskedLayer& masked, const TileFormat& tile,
                        const PlanOptions& options);

}  // namespace crossloop::compiler
