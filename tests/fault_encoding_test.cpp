#include "host/runtime/fault_encoding.hpp"

#include <gtest/gtest.h>

#include "host/runtime/engine_backend.hpp"
#include "tests/small_deployment.hpp"

namespace crossloop::runtime {
namespace {

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
    stuck.high.emplace_back(crossbar.levels.size(), false);
  }
  return stuck;
}

TEST(EncodeAroundFaults, LeavesHealthyWeightsAlone) {
  SmallCase test(ideal_device());
  const auto before = test.deployment.crossbars;
  encode_around_faults(test.deployment, no_faults(test.deployment));
  for (std::size_t id = 0; id < before.size(); ++id) {
    EXPECT_EQ(test.deployment.crossbars[id].levels, before[id].levels);
  }
}

TEST(EncodeAroundFaults, MeetsTheWeightWhateverSingleCellIsStuck) {
  SmallCase test(ideal_device());
  const Deployment original = test.deployment;
  const int columns = original.crossbars[0].column_count();
  int exact = 0, cases = 0;
  for (int row = 0; row < original.crossbars[0].row_count(); ++row) {
    for (int j = 0; j < columns; ++j) {
      Deployment deployment = original;
      StuckCells stuck = no_faults(deployment);
      const std::size_t cell = static_cast<std::size_t>(row * columns + j);
      stuck.high[0][cell] = true;
      encode_around_faults(deployment, stuck);
      ASSERT_EQ(deployment.crossbars[0].levels[cell], 3);
      const auto& column = original.crossbars[0].tables.columns[static_cast<std::size_t>(j)];
      const int wanted = target(deployment, row, column.output);
      const int got = encoded(deployment, row, column.output);
      ++cases;
      exact += got == wanted ? 1 : 0;
      // Without re-encoding the stuck cell adds up to three units of its slice. What cannot be met
      // lies on the wrong side of the highest slice, beyond the reach of those below.
      const int level = original.crossbars[0].levels[cell];
      EXPECT_LE(std::abs(got - wanted), (3 - level) << (2 * column.slice));
    }
  }
  EXPECT_GT(exact, cases * 9 / 10);
}

TEST(EncodeAroundFaults, IsIdempotent) {
  SmallCase test(ideal_device());
  StuckCells stuck = no_faults(test.deployment);
  for (std::size_t i = 0; i < stuck.high[0].size(); i += 7) stuck.high[0][i] = true;
  encode_around_faults(test.deployment, stuck);
  const auto once = test.deployment.crossbars[0].levels;
  encode_around_faults(test.deployment, stuck);
  EXPECT_EQ(test.deployment.crossbars[0].levels, once);
}

TEST(FindStuckCells, FindsThoseThatHurtAndNoHealthyOne) {
  auto device = testing_support::rough_device();
  device.stuck_lrs_rate = 0.02;
  device.wires = {100.0, 2.5, 2.5, 100.0};
  SmallCase test(device);
  EngineBackend backend(test.deployment.tile, device, 9);
  program_all(backend, test.deployment);
  Measurement measurement;
  measure(test.deployment, backend, {}, {}, measurement);
  const StuckCells found = find_stuck_cells(test.deployment, measurement);
  const analog::Chip chip(device, test.deployment.tile.code, 9);
  std::int64_t hurting = 0;
  for (std::size_t id = 0; id < test.deployment.crossbars.size(); ++id) {
    const auto& crossbar = test.deployment.crossbars[id];
    for (std::size_t i = 0; i < crossbar.levels.size(); ++i) {
      const int columns = crossbar.column_count();
      const bool stuck = chip.fault(static_cast<std::uint32_t>(id), static_cast<int>(i) / columns,
                                    static_cast<int>(i) % columns) == analog::CellFault::kStuckLrs;
      hurting += stuck && crossbar.levels[i] <= 1 ? 1 : 0;
      if (stuck && crossbar.levels[i] == 0) {
        EXPECT_TRUE(found.high[id][i]) << id << " cell " << i;
      } else if (!stuck) {
        EXPECT_FALSE(found.high[id][i]) << id << " cell " << i;
      }
    }
  }
  EXPECT_GT(hurting, 3);
}

}  // namespace
}  // namespace crossloop::runtime
