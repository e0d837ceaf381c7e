#include "host/runtime/lanes_backend.hpp"

#include <gtest/gtest.h>

#include "host/runtime/lanes_run.hpp"
#include "host/runtime/layer_errors.hpp"
#include "tests/input_error.hpp"
#include "tests/lane_networks.hpp"

namespace crossloop::runtime {
namespace {

using lanes::LaneKind;
using testing_support::error_of;

constexpr lanes::LaneShape kShape{16, 4, 8, 4};

class LanesBackendKinds : public ::testing::TestWithParam<LaneKind> {};

TEST_P(LanesBackendKinds, GiveTheIntegersOfIdealTilesInEveryLayer) {
  expect_engine_integers(GetParam(), kShape, lanes::make_twin_lane);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LanesBackendKinds,
                         ::testing::Values(LaneKind::kDense, LaneKind::kSparse,
                                           LaneKind::kBalanced),
                         [](const auto& kind) { return lanes::name_of(kind.param); });

TEST(LanesBackend, RunsOnlyLayersThatBreakThePatternOnTheDenseLane) {
  const auto deployment = pruned_deployment();
  const auto uses = expect_engine_integers(LaneKind::kBalanced, kShape, lanes::make_twin_lane);
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const compiler::Layer& layer = deployment.layers[i];
    if (layer.kind != compiler::LayerKind::kCrossbar) {
      EXPECT_EQ(uses[i].counters.cycles, 0U) << layer.name;
      continue;
    }
    // The first convolution and the linear layer are not pruned.
    const bool dense = layer.inputs_per_output == 27 || i + 1 == uses.size();
    EXPECT_EQ(uses[i].kind, dense ? LaneKind::kDense : LaneKind::kBalanced) << layer.name;
    EXPECT_GT(uses[i].counters.cycles, 0U) << layer.name;
  }
}

TEST_P(LanesBackendKinds, TakeAsManyCyclesForAnImageAsCounted) {
  const auto deployment = pruned_deployment();
  const auto run = run_on_lanes(deployment, GetParam(), kShape, lanes::make_twin_lane,
                                lane_images().slice(0, 1));
  std::uint64_t cycles = 0;
  for (const LaneLayer& layer : run.layers) cycles += layer.counters.cycles;
  EXPECT_EQ(lane_cycles(deployment, GetParam(), kShape), cycles);
}

/// A twin whose sums of one layer are one too large at the last output.
class WrongLane final : public lanes::Lane {
 public:
  WrongLane(LaneKind kind, const lanes::LaneShape& shape, std::string layer)
      : twin_(lanes::make_twin_lane(kind, shape)), layer_(std::move(layer)) {}
  LaneKind kind() const override { return twin_->kind(); }
  lanes::LaneShape shape() const override { return twin_->shape(); }
  lanes::LaneRun run(const lanes::LaneProgram& program,
                     std::span<const std::uint8_t> vectors) override {
    lanes::LaneRun run = twin_->run(program, vectors);
    if (program.layer == layer_) ++run.sums.back();
    return run;
  }

 private:
  std::unique_ptr<lanes::Lane> twin_;
  std::string layer_;
};

TEST(LanesRun, HoldsEveryLayerToTheIntegerProduct) {
  auto deployment = pruned_deployment();
  const auto images = lane_images();
  const std::string wrong = deployment.layers[2].name;
  ASSERT_EQ(deployment.layers[2].kind, compiler::LayerKind::kCrossbar);
  const auto make = [&](LaneKind kind, const lanes::LaneShape& shape) {
    return std::make_unique<WrongLane>(kind, shape, wrong);
  };
  const auto found = run_on_lanes(deployment, LaneKind::kBalanced, kShape, make, images);
  for (const LaneLayer& layer : found.layers) {
    // One sum in each of the images, which run one by one.
    EXPECT_EQ(layer.mismatches, layer.name == wrong ? images.count : 0) << layer.name;
  }
  const auto right =
      run_on_lanes(deployment, LaneKind::kBalanced, kShape, lanes::make_twin_lane, images);
  for (const LaneLayer& layer : right.layers) EXPECT_EQ(layer.mismatches, 0) << layer.name;
}

TEST(LanesRun, HasNoUseForTheConvertersOfAChip) {
  auto deployment = pruned_deployment();
  const auto plain =
      run_on_lanes(deployment, LaneKind::kSparse, kShape, lanes::make_twin_lane, lane_images());
  for (auto& crossbar : deployment.crossbars) {
    for (auto& column : crossbar.tables.columns) {
      column.gain += 3;
      column.sigma = 5;
      column.shift += 4;
    }
  }
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    if (deployment.layers[i].kind != compiler::LayerKind::kCrossbar) continue;
    compiler::finish_layer(deployment, static_cast<int>(i));
  }
  const auto other =
      run_on_lanes(deployment, LaneKind::kSparse, kShape, lanes::make_twin_lane, lane_images());
  EXPECT_EQ(other.logits, plain.logits);
  for (const LaneLayer& layer : other.layers) EXPECT_EQ(layer.mismatches, 0) << layer.name;
}

