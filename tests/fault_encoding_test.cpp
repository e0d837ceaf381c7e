#include "host/runtime/fault_encoding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "host/runtime/engine_backend.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

using analog::CellFault;
using compiler::Deployment;
using testing_support::ideal_device;
using testing_support::SmallCase;

/// sum of +-2^(ck) level of one weight in crossbar 0.
int encoded(const Deployment& deployment, int row, std::int32_t output) {
  const auto& crossbar = deployment.crossbars[0];
  int sum = 0;
  for (int j = 0; j < crossbar.column_count(); ++j) {
    const auto& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
    if (column.output != output) continue;
    const int level = crossbar.levels[static_cast<std::size_t>(row * crossbar.column_count() + j)];
    sum += (column.negative ? -level : level) * (1 << (2 * column.slice));
  }
  return sum;
}

int target(const Deployment& deployment, int row, std::int32_t output) {
  const auto& layer = deployment.layers[0];
  const int input = deployment.crossbars[0].tables.rows[static_cast<std::size_t>(row)];
  return layer.weights[static_cast<std::size_t>(output * layer.inputs_per_output + input)];
}

StuckCells no_faults(const Deployment& deployment) {
  StuckCells stuck;
  for (const auto& crossbar : deployment.crossbars) {
    stuck.faults.emplace_back(crossbar.levels.size(), CellFault::kNone);
  }
  return stuck;
}

std::set<std::int32_t> outputs_of(const compiler::Crossbar& crossbar) {
  std::set<std::int32_t> outputs;
  for (const auto& column : crossbar.tables.columns) outputs.insert(column.output);
  return outputs;
}

/// The smallest |sum - wanted| that any levels of the free cells reach: the set of all sums, cell
/// by cell.
int nearest_miss(const compiler::Crossbar& crossbar, const std::vector<CellFault>& faults, int row,
                 std::int32_t output, int wanted) {
  std::set<int> sums{0};
  for (int j = 0; j < crossbar.column_count(); ++j) {
    const auto& column = crossbar.tables.columns[static_cast<std::size_t>(j)];
    if (column.output != output) continue;
    const CellFault fault = faults[static_cast<std::size_t>(row * crossbar.column_count() + j)];
    std::set<int> next;
    for (int level = 0; level <= 3; ++level) {
      if (fault == CellFault::kStuckLrs && level != 3) continue;
      if (fault == CellFault::kStuckHrs && level != 0) continue;
      const int share = (column.negative ? -level : level) * (1 << (2 * column.slice));
      for (const int sum : sums) next.insert(sum + share);
    }
    sums = next;
  }
  int best = std::abs(*sums.begin() - wanted);
  for (const int sum : sums) best = std::min(best, std::abs(sum - wanted));
  return best;
}

TEST(EncodeAroundFaults, LeavesHealthyWeightsAlone) {
  SmallCase test(ideal_device());
  const auto before = test.deployment.crossbars;
  encode_around_faults(test.deployment, no_faults(test.deployment));
  for (std::size_t id = 0; id < before.size(); ++id) {
    EXPECT_EQ(test.deployment.crossbars[id].levels, before[id].levels);
  }
}

class EncodeAroundOneFault : public ::testing::TestWithParam<CellFault> {};

TEST_P(EncodeAroundOneFault, MeetsTheWeightWhereverItIs) {
  SmallCase test(ideal_device());
  const Deployment original = test.deployment;
  const int held = GetParam() == CellFault::kStuckLrs ? 3 : 0;
  const int columns = original.crossbars[0].column_count();
  int exact = 0, cases = 0;
  for (int row = 0; row < original.crossbars[0].row_count(); ++row) {
    for (int j = 0; j < columns; ++j) {
      Deployment deployment = original;
      StuckCells stuck = no_faults(deployment);
      const std::size_t cell = static_cast<std::size_t>(row * columns + j);
      const int level = original.crossbars[0].levels[cell];
      if (level == held) continue;  // changes nothing
      stuck.faults[0][cell] = GetParam();
      encode_around_faults(deployment, stuck);
      ASSERT_EQ(deployment.crossbars[0].levels[cell], held);
      const auto& column = original.crossbars[0].tables.columns[static_cast<std::size_t>(j)];
      const int wanted = target(deployment, row, column.output);
      const int got = encoded(deployment, row, column.output);
      ++cases;
      exact += got == wanted ? 1 : 0;
      EXPECT_EQ(std::abs(got - wanted),
                nearest_miss(original.crossbars[0], stuck.faults[0], row, column.output, wanted));
      // Without re-encoding the weight is off by the cell's distance, in units of its slice.
      EXPECT_LE(std::abs(got - wanted), std::abs(held - level) << (2 * column.slice));
    }
  }
  EXPECT_GT(exact, cases * 3 / 4);
}

