#include "host/lanes/twin_lane.hpp"

#include <algorithm>
#include <cassert>

#include "host/lanes/lane_timing.hpp"

namespace crossloop::lanes {

namespace {

std::int32_t channel_sum(const LaneProgram& program, const ChannelCode& code,
                         std::span<const std::uint8_t> acts) {
  const auto group = static_cast<std::size_t>(program.shape.group);
  const auto multipliers = static_cast<std::size_t>(program.shape.multipliers);
  std::uint32_t sum = 0;  // wraps
  std::size_t first = 0;  // activation of the group
  std::size_t slice = 0;  // of the group, dense
  for (std::size_t beat = 0; beat < code.beats(); ++beat) {
    for (std::size_t m = 0; m < multipliers; ++m) {
      const std::size_t at = beat * multipliers + m;
      const std::size_t index = code.index.empty() ? slice + m : std::size_t{code.index[at]};
      sum += static_cast<std::uint32_t>(code.weights[at] * acts[first + index]);
    }
    slice += multipliers;
    if (code.end[beat] != 0) {
      first += group;
      slice = 0;
    }
  }
  return static_cast<std::int32_t>(sum);
}

class TwinLane final : public Lane {
 public:
  TwinLane(LaneKind kind, const LaneShape& shape) : kind_(kind), shape_(shape) {
    check_shape(kind, shape);
  }
  LaneKind kind() const override { return kind_; }
  LaneShape shape() const override { return shape_; }

  LaneRun run(const LaneProgram& program, std::span<const std::uint8_t> vectors) override {
    const std::size_t count = check_run(*this, program, vectors.size());
    const auto inputs = static_cast<std::size_t>(program.inputs);
    const auto outputs = static_cast<std::size_t>(program.outputs);
    LaneRun run;
    run.sums.resize(count * outputs);
    for (std::size_t v = 0; v < count; ++v) {
      const auto acts = gather_groups(program, vectors.subspan(v * inputs, inputs));
      for (const LaneTile& tile : program.tiles) {
        const auto sums = tile_sums(program, tile, acts);
        std::copy_n(
            sums.begin(), tile.outputs,
            run.sums.begin() + static_cast<std::ptrdiff_t>(v * outputs) + tile.first_output);
      }
    }
    for (const LaneTile& tile : program.tiles) run.counters += tile_counters(program, tile, count);
    return run;
  }

 private:
  LaneKind kind_;
  LaneShape shape_;
};

}  // namespace

std::unique_ptr<Lane> make_twin_lane(LaneKind kind, const LaneShape& shape) {
  return std::make_unique<TwinLane>(kind, shape);
}

std::vector<std::int32_t> tile_sums(const LaneProgram& program, const LaneTile& tile,
                                    std::span<const std::uint8_t> acts) {
  std::vector<std::int32_t> sums;
  for (const ChannelCode& code : tile.channels) sums.push_back(channel_sum(program, code, acts));
  return sums;
}

LaneCounters tile_counters(const LaneProgram& program, const LaneTile& tile, std::size_t windows) {
  const auto timing = make_timing(program.kind, program.shape);
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - program.shape.channels);
  std::vector<std::size_t> beat(tile.channels.size());
  int group = 0;
  std::size_t sent = 0;  // windows whose activations are in
  for (std::size_t done = 0; done < windows;) {
    LaneInputs inputs{sent < windows, group + 1 == program.groups, all, 0, true};
    for (std::size_t c = 0; c < beat.size(); ++c) {
      inputs.weight_end |= std::uint64_t{tile.channels[c].end[beat[c]]} << c;
    }
    const LaneOutputs outputs = timing->step(inputs);
    for (std::size_t c = 0; c < beat.size(); ++c) {
      if ((outputs.weight_ready >> c & 1U) == 0) continue;
      beat[c] = beat[c] + 1 == tile.channels[c].beats() ? 0 : beat[c] + 1;
    }
    if (inputs.act_valid && outputs.act_ready && ++group == program.groups) {
      group = 0;
      ++sent;
    }
    done += outputs.sum_valid ? 1 : 0;
  }
  return timing->counters();
}

std::uint64_t lockstep_cycles(LaneKind kind, const LaneShape& shape, const LayerGeometry& geometry,
                              std::int64_t windows) {
  assert(kind != LaneKind::kSparse);
  check_shape(kind, shape);
  constexpr std::int64_t kStages = 3;  // operands, products, sum
  const std::int64_t tiles = (geometry.outputs + shape.channels - 1) / shape.channels;
  const std::int64_t beats =
      kind == LaneKind::kDense
          ? (geometry.inputs() + shape.group - 1) / shape.group * (shape.group / shape.multipliers)
          : geometry.groups(shape.group);
  return static_cast<std::uint64_t>(tiles * (windows * beats + kStages));
}

}  // namespace crossloop::lanes
