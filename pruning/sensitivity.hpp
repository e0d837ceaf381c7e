// What pruning each layer alone would cost, and the ratios that reach a target at the least of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// What goes of a layer in a scan.
enum class ScanCriterion {
  kWeights,   ///< the smallest weights
  kCrossbars  ///< the blocks of one crossbar with the smallest sums of squares
};

struct SensitivityOptions {
  ScanCriterion criterion = ScanCriterion::kCrossbars;
  std::vector<double> ratios = {0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875};  ///< 0..1, ascending
  TileShape tile = {};
  int images = 256;  ///< scored, of each class in proportion; all if there are fewer
  int batch = 256;
  std::uint64_t seed = 1;  ///< of the choice of images
};

/// One layer pruned by one ratio, all others whole, without fine-tuning.
struct SensitivityPoint {
  double ratio = 0.0;
  double loss = 0.0;         ///< mean cross entropy, in nats
  double accuracy = 0.0;     ///< 0..1
  int crossbars = 0;         ///< blocks of one crossbar that hold a weight other than 0
  std::int64_t weights = 0;  ///< that are not 0
};

struct LayerSensitivity {
  std::string layer;
  std::vector<SensitivityPoint> points;  ///< the layer as it is (ratio 0), then ratio by ratio
};

/// Scores each of `layers` at each ratio. Deterministic but for the last bits of sums in LibTorch.
/// Throws InputError for images that do not fit the network and options out of range.
std::vector<LayerSensitivity> scan_sensitivity(const network::Network& network,
                                               const std::vector<PrunableLayer>& layers,
                                               const data::Dataset& images,
                                               const SensitivityOptions& options);

/// 1 for what stays of a layer, [outputs][inputs]; round(ratio * parts) of its weights or blocks
/// go, of equals the last. Blocks are `tile.rows` inputs by `tile.outputs` outputs within a group
/// of a convolution, or what is left at its ends.
std::vector<std::uint8_t> scan_mask(const network::Network& network, const PrunableLayer& layer,
                                    ScanCriterion criterion, double ratio, const TileShape& tile);

/// A ratio chosen for every layer.
struct Allocation {
  std::vector<double> ratios;       ///< by layer
  std::vector<std::size_t> points;  ///< the same, as indices into LayerSensitivity::points
  double loss = 0.0;  ///< that of the whole network plus what each layer adds, as scanned alone
  double cost = 0.0;
  bool exact = true;  ///< false: so many combinations that some were left out, see below
};

/// The ratios whose cost is at most `budget`, at the least estimated loss: the losses that layers
/// add alone are taken to add up, and so are the costs `cost[layer][point]` (crossbars, energy,
/// cycles, ...; 0 or more, in any unit). Of equal losses the least cost. Solved exactly by dynamic
/// programming over the combinations that no other beats in both (Nemhauser and Ullmann 1969);
/// where more than `states` of them are left, they are thinned to about half as many, evenly in
/// cost. Throws InputError where sizes differ, a number is not finite, or the least cost of all is
/// above the budget, which it names.
Allocation allocate_ratios(const std::vector<LayerSensitivity>& layers,
                           const std::vector<std::vector<double>>& cost, double budget,
                           std::size_t states = 200'000);

}  // namespace crossloop::pruning
