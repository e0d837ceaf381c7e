#include "pruning/group_selection.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

namespace crossloop::pruning {

namespace {

/// Blocks with their strengths in one layer.
class Strengths {
 public:
  Strengths(std::span<const float> weights, const PrunableLayer& layer)
      : weights_(weights), layer_(layer) {
    double sum = 0.0;
    for (const float weight : weights) sum += static_cast<double>(weight) * weight;
    mean_square_ = weights.empty() ? 0.0 : sum / static_cast<double>(weights.size());
  }

  double squares(const WeightBlock& block) const {
    double sum = 0.0;
    for_each_weight(layer_, block,
                    [&](std::size_t i) { sum += static_cast<double>(weights_[i]) * weights_[i]; });
    return sum;
  }

  WeightBundle bundle(std::vector<WeightBlock> blocks) const {
    WeightBundle made{.blocks = std::move(blocks)};
    double sum = 0.0;
    for (const WeightBlock& block : made.blocks) {
      sum += squares(block);
      made.weights += block.size();
    }
    const double scale = mean_square_ * static_cast<double>(made.weights);
    made.strength = scale > 0.0 ? std::sqrt(sum / scale) : 0.0;
    return made;
  }

  void sort_weakest_first(std::vector<WeightBlock>& blocks) const {
    std::vector<std::pair<double, std::size_t>> keyed;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      keyed.emplace_back(squares(blocks[i]) / blocks[i].size(), i);
    }
    std::sort(keyed.begin(), keyed.end());
    std::vector<WeightBlock> sorted;
    for (const auto& [key, i] : keyed) sorted.push_back(blocks[i]);
    blocks = std::move(sorted);
  }

 private:
  std::span<const float> weights_;
  const PrunableLayer& layer_;
  double mean_square_ = 0.0;
};

/// Cuts `blocks`, the weakest first, into bundles of rising strength; `next(left)` says how many of
/// the `left` blocks stay when the next bundle is gone.
std::vector<WeightBundle> cut(const Strengths& strengths, const std::vector<WeightBlock>& blocks,
                              int left, const std::function<int(int)>& next) {
  std::vector<WeightBundle> bundles;
  for (auto block = blocks.begin();;) {
    const std::ptrdiff_t count = left - next(left);
    if (count <= 0 || count > blocks.end() - block) return bundles;
    WeightBundle bundle = strengths.bundle({block, block + count});
    // Against rounding: the sort of drop_weakest must not turn them round.
    if (!bundles.empty()) bundle.strength = std::max(bundle.strength, bundles.back().strength);
    bundles.push_back(std::move(bundle));
    block += count;
    left -= static_cast<int>(count);
  }
}

/// Column segments by group and band, in the order of tiles_of.
std::map<std::pair<int, int>, std::vector<WeightBlock>> columns_by_band(const PrunableLayer& layer,
                                                                        const TileShape& tile) {
  std::map<std::pair<int, int>, std::vector<WeightBlock>> bands;
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    const int group = block.first_output / (layer.outputs / layer.groups);
    std::vector<WeightBlock>& band = bands[{group, block.first_input}];
    for (const WeightBlock& column : segments_of(block, Grain::kColumns)) band.push_back(column);
  }
  return bands;
}

/// A bundle of one layer on its way to the door.
struct Candidate {
  const WeightBundle* bundle;
  std::size_t layer;
};

/// Counts what leaves and marks it.
class Dropper {
 public:
  Dropper(const PruningContext& context, const BundleChoice& choice)
      : context_(context), choice_(choice), kept_(context.layers.size()) {
    for (std::size_t l = 0; l < context.layers.size(); ++l) {
      const PrunableLayer& layer = context.layers[l];
      const auto size =
          static_cast<std::size_t>(layer.outputs) * static_cast<std::size_t>(layer.inputs);
      selection_.weights[layer.name].assign(size, 1);
      kept_[l] = static_cast<std::int64_t>(size);
      open_.push_back(true);
      least_.push_back(static_cast<std::int64_t>(
          std::ceil(choice.layer_limit * static_cast<double>(size) - kRounding)));
    }
  }

