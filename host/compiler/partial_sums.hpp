// Crossbars that a chip without digital adders would spend on partial sums.
#pragma once

#include <cstdint>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Crossbars whose cells add what the row bands of a layer give, over all layers: an output takes
/// one word line per band and one bit line, and where a crossbar has too few word lines for one
/// output, its sums are added once more. Pruning keeps them, so work on crossbar-aware pruning
/// quotes its savings with and without (Liang et al. 2018, in the spirit of: the text of its count
/// is not at hand). Our own chip adds digitally and has none.
std::int64_t partial_sum_crossbars(const Deployment& deployment);

/// The same of one layer: `outputs` that each add up `inputs`, those of one group of a grouped
/// convolution, in bands of a tile's word lines.
std::int64_t partial_sum_crossbars(std::int64_t outputs, std::int64_t inputs,
                                   const TileFormat& tile);

}  // namespace crossloop::compiler
