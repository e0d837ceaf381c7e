#include "host/compiler/predicted_counts.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/compiler/adc_proof.hpp"
#include "host/compiler/network_counts.hpp"
#include "host/compiler/partial_sums.hpp"
#include "host/compiler/place.hpp"
#include "host/compiler/tile.hpp"
#include "host/compiler/tile_sparsity.hpp"
#include "host/error.hpp"
#include "host/lanes/twin_lane.hpp"

namespace crossloop::compiler {
namespace {

/// Neighbouring outputs of a band whose bit lines can each hold a weight in `filled` word lines.
struct Run {
  std::int64_t outputs = 0;
  int filled = 0;
};

/// In the order of the outputs. One run, but for grouped convolutions: one per group that it meets.
using Band = std::vector<Run>;

int inputs_of(const LayerGeometry& geometry) {
  return geometry.inputs * geometry.window.kernel_h * geometry.window.kernel_w;
}

std::vector<Band> dense_bands(const LayerGeometry& geometry, int rows) {
  const int inputs = inputs_of(geometry);
  const int group_inputs = inputs / geometry.groups;
  std::vector<Band> bands;
  for (int first = 0; first < inputs; first += rows) {
    const int end = std::min(first + rows, inputs);
    Band band;
    for (int group = first / group_inputs; group * group_inputs < end; ++group) {
      const int from = std::max(first, group * group_inputs);
      const int to = std::min(end, (group + 1) * group_inputs);
      band.push_back({geometry.outputs / geometry.groups, to - from});
    }
    bands.push_back(std::move(band));
  }
  return bands;
}

/// As pruning in grains rounds it.
std::int64_t kept_of(std::int64_t units, double sparsity) {
  return std::max<std::int64_t>(1, std::llround((1.0 - sparsity) * static_cast<double>(units)));
}

/// Leaves `kept` units, each of one band and one set of `width` neighbouring outputs: as many of
/// each set, give or take one, and as many of each band, since a set goes on where the one before
/// it stopped.
void keep_units(std::vector<Band>& bands, std::int64_t width, std::int64_t kept) {
  const std::int64_t outputs = bands[0][0].outputs;
  const std::int64_t sets = ceil_div(outputs, width);
  for (Band& band : bands) band[0].outputs = 0;
  std::size_t next = 0;
  for (std::int64_t set = 0; set < sets; ++set) {
    const std::int64_t members = std::min(width, outputs - set * width);
    const std::int64_t count = kept / sets + (set < kept % sets ? 1 : 0);
    for (std::int64_t i = 0; i < count; ++i) {
      bands[next][0].outputs += members;
      next = next + 1 == bands.size() ? 0 : next + 1;
    }
  }
}

lanes::LayerGeometry lane_geometry(const NodeCounts& node) {
  return {node.node, node.geometry.outputs, node.geometry.inputs, node.geometry.window.kernel_h,
          node.geometry.window.kernel_w};
}

/// By band: what groups with all their survivors in it can put into one bit line.
void keep_survivors(std::vector<Band>& bands, const lanes::LayerGeometry& geometry, int rows,
                    const lanes::LaneShape& shape) {
  for (Band& band : bands) band[0].filled = 0;
  for (const lanes::Group& group : lanes::groups_of(geometry, shape.group)) {
    const int survivors = lanes::survivors_of(group.size, shape.multipliers, shape.group);
    for (int i = 0; i < group.size;) {
      const int band = (group.first + i * group.step) / rows;
      int members = 0;
      while (i < group.size && (group.first + i * group.step) / rows == band) ++i, ++members;
      bands[static_cast<std::size_t>(band)][0].filled += std::min(members, survivors);
    }
  }
}

/// What all layers are counted with.
struct Basis {
  const TileFormat& tile;
  const PredictedPruning& pruning;
  lanes::LaneShape lane;
};

std::vector<Band> pruned_bands(const Basis& basis, const NodeCounts& node) {
  const int rows = basis.tile.rows;
  const double sparsity = basis.pruning.sparsity;
  std::vector<Band> bands = dense_bands(node.geometry, rows);
  const auto count = static_cast<std::int64_t>(bands.size());
  switch (basis.pruning.structure) {
    case PruningStructure::kDense:
      break;
    case PruningStructure::kCrossbarGrain: {
      const int width = outputs_per_crossbar(basis.tile, node.node);
      const std::int64_t sets = ceil_div(node.geometry.outputs, width);
      keep_units(bands, width, kept_of(count * sets, sparsity));
      break;
    }
    case PruningStructure::kColumnGrain:
      keep_units(bands, 1, node.geometry.outputs * kept_of(count, sparsity));
      break;
    case PruningStructure::kTileLevel:
      for (Band& band : bands) {
        band[0].filled = std::min(band[0].filled, rows >> basis.pruning.level);
      }
      break;
    case PruningStructure::kBalanced:
      keep_survivors(bands, lane_geometry(node), rows, basis.lane);
      break;
  }
  return bands;
}

/// What the crossbars of a layer's bands add up to, packed as compiler::plan() does.
class BandCount {
 public:
  BandCount(const TileFormat& tile, const NodeCounts& node)
      : tile_(tile), width_(outputs_per_crossbar(tile, node.node)) {
    const std::int64_t positions = std::int64_t{node.geometry.out_height} * node.geometry.out_width;
    reads_ = positions * tile.input_bits * tile.columns_per_weight();
    counts_.tiles_by_level.resize(sparsity_levels(tile));
  }