  /// `candidates` are those of the layers first..last-1.
  void drop(std::vector<Candidate> candidates, std::size_t first, std::size_t last) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) {
                       return a.bundle->strength < b.bundle->strength;
                     });
    std::int64_t weights = 0;
    for (std::size_t l = first; l < last; ++l) weights += kept_[l];
    auto budget =
        static_cast<std::int64_t>(choice_.ratio * static_cast<double>(weights) + kRounding);
    for (const Candidate& candidate : candidates) {
      const WeightBundle& bundle = *candidate.bundle;
      if (choice_.threshold > 0.0 ? bundle.strength > choice_.threshold : bundle.weights > budget) {
        return;
      }
      if (!open_[candidate.layer] ||
          kept_[candidate.layer] - bundle.weights < least_[candidate.layer]) {
        open_[candidate.layer] = false;  // a later bundle may need this one gone
        continue;
      }
      budget -= bundle.weights;
      remove(candidate);
    }
  }

  Selection take() { return std::move(selection_); }

 private:
  /// Guards against a product such as 0.6 * 5 that is just off its integer.
  static constexpr double kRounding = 1e-6;

  void remove(const Candidate& candidate) {
    const PrunableLayer& layer = context_.layers[candidate.layer];
    std::vector<std::uint8_t>& mask = selection_.weights[layer.name];
    for (const WeightBlock& block : candidate.bundle->blocks) {
      for_each_weight(layer, block, [&mask](std::size_t i) { mask[i] = 0; });
    }
    kept_[candidate.layer] -= candidate.bundle->weights;
  }

  const PruningContext& context_;
  const BundleChoice& choice_;
  Selection selection_;
  std::vector<std::int64_t> kept_, least_;  ///< weights, by layer
  std::vector<bool> open_;                  ///< by layer
};

}  // namespace

std::vector<WeightBundle> single_groups(std::span<const float> weights, const PrunableLayer& layer,
                                        const TileShape& tile, Grain grain) {
  const Strengths strengths(weights, layer);
  std::vector<WeightBundle> bundles;
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    for (const WeightBlock& segment : segments_of(block, grain)) {
      bundles.push_back(strengths.bundle({segment}));
    }
  }
  return bundles;
}

std::vector<WeightBundle> column_bundles(std::span<const float> weights, const PrunableLayer& layer,
                                         const TileShape& tile) {
  const Strengths strengths(weights, layer);
  auto bands = columns_by_band(layer, tile);
  std::map<int, std::pair<double, WeightBlock>> strongest;  // by output
  for (const auto& [key, columns] : bands) {
    for (const WeightBlock& column : columns) {
      const double squares = strengths.squares(column);
      const auto [best, is_new] =
          strongest.try_emplace(column.first_output, std::pair(squares, column));
      if (!is_new && squares > best->second.first) best->second = {squares, column};
    }
  }
  std::vector<WeightBundle> bundles;
  for (auto& [key, columns] : bands) {
    const int all = static_cast<int>(columns.size());
    std::erase_if(columns, [&strongest](const WeightBlock& column) {
      return strongest.at(column.first_output).second == column;
    });
    strengths.sort_weakest_first(columns);
    const auto next = [&tile](int left) { return (left - 1) / tile.outputs * tile.outputs; };
    for (WeightBundle& bundle : cut(strengths, columns, all, next)) {
      bundles.push_back(std::move(bundle));
    }
  }
  return bundles;
}

std::vector<WeightBundle> row_bundles(std::span<const float> weights, const PrunableLayer& layer,
                                      const TileShape& tile) {
  const Strengths strengths(weights, layer);
  std::vector<WeightBundle> bundles;
  for (const WeightBlock& block : tiles_of(layer, tile)) {
    std::vector<WeightBlock> rows = segments_of(block, Grain::kRows);
    strengths.sort_weakest_first(rows);
    rows.pop_back();  // the strongest stays
    const auto next = [&tile](int left) {
      int level = tile.rows;
      while (level >= left) level /= 2;
      return level;
    };
    for (WeightBundle& bundle : cut(strengths, rows, block.inputs, next)) {
      bundles.push_back(std::move(bundle));
    }
  }
  return bundles;
}

std::vector<OptionSpec> bundle_options(double ratio) {
  return {number_option("ratio", ratio, 0.0, 0.999, "largest share of the weights that goes"),
          word_option("scope", {"global", "layer"},
                      "the share is that of all layers together, or of each layer"),
          number_option("layer_limit", 0.1, 0.0, 1.0,
                        "smallest share of its weights that a layer keeps")};
}

BundleChoice bundle_choice(const MethodOptions& options) {
  return {.ratio = options.number("ratio"),
          .global = options.word("scope") == "global",
          .layer_limit = options.number("layer_limit")};
}

Selection drop_weakest(const std::vector<std::vector<WeightBundle>>& bundles,
                       const PruningContext& context, const BundleChoice& choice) {
  Dropper dropper(context, choice);
  std::vector<Candidate> pool;
  for (std::size_t l = 0; l < bundles.size(); ++l) {
    for (const WeightBundle& bundle : bundles[l]) pool.push_back({&bundle, l});
    if (choice.global) continue;
    dropper.drop(std::exchange(pool, {}), l, l + 1);
  }
  if (choice.global) dropper.drop(std::move(pool), 0, bundles.size());
  return dropper.take();
}

}  // namespace crossloop::pruning
