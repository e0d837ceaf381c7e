// Fault-aware encoding: what a stuck cell adds, the free cells of its weight take back.
#pragma once

#include <cstdint>
#include <vector>

#include "host/analog/cell_laws.hpp"
#include "host/compiler/deployment.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::runtime {

/// Cells found stuck, by crossbar id, [rows][columns] of the used part: at the highest conductance
/// (kStuckLrs), where a cell holds the highest level, or at the lowest (kStuckHrs), level 0.
struct StuckCells {
  std::vector<std::vector<analog::CellFault>> faults;
  std::int64_t count = 0;
};

/// Cells that read 1.5 levels or more away from their target, above: kStuckLrs, below: kStuckHrs,
/// by a least-squares line of the measured codes of their crossbar over the target levels. Smaller
/// distances drown in the variation, so a cell stuck one level off is not found.
StuckCells find_stuck_cells(const compiler::Deployment& deployment, const Measurement& measurement);

/// Re-encodes every weight that has a stuck cell: its pairs take the digits, -(2^c - 1)..2^c - 1
/// each as far as the free cells allow, whose sum comes nearest to w_q; the level of a stuck cell
/// becomes the one it holds anyway. Weights without a stuck cell keep their levels.
/// Idempotent; w_q stays the target. Throws InputError for the offset encoding, which has no pairs.
void encode_around_faults(compiler::Deployment& deployment, const StuckCells& stuck);

}  // namespace crossloop::runtime
