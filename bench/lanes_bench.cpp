// Cycles of the dense, the sparse and the balanced lane on the same layers (docs/results/lanes.md),
// 16 channels of 4 multipliers each, (g, p) = (16, 12) against unstructured pruning of 75 %.
#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "bench/figures.hpp"
#include "bench/lane_layers.hpp"
#include "host/lanes/twin_lane.hpp"
#include "testbench/verilated_lane.hpp"

namespace crossloop::bench {

namespace {

using lanes::LaneKind;
using lanes::LaneProgram;
using lanes::LaneShape;

constexpr std::uint64_t kWeightSeed = 1;
constexpr std::uint64_t kFurtherSeeds[] = {2, 3};
/// All its layers of 64 x 64 x 3 x 3.
constexpr const char* kRealLayers[] = {"block7.conv2", "block8.conv1", "block8.conv2",
                                       "block9.conv1", "block9.conv2"};
constexpr int kDepths[] = {1, 2, 4, 8, 16};
constexpr int kChannels[] = {8, 16, 32, 64};

/// Pruned as the lane needs it.
std::vector<std::int8_t> weights_of(LaneKind kind, const FloatLayer& layer) {
  return kind == LaneKind::kDense    ? dense_weights(layer)
         : kind == LaneKind::kSparse ? unstructured_weights(layer)
                                     : balanced_weights(layer);
}

LaneProgram program_of(LaneKind kind, const LaneShape& shape, const FloatLayer& layer) {
  return lanes::encode(kind, shape, layer.geometry, weights_of(kind, layer));
}

std::uint64_t twin_cycles(const LaneProgram& program, std::size_t windows) {
  lanes::LaneCounters counters;
  for (const auto& tile : program.tiles) {
    counters += lanes::tile_counters(program, tile, windows);
  }
  return counters.cycles;
}

double ratio(std::uint64_t numerator, std::uint64_t denominator) {
  return static_cast<double>(numerator) / static_cast<double>(denominator);
}

/// Cycles of an image's layer on the sparse lane over those on the balanced one.
double sparse_over_balanced(const FloatLayer& layer, const LaneShape& shape) {
  return ratio(twin_cycles(program_of(LaneKind::kSparse, shape, layer), layer.windows),
               twin_cycles(program_of(LaneKind::kBalanced, shape, layer), layer.windows));
}

/// The same of a sparse lane that never wastes a multiplier of its fullest channel: beats that mix
/// groups, and a queue without end.
double packed_over_balanced(const FloatLayer& layer, const LaneShape& shape) {
  const auto weights = unstructured_weights(layer);
  const auto inputs = static_cast<std::ptrdiff_t>(layer.geometry.inputs());
  double beats = 0.0;
  double groups = 0.0;
  for (int first = 0; first < layer.geometry.outputs; first += shape.channels) {
    std::ptrdiff_t fullest = 0;
    for (int c = first; c < std::min(first + shape.channels, layer.geometry.outputs); ++c) {
      const auto row = weights.begin() + c * inputs;
      fullest = std::max(fullest, inputs - std::count(row, row + inputs, std::int8_t{0}));
    }
    beats += static_cast<double>(fullest) / shape.multipliers;
    groups += layer.geometry.groups(shape.group);
  }
  return beats / groups;
}

/// What a Verilated lane says to the program, and how many of its integers are not those of the
/// plain product, or of the twin's counters.
struct Checked {
  std::uint64_t cycles = 0;
  double mismatches = 0.0;
};

Checked run_rtl(LaneKind kind, const FloatLayer& layer, std::size_t windows) {
  const auto program = program_of(kind, testbench::verilated_lane_shape(), layer);
  const auto weights = weights_of(kind, layer);
  const auto inputs = static_cast<std::size_t>(program.inputs);
  std::mt19937 rng(2);
  std::vector<std::uint8_t> vectors(windows * inputs);
  for (auto& byte : vectors) byte = static_cast<std::uint8_t>(rng());
  const auto lane = testbench::make_verilated_lane(kind, program.shape);
  const lanes::LaneRun run = lane->run(program, vectors);
  Checked checked{run.counters.cycles, 0.0};
  for (std::size_t i = 0; i < run.sums.size(); ++i) {
    const auto outputs = static_cast<std::size_t>(program.outputs);
    const std::int32_t sum = std::inner_product(
        vectors.begin() + static_cast<std::ptrdiff_t>(i / outputs * inputs),
        vectors.begin() + static_cast<std::ptrdiff_t>((i / outputs + 1) * inputs),
        weights.begin() + static_cast<std::ptrdiff_t>(i % outputs * inputs), std::int32_t{0});
    checked.mismatches += sum != run.sums[i] ? 1.0 : 0.0;
  }
  checked.mismatches += twin_cycles(program, windows) != run.counters.cycles ? 1.0 : 0.0;
  return checked;
}

std::map<std::string, Figure> measure_rtl() {
  const FloatLayer real = resnet20_layer("block9.conv2");
  const Checked dense = run_rtl(LaneKind::kDense, real, real.windows);
  const Checked balanced = run_rtl(LaneKind::kBalanced, real, real.windows);
  const Checked sparse = run_rtl(LaneKind::kSparse, real, real.windows);
  const FloatLayer large = vgg16_layer(resnet20_spread(16), kWeightSeed);
  constexpr std::size_t kWindows = 4;  // of the layer's 196: the twin counts the rest
  const double mismatches = dense.mismatches + balanced.mismatches + sparse.mismatches +
                            run_rtl(LaneKind::kBalanced, large, kWindows).mismatches +
                            run_rtl(LaneKind::kSparse, large, kWindows).mismatches;
  return {{"lanes.dense_over_balanced",
           {ratio(dense.cycles, balanced.cycles), "ratio", 3.8, Better::kLarger}},
          {"lanes.mismatches", {mismatches, "integers", 0.0, Better::kSmaller}}};
}

std::map<std::string, Figure> measure_sparse() {
  const ChannelSpread spread = resnet20_spread(16);
  const FloatLayer layer = vgg16_layer(spread, kWeightSeed);
  const std::string name = "lanes.sparse_over_balanced";
  std::map<std::string, Figure> figures;
  const auto report = [&](const std::string& which, double value) {
    figures[which] = {value, "ratio", 1.0, Better::kLarger};
  };
  LaneShape shape;
  double smallest = sparse_over_balanced(layer, shape);
  for (const std::uint64_t seed : kFurtherSeeds) {
    smallest = std::min(smallest, sparse_over_balanced(vgg16_layer(spread, seed), shape));
  }
  figures[name] = {smallest, "ratio", 1.8, Better::kLarger};
  for (const char* real : kRealLayers) {
    report(name + "." + real, sparse_over_balanced(resnet20_layer(real), shape));
  }
  for (const int depth : kDepths) {
    shape.depth = depth;
    report(name + ".depth" + std::to_string(depth), sparse_over_balanced(layer, shape));
  }
  shape = {};
  for (const int channels : kChannels) {
    shape.channels = channels;
    report(name + ".channels" + std::to_string(channels), sparse_over_balanced(layer, shape));
  }
  shape = {};
  report(name + ".packed", packed_over_balanced(layer, shape));
  report(name + ".even", sparse_over_balanced(vgg16_layer({}, kWeightSeed), shape));
  report(name + ".wide",
         sparse_over_balanced(vgg16_layer(resnet20_spread(64), kWeightSeed), shape));
  for (const auto& [which, value] :
       {std::pair{"outputs", spread.outputs}, std::pair{"inputs", spread.inputs}}) {
    figures[std::string("lanes.spread_") + which] = {value, "", 0.0, Better::kLarger};
  }
  return figures;
}

}  // namespace

std::vector<Benchmark> lane_cycles() {
  const std::string name = "lanes.sparse_over_balanced";
  std::vector<std::string> names = {name,           name + ".packed",       name + ".even",
                                    name + ".wide", "lanes.spread_outputs", "lanes.spread_inputs"};
  for (const int depth : kDepths) names.push_back(name + ".depth" + std::to_string(depth));
  for (const int channels : kChannels) {
    names.push_back(name + ".channels" + std::to_string(channels));
  }
  for (const char* real : kRealLayers) names.push_back(name + "." + real);
  return {{{"lanes.dense_over_balanced", "lanes.mismatches"}, measure_rtl},
          {names, measure_sparse}};
}

}  // namespace crossloop::bench
