// What pruning would free, counted from the structure of a network alone: for networks that are too
// large to train here. Nothing in it says what accuracy would be left.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "host/analog/adc_accounting.hpp"
#include "host/compiler/deployment.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// What pruning leaves of a layer of K inputs and N outputs. R is the word lines of a tile, n the
/// outputs of one crossbar, B = ceil(K / R) the bands, S = ceil(N / n) the sets of outputs.
///
///   dense           every weight
///   crossbar_grain  max(1, round((1 - sparsity) B S)) blocks of a band and a set, as many in each
///                   set and in each band, give or take one (methods.md 1.3)
///   column_grain    max(1, round((1 - sparsity) B)) segments of each output, spread evenly over
///                   the bands; those of a band are packed (methods.md 1.3, budget `output`)
///   tile_level      at most R / 2^k weights of a segment (level k of D.U.B., methods.md 3.2, 3.4)
///   balanced        g - p of every g weights, ceil((g - p) g' / g) of a short group of g'
///                   (methods.md 4.3, docs/lanes.md)
///
/// A segment is the weights of one output in one band.
enum class PruningStructure { kDense, kCrossbarGrain, kColumnGrain, kTileLevel, kBalanced };

/// `dense`, `crossbar_grain`, `column_grain`, `tile_level` or `balanced`.
std::string_view structure_name(PruningStructure structure);

struct PredictedPruning {
  PruningStructure structure = PruningStructure::kDense;
  double sparsity = 0.0;   ///< of the two grains: share that goes, at least 0 and below 1
  int level = 0;           ///< k of tile_level, 0..log2 R
  int group = 16;          ///< g, of balanced and of the lanes, 2..256
  int pruned = 12;         ///< p, 0..g - 1; the lanes have g - p multipliers a channel
  int lane_channels = 16;  ///< outputs that a lane runs at a time, 1..64
  bool keep_first = true;  ///< the first Conv or Linear stays dense, as in pruning::LayerPolicy
  bool keep_last = true;   ///< and so does the last one
};

/// Counts of one layer or of several. Those called dense are of the same layers without pruning.
///
/// The bits of a conversion are those that tell all sums of its bit line apart where n word lines
/// can hold a weight: ceil(log2(n (2^c - 1) + 1)), c bits a cell (methods.md 3.6 with one input bit
/// a phase). For differential weights this bounds compiler::prove_adcs() from above, whatever the
/// weights: a bit line holds the digits of one sign and one slice, at most 2^c - 1 each, so that
/// its column_level_sums() is at most n (2^c - 1). It is reached by n weights of one sign whose
/// digits are all highest. Trained weights need less: positive and negative bit lines share the n,
/// digits are rarely the highest, and the top slice may have fewer than c bits. It bounds the bits
/// of AdcGroup::kColumn column by column, hence adc_bits; ADCs that columns of a layer share need
/// at most its most_adc_bits.
struct PredictedCounts {
  std::int64_t dense_crossbars = 0;
  std::int64_t crossbars = 0;              ///< placed, folded, without passes or copies
  std::int64_t partial_sum_crossbars = 0;  ///< on chips without digital adders; pruning saves none
  std::int64_t dense_conversions = 0;
  std::int64_t conversions = 0;  ///< of one image: bit lines in use x input bits x positions
  std::int64_t dense_adc_bits = 0;
  std::int64_t adc_bits = 0;  ///< summed over the conversions
  int most_adc_bits = 0;      ///< of one conversion; beyond kLargestAdcBits no ADC is proven
  /// As tiles_by_sparsity() counts them, a weight for a cell; crossbars freed are tiles of zeros.
  std::vector<std::int64_t> tiles_by_level;
  /// Cycles of one image. On the balanced lane, layers that do not fit it run on the dense lane, as
  /// runtime::LanesBackend does. Both have g - p multipliers a channel.
  std::uint64_t dense_lane_cycles = 0;
  std::uint64_t balanced_lane_cycles = 0;

  /// Over the conversions; 0 without any.
  double mean_adc_bits() const;
  /// Dense over pruned where energy is proportional to bits (analog::AdcModel::kLinear): bits
  /// summed over conversions, so that crossbars freed count too. 1 without any conversion.
  double adc_energy_ratio() const;
  /// That of analog::adc_energy_improvement() of tiles_by_level under kLinear: every tile alike,
  /// however often it is read. Throws as it does: without a tile.
  double accounted_improvement(analog::AdcAccounting accounting) const;
  PredictedCounts& operator+=(const PredictedCounts& other);
};

struct PredictedLayer {
  std::string node;
  bool pruned = false;  ///< else it stays dense
  PredictedCounts counts;
};

/// Of every Conv and Linear node in graph order, folded, as compile() places them by default: exact
/// in crossbars and conversions for weights whose zeros are those of the structure, but that
/// balanced pruning may leave a segment empty, which then takes no bit lines. Grouped convolutions
/// stay dense, as pruning in grains leaves them. Needs no weights; `shapes` are those of
/// infer_shapes() or of a NetworkPlan. Throws InputError for a field of `pruning` that its
/// structure or the lanes use and that is out of range, among them a g that g - p does not divide,
/// for which there is no dense lane; for a tile of offset encoding, where a weight of 0 has levels
/// above 0, whose word lines are no power of two, or which does not hold one weight, naming the
/// node; and where a structure but `dense` finds no layer to prune.
std::vector<PredictedLayer> predicted_counts(const network::Network& network,
                                             const std::map<std::string, network::Shape>& shapes,
                                             const TileFormat& tile,
                                             const PredictedPruning& pruning = {});

/// Layers do not depend on each other, so those of several predictions can be joined.
PredictedCounts total(const std::vector<PredictedLayer>& layers);

/// Every count by its name, beside `mean_adc_bits`, `adc_energy_ratio` and `improvement`, `paper`
/// and `physical`; an infinite one is null.
nlohmann::json to_json(const PredictedCounts& counts);

}  // namespace crossloop::compiler