INSTANTIATE_TEST_SUITE_P(OfEitherKind, EncodeAroundOneFault,
                         ::testing::Values(CellFault::kStuckLrs, CellFault::kStuckHrs));

TEST(EncodeAroundFaults, TakesTheNearestWeightOfManyFaults) {
  SmallCase test(ideal_device());
  const Deployment original = test.deployment;
  auto& crossbar = test.deployment.crossbars[0];
  StuckCells stuck = no_faults(test.deployment);
  std::mt19937 rng(5);
  for (CellFault& fault : stuck.faults[0]) fault = static_cast<CellFault>(rng() % 3);
  encode_around_faults(test.deployment, stuck);
  for (std::size_t cell = 0; cell < crossbar.levels.size(); ++cell) {
    if (stuck.faults[0][cell] == CellFault::kNone) continue;
    ASSERT_EQ(crossbar.levels[cell], stuck.faults[0][cell] == CellFault::kStuckLrs ? 3 : 0);
  }
  for (int row = 0; row < crossbar.row_count(); ++row) {
    for (const std::int32_t output : outputs_of(crossbar)) {
      const int wanted = target(original, row, output);
      EXPECT_EQ(std::abs(encoded(test.deployment, row, output) - wanted),
                nearest_miss(crossbar, stuck.faults[0], row, output, wanted))
          << "row " << row << " output " << output;
    }
  }
}

TEST(EncodeAroundFaults, IsIdempotent) {
  SmallCase test(ideal_device());
  StuckCells stuck = no_faults(test.deployment);
  for (std::size_t i = 0; i < stuck.faults[0].size(); i += 7) {
    stuck.faults[0][i] = i % 2 == 0 ? CellFault::kStuckLrs : CellFault::kStuckHrs;
  }
  encode_around_faults(test.deployment, stuck);
  const auto once = test.deployment.crossbars[0].levels;
  encode_around_faults(test.deployment, stuck);
  EXPECT_EQ(test.deployment.crossbars[0].levels, once);
}

TEST(FindStuckCells, FindsThoseThatHurtAndNoHealthyOne) {
  auto device = testing_support::rough_device();
  device.stuck_lrs_rate = 0.02;
  device.stuck_hrs_rate = 0.02;
  device.wires = {100.0, 2.5, 2.5, 100.0};
  SmallCase test(device);
  EngineBackend backend(test.deployment.tile, device, 9);
  program_all(backend, test.deployment);
  Measurement measurement;
  measure(test.deployment, backend, {}, {}, measurement);
  const StuckCells found = find_stuck_cells(test.deployment, measurement);
  const analog::Chip chip(device, test.deployment.tile.code, 9);
  std::int64_t high = 0, low = 0;
  for (std::size_t id = 0; id < test.deployment.crossbars.size(); ++id) {
    const auto& crossbar = test.deployment.crossbars[id];
    for (std::size_t i = 0; i < crossbar.levels.size(); ++i) {
      const int columns = crossbar.column_count();
      const CellFault fault =
          chip.fault(static_cast<std::uint32_t>(id), static_cast<int>(i) / columns,
                     static_cast<int>(i) % columns);
      const CellFault seen = found.faults[id][i];
      const bool hurts = (fault == CellFault::kStuckLrs && crossbar.levels[i] == 0) ||
                         (fault == CellFault::kStuckHrs && crossbar.levels[i] == 3);
      if (hurts) (fault == CellFault::kStuckLrs ? high : low) += 1;
      if (!hurts && seen == CellFault::kNone) continue;
      EXPECT_EQ(seen, fault) << id << " cell " << i;
    }
  }
  EXPECT_GT(high, 3);
  EXPECT_GT(low, 3);
}

}  // namespace
}  // namespace crossloop::runtime