  void add(const Band& band) {
    std::int64_t room = 0;
    int fullest = 0;
    for (const Run& run : band) {
      add_conversions(run);
      for (std::int64_t rest = run.outputs; rest > 0;) {
        if (room == 0) {
          if (fullest > 0) add_tile(fullest);
          room = width_;
          fullest = 0;
        }
        const std::int64_t taken = std::min(room, rest);
        rest -= taken;
        room -= taken;
        fullest = std::max(fullest, run.filled);
      }
    }
    if (fullest > 0) add_tile(fullest);
  }

  const PredictedCounts& counts() const { return counts_; }

 private:
  void add_conversions(const Run& run) {
    if (run.outputs == 0) return;
    const int bits = bits_for_sum(std::int64_t{run.filled} * (tile_.code.levels() - 1));
    counts_.conversions += reads_ * run.outputs;
    counts_.adc_bits += reads_ * run.outputs * bits;
    counts_.most_adc_bits = std::max(counts_.most_adc_bits, bits);
  }

  void add_tile(int filled) {
    const auto rows = static_cast<unsigned>(tile_.rows);
    counts_.crossbars += 1;
    counts_.tiles_by_level[sparsity_level(static_cast<unsigned>(filled), rows)] += 1;
  }

  const TileFormat& tile_;
  std::int64_t width_;
  std::int64_t reads_;  ///< conversions of one output of one band
  PredictedCounts counts_;
};

PredictedCounts count_bands(const Basis& basis, const NodeCounts& node,
                            const std::vector<Band>& bands) {
  BandCount count(basis.tile, node);
  for (const Band& band : bands) count.add(band);
  return count.counts();
}

/// Whether the balanced lane takes the layer with all its weights: groups of size g and the last
/// one hold no more than their share, e.g. those of one channel.
bool fits_dense(const NodeCounts& node, const lanes::LaneShape& lane) {
  const int channels = node.geometry.inputs;
  const int own = channels / node.geometry.groups;
  const auto fits = [&](int size) {
    return std::min(size, own) <= lanes::survivors_of(size, lane.multipliers, lane.group);
  };
  return fits(std::min(lane.group, channels)) && fits(channels % lane.group);
}

PredictedLayer predict(const Basis& basis, const NodeCounts& node, bool pruned) {
  const LayerGeometry& geometry = node.geometry;
  const auto whole = count_bands(basis, node, dense_bands(geometry, basis.tile.rows));
  PredictedLayer layer{.node = node.node, .pruned = pruned, .counts = whole};
  PredictedCounts& counts = layer.counts;
  if (pruned) counts = count_bands(basis, node, pruned_bands(basis, node));
  counts.dense_crossbars = node.crossbars.folded;
  counts.dense_conversions = whole.conversions;
  counts.dense_adc_bits = whole.adc_bits;
  counts.tiles_by_level.back() +=
      std::max<std::int64_t>(0, counts.dense_crossbars - counts.crossbars);
  counts.partial_sum_crossbars =
      partial_sum_crossbars(geometry.outputs, inputs_of(geometry) / geometry.groups, basis.tile);
  const std::int64_t windows = std::int64_t{geometry.out_height} * geometry.out_width;
  const bool balanced = (pruned && basis.pruning.structure == PruningStructure::kBalanced) ||
                        fits_dense(node, basis.lane);
  const auto cycles = [&](lanes::LaneKind kind) {
    return lanes::lockstep_cycles(kind, basis.lane, lane_geometry(node), windows);
  };
  counts.dense_lane_cycles = cycles(lanes::LaneKind::kDense);
  counts.balanced_lane_cycles =
      balanced ? cycles(lanes::LaneKind::kBalanced) : counts.dense_lane_cycles;
  return layer;
}

template <class Number>
void check(const PredictedPruning& pruning, const char* what, Number found, bool valid,
           const std::string& expected) {
  if (valid) return;
  throw InputError(fmt::format("predicted pruning {}: {} is {}, expected {}",
                               structure_name(pruning.structure), what, found, expected));
}

/// The lanes of these prunings, checked along with the rest.
lanes::LaneShape checked(const PredictedPruning& pruning, const TileFormat& tile) {
  check_tile(tile);
  if (tile.encoding != Encoding::kDifferential) {
    throw InputError("predicted pruning: tile has encoding " + encoding_name(tile.encoding) +
                     ", expected differential");
  }
  const int finest = static_cast<int>(sparsity_levels(tile)) - 2;
  const PruningStructure structure = pruning.structure;
  if (structure == PruningStructure::kCrossbarGrain ||
      structure == PruningStructure::kColumnGrain) {
    check(pruning, "sparsity", pruning.sparsity, pruning.sparsity >= 0.0 && pruning.sparsity < 1.0,
          "at least 0 and below 1");
  }
  if (structure == PruningStructure::kTileLevel) {
    check(pruning, "level", pruning.level, pruning.level >= 0 && pruning.level <= finest,
          fmt::format("0 to {}", finest));
  }
  check(pruning, "p", pruning.pruned, pruning.pruned >= 0 && pruning.pruned < pruning.group,
        fmt::format("0 to g - 1 = {}", pruning.group - 1));
  const lanes::LaneShape lane{.group = pruning.group,
                              .multipliers = pruning.group - pruning.pruned,
                              .channels = pruning.lane_channels};
  lanes::check_shape(lanes::LaneKind::kBalanced, lane);
  lanes::check_shape(lanes::LaneKind::kDense, lane);
  return lane;
}

/// Of tiles_by_level, [log2 R + 2]; 0 without any.
int word_lines(const std::vector<std::int64_t>& tiles) {
  return tiles.size() < 2 ? 0 : 1 << (tiles.size() - 2);
}

AdcSavings savings_of(const std::vector<std::int64_t>& tiles) {
  return adc_savings(tiles, 0, word_lines(tiles));
}

}  // namespace

std::string_view structure_name(PruningStructure structure) {
  constexpr std::array<std::string_view, 5> kNames = {"dense", "crossbar_grain", "column_grain",
                                                      "tile_level", "balanced"};
  return kNames[static_cast<std::size_t>(structure)];
}

double PredictedCounts::mean_adc_bits() const {
  if (conversions == 0) return 0.0;
  return static_cast<double>(adc_bits) / static_cast<double>(conversions);
}

double PredictedCounts::adc_energy_ratio() const {
  if (adc_bits == 0) return 1.0;
  return static_cast<double>(dense_adc_bits) / static_cast<double>(adc_bits);
}

double PredictedCounts::accounted_improvement(analog::AdcAccounting accounting) const {
  const AdcSavings savings = savings_of(tiles_by_level);
  return accounting == analog::AdcAccounting::kPaper ? savings.paper : savings.physical;
}

PredictedCounts& PredictedCounts::operator+=(const PredictedCounts& other) {
  dense_crossbars += other.dense_crossbars;
  crossbars += other.crossbars;
  partial_sum_crossbars += other.partial_sum_crossbars;
  dense_conversions += other.dense_conversions;
  conversions += other.conversions;
  dense_adc_bits += other.dense_adc_bits;
  adc_bits += other.adc_bits;
  most_adc_bits = std::max(most_adc_bits, other.most_adc_bits);
  tiles_by_level.resize(std::max(tiles_by_level.size(), other.tiles_by_level.size()));
  for (std::size_t level = 0; level < other.tiles_by_level.size(); ++level) {
    tiles_by_level[level] += other.tiles_by_level[level];
  }
  dense_lane_cycles += other.dense_lane_cycles;
  balanced_lane_cycles += other.balanced_lane_cycles;
  return *this;
}

std::vector<PredictedLayer> predicted_counts(const network::Network& network,
                                             const std::map<std::string, network::Shape>& shapes,
                                             const TileFormat& tile,
                                             const PredictedPruning& pruning) {
  const Basis basis{tile, pruning, checked(pruning, tile)};
  const auto nodes = network_counts(network, shapes, tile);
  std::vector<PredictedLayer> layers;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool kept = (pruning.keep_first && i == 0) ||
                      (pruning.keep_last && i + 1 == nodes.size()) || nodes[i].geometry.groups > 1;
    const bool pruned = pruning.structure != PruningStructure::kDense && !kept;
    layers.push_back(predict(basis, nodes[i], pruned));
  }
  const bool any =
      std::any_of(layers.begin(), layers.end(), [](const auto& l) { return l.pruned; });
  if (pruning.structure != PruningStructure::kDense && !any) {
    throw InputError(fmt::format("network {}: {} finds no Conv or Linear beside those that stay",
                                 network.name, structure_name(pruning.structure)));
  }
  return layers;
}

PredictedCounts total(const std::vector<PredictedLayer>& layers) {
  PredictedCounts sum;
  for (const PredictedLayer& layer : layers) sum += layer.counts;
  return sum;
}

nlohmann::json to_json(const PredictedCounts& counts) {
  const AdcSavings savings = savings_of(counts.tiles_by_level);
  return {{"dense_crossbars", counts.dense_crossbars},
          {"crossbars", counts.crossbars},
          {"partial_sum_crossbars", counts.partial_sum_crossbars},
          {"dense_conversions", counts.dense_conversions},
          {"conversions", counts.conversions},
          {"dense_adc_bits", counts.dense_adc_bits},
          {"adc_bits", counts.adc_bits},
          {"most_adc_bits", counts.most_adc_bits},
          {"mean_adc_bits", counts.mean_adc_bits()},
          {"adc_energy_ratio", counts.adc_energy_ratio()},
          {"tiles_by_level", counts.tiles_by_level},
          {"improvement", to_json(savings, word_lines(counts.tiles_by_level))["improvement"]},
          {"dense_lane_cycles", counts.dense_lane_cycles},
          {"balanced_lane_cycles", counts.balanced_lane_cycles}};
}

}  // namespace crossloop::compiler