TEST(LanesBackend, RoundsWhereAnAccumulatorIsCoarserThanTheProduct) {
  auto deployment = pruned_deployment();
  auto backend = LanesBackend(deployment, LaneKind::kBalanced, kShape);
  program_all(backend, deployment);
  const auto exact = all_sums(deployment, backend).front();
  for (const std::int32_t id : deployment.layers[0].crossbars) {
    for (auto& column : deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      column.shift += 5;
    }
  }
  const auto coarse = all_sums(deployment, backend).front();
  for (std::size_t i = 0; i < exact.size(); ++i) EXPECT_EQ(coarse[i], (exact[i] + 16) >> 5);
}

TEST(LanesBackend, SavesAndRestoresTheNominalCodes) {
  const auto deployment = pruned_deployment();
  LanesBackend programmed(deployment, LaneKind::kSparse, kShape);
  program_all(programmed, deployment);
  const auto crossbars = static_cast<std::int32_t>(deployment.crossbars.size());
  const Snapshot snapshot = programmed.snapshot(crossbars);
  EXPECT_EQ(snapshot.hash(), ideal_tiles(deployment).snapshot(crossbars).hash());
  LanesBackend restored(deployment, LaneKind::kSparse, kShape);
  restored.restore(snapshot);
  EXPECT_EQ(all_sums(deployment, restored), all_sums(deployment, programmed));
}

TEST(LanesBackend, RefusesCodesOfCellsWithErrors) {
  const auto deployment = pruned_deployment();
  LanesBackend backend(deployment, LaneKind::kSparse, kShape);
  Snapshot snapshot = ideal_tiles(deployment).snapshot(2);
  const int code = ++snapshot.codes[1][7];
  EXPECT_EQ(error_of([&] { backend.restore(snapshot); }),
            "crossbar 1: code " + std::to_string(code) +
                " is that of no level, lanes have ideal cells only");
}

TEST(LanesBackend, RefusesConvertersThatALaneDoesNotHave) {
  auto deployment = pruned_deployment();
  LanesBackend backend(deployment, LaneKind::kSparse, kShape);
  program_all(backend, deployment);
  deployment.crossbars[0].tables.columns[3].sigma = 40;
  EXPECT_EQ(
      error_of([&] { all_sums(deployment, backend); }),
      "layer " + deployment.layers[0].name + ", crossbar 0, column 3: sigma 40, a lane has only 0");
}

TEST(LanesBackend, RefusesACrossbarThatWasNeverProgrammed) {
  const auto deployment = pruned_deployment();
  LanesBackend backend(deployment, LaneKind::kSparse, kShape);
  EXPECT_EQ(error_of([&] { all_sums(deployment, backend); }), "crossbar 0 was never programmed");
}

TEST(LanesBackend, RefusesTheOffsetEncoding) {
  auto deployment = pruned_deployment();
  deployment.tile.encoding = compiler::Encoding::kOffset;
  EXPECT_EQ(
      error_of([&] { LanesBackend(deployment, LaneKind::kSparse, kShape); }),
      "network " + deployment.network + ": offset encoding, lanes take differential weights only");
}

TEST(LanesBackend, RefusesSemiFoldedLayers) {
  auto deployment = pruned_deployment();
  deployment.layers[0].mapping = compiler::Mapping::kSemiFolded;
  EXPECT_EQ(error_of([&] { LanesBackend(deployment, LaneKind::kSparse, kShape); }),
            "layer " + deployment.layers[0].name + ": semi-folded, lanes take folded layers only");
}

}  // namespace
}  // namespace crossloop::runtime
