// The digital lanes as a Backend: the integer product of a Deployment's layers, without crossbars.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/lanes/twin_lane.hpp"
#include "host/runtime/backend.hpp"

namespace crossloop::runtime {

/// Makes a lane: lanes::make_twin_lane, or a Verilated one.
using LaneFactory =
    std::function<std::unique_ptr<lanes::Lane>(lanes::LaneKind, const lanes::LaneShape&)>;

/// The groups of a layer's weights; those of a digital layer are none. Throws InputError for a
/// semi-folded layer.
lanes::LayerGeometry lane_geometry(const compiler::Layer& layer);

/// What ran a layer, and what that took since the backend was made.
struct LaneUse {
  lanes::LaneKind kind = lanes::LaneKind::kDense;
  lanes::LaneCounters counters;
};

/// Weights come from the programmed levels and the tables of a job, w[o][k] = sum over the columns
/// of o of sign * (level << c * slice), and go through a lane; the accumulators are those of tiles
/// with ideal cells whose converters neither clip nor round: sum x w_q in units of u (numerics.md,
/// step 7), rounded half up where u is more than 1. A lane has no converters to set: a job with
/// read noise, or a gain or reference other than the ideal, is refused.
class LanesBackend : public Backend {
 public:
  /// Layers run on a `kind` lane of `shape`; with kBalanced a layer that breaks the pattern runs
  /// on the dense lane with as many multipliers. Throws InputError for a deployment with the
  /// offset encoding, whose weights are not signed bytes before the host takes the offset off, or a
  /// semi-folded layer, which has no groups.
  LanesBackend(const compiler::Deployment& deployment, lanes::LaneKind kind,
               const lanes::LaneShape& shape, LaneFactory make = lanes::make_twin_lane);

  std::string name() const override { return "lanes"; }
  void program(std::int32_t crossbar, int rows, int columns,
               std::span<const std::uint8_t> levels) override;
  /// `result.cycles` are those of the lane; nothing is converted, so the other counters stay 0.
  JobResult run(const Job& job, std::span<const std::uint8_t> vectors) override;
  Snapshot snapshot(std::int32_t crossbars) const override;
  /// Throws InputError for a code that is not the nominal one of a level: lanes have no errors.
  void restore(const Snapshot& snapshot) override;

  /// By layer of the deployment; a layer that never ran has no cycles.
  const std::vector<LaneUse>& layers() const { return uses_; }

 private:
  std::vector<std::int8_t> weights_of(const Job& job, const std::string& layer) const;
  lanes::Lane& lane_of(lanes::LaneKind kind);

  compiler::TileFormat tile_;
  std::vector<lanes::LayerGeometry> geometries_;  // by layer
  std::vector<std::int32_t> layer_of_;            // by crossbar
  lanes::LaneKind kind_;
  lanes::LaneShape shape_;
  LaneFactory make_;
  std::map<lanes::LaneKind, std::unique_ptr<lanes::Lane>> lanes_;
  std::map<std::int32_t, std::vector<std::uint8_t>> levels_;  // whole tiles by crossbar
  std::vector<LaneUse> uses_;
};

}  // namespace crossloop::runtime
