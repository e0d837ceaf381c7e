#include "host/compiler/plan.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <numeric>

namespace crossloop::compiler {
namespace {

using Ints = std::vector<std::int32_t>;

/// Word lines that are driven together, and what may read them.
struct Band {
  std::int32_t part = 0;
  std::int32_t index = 0;
  Ints inputs;
  Ints accumulators;
  std::size_t width = 1;  ///< accumulators of one crossbar
};

bool is_alive(const MaskedLayer& masked, std::int32_t accumulator, std::int32_t input) {
  const std::ptrdiff_t index = weight_index(*masked.layer, accumulator, input);
  return index >= 0 && (*masked.alive)[static_cast<std::size_t>(index)] != 0;
}

bool any_alive(const MaskedLayer& masked, const Ints& accumulators, const Ints& inputs) {
  return std::any_of(accumulators.begin(), accumulators.end(), [&](std::int32_t a) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](std::int32_t i) { return is_alive(masked, a, i); });
  });
}

int taps_of(const Layer& layer) { return layer.window.kernel_h * layer.window.kernel_w; }

/// Input channels in the order in which they meet the bands.
Ints channel_order(const MaskedLayer& masked, const PlanOptions& options) {
  const Layer& layer = *masked.layer;
  const auto inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const auto taps = static_cast<std::size_t>(taps_of(layer));
  if (!options.order.empty()) {
    assert(options.order.size() == inputs / taps);
    return options.order;
  }
  Ints order(inputs / taps);
  std::iota(order.begin(), order.end(), 0);
  if (!options.reorder) return order;
  std::vector<double> importance(order.size());
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    importance[i % inputs / taps] += std::abs(layer.weights[i]) * layer.weight_scale[i / inputs];
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return importance[static_cast<std::size_t>(a)] > importance[static_cast<std::size_t>(b)];
  });
  return order;
}

/// Channels that keep a weight; all of them where `compact` is off.
Ints kept_channels(const MaskedLayer& masked, Ints channels, bool compact) {
  if (!compact) return channels;
  const auto inputs = static_cast<std::size_t>(masked.layer->inputs_per_output);
  const auto taps = static_cast<std::size_t>(taps_of(*masked.layer));
  std::vector<bool> used(inputs / taps);
  for (std::size_t i = 0; i < masked.alive->size(); ++i) {
    if ((*masked.alive)[i] != 0) used[i % inputs / taps] = true;
  }
  std::erase_if(channels, [&](std::int32_t c) { return !used[static_cast<std::size_t>(c)]; });
  return channels;
}

/// Bands of a folded layer: its inputs, cut every R rows.
std::vector<Band> folded_bands(const MaskedLayer& masked, const TileFormat& tile,
                               const Ints& channels, bool compact) {
  const Layer& layer = *masked.layer;
  Band all;
  all.accumulators.resize(static_cast<std::size_t>(layer.outputs));
  std::iota(all.accumulators.begin(), all.accumulators.end(), 0);
  all.width = static_cast<std::size_t>(tile.weights_per_row());
  Ints inputs;
  for (const std::int32_t channel : channels) {
    for (int tap = 0; tap < taps_of(layer); ++tap) {
      const std::int32_t input = channel * taps_of(layer) + tap;
      if (!compact || any_alive(masked, all.accumulators, {input})) inputs.push_back(input);
    }
  }
  std::vector<Band> bands;
  const auto rows = static_cast<std::size_t>(tile.rows);
  for (std::size_t first = 0; first < inputs.size(); first += rows, ++all.index) {
    const auto begin = inputs.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(rows, inputs.size() - first);
    all.inputs.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    bands.push_back(all);
  }
  return bands;
}

/// The inputs of one group of channels in a strip, all kernel rows or one.
Ints strip_inputs(const Layer& layer, std::span<const std::int32_t> channels, int first_row,
                  int rows) {
  const int strip = strip_width(layer.window, layer.columns_per_vector);
  Ints inputs;
  for (const std::int32_t channel : channels) {
    for (int ky = first_row; ky < first_row + rows; ++ky) {
      for (int x = 0; x < strip; ++x) {
        inputs.push_back((channel * layer.window.kernel_h + ky) * strip + x);
      }
    }
  }
  return inputs;
}

/// Bands of a semi-folded layer: slices of the width, groups of K_in channels, kernel rows.
std::vector<Band> semi_folded_bands(const MaskedLayer& masked, const Ints& channels) {
  const Layer& layer = *masked.layer;
  const auto group = static_cast<std::size_t>(masked.folding.input_channels);
  std::vector<Band> bands;
  for (std::int32_t part = 0; part < layer.parts; ++part) {
    const int columns =
        std::min(layer.columns_per_vector, masked.out_width - part * layer.columns_per_vector);
    Band band{.part = part, .inputs = {}, .accumulators = {}};
    band.width = static_cast<std::size_t>(masked.folding.output_channels * columns);
    for (std::int32_t o = 0; o < layer.outputs; ++o) {
      for (int y = 0; y < columns; ++y) band.accumulators.push_back(y * layer.outputs + o);
    }
    for (std::size_t first = 0; first < channels.size(); first += group) {
      const auto members =
          std::span(channels).subspan(first, std::min(group, channels.size() - first));
      for (int ky = 0; ky < layer.window.kernel_h; ky += masked.folding.kernel_rows) {
        band.inputs = strip_inputs(layer, members, ky, masked.folding.kernel_rows);
        bands.push_back(band);
        ++band.index;
      }
    }
  }
  return bands;
}

/// Sorts accumulators by rising mean |w| over the inputs of a band.
void sort_by_weight(const Layer& layer, const Ints& inputs, Ints& accumulators) {
  std::vector<std::pair<int, std::int32_t>> keyed;
  for (const std::int32_t a : accumulators) {
    int sum = 0;
    for (const std::int32_t input : inputs) sum += std::abs(weight_at(layer, a, input));
    keyed.emplace_back(sum, a);
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::transform(keyed.begin(), keyed.end(), accumulators.begin(),
                 [](const auto& pair) { return pair.second; });
}

void append_blocks(const MaskedLayer& masked, const Band& band, bool rearrange,
                   std::vector<Block>& blocks) {
  Ints live;
  for (const std::int32_t a : band.accumulators) {
    if (any_alive(masked, {a}, band.inputs)) live.push_back(a);
  }
  if (rearrange) sort_by_weight(*masked.layer, band.inputs, live);
  for (std::size_t first = 0; first < live.size(); first += band.width) {
    const std::size_t count = std::min(band.width, live.size() - first);
    const auto begin = live.begin() + static_cast<std::ptrdiff_t>(first);
    Block block{.part = band.part, .band = band.index, .rows = {}, .accumulators = {}};
    block.accumulators.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    if (rearrange) std::reverse(block.accumulators.begin(), block.accumulators.end());
    for (const std::int32_t input : band.inputs) {
      if (any_alive(masked, block.accumulators, {input})) block.rows.push_back(input);
    }
    blocks.push_back(std::move(block));
  }
}

Ints united(const Ints& a, const Ints& b) {
  Ints all = a;
  for (const std::int32_t element : b) {
    if (std::find(a.begin(), a.end(), element) == a.end()) all.push_back(element);
  }
  return all;
}

Ints without(const Ints& a, const Ints& b) {
  Ints rest;
  std::copy_if(a.begin(), a.end(), std::back_inserter(rest), [&b](std::int32_t element) {
    return std::find(b.begin(), b.end(), element) == b.end();
  });
  return rest;
}

/// Adds `block` to `host` where both fit one crossbar; says whether they do.
bool merge(const MaskedLayer& masked, const TileFormat& tile, Block& host, const Block& block) {
  if (host.part != block.part) return false;
  if (host.rows.size() + block.rows.size() > static_cast<std::size_t>(tile.rows)) return false;
  if (without(block.rows, host.rows).size() != block.rows.size()) return false;
  Ints accumulators = united(host.accumulators, block.accumulators);
  if (accumulators.size() > static_cast<std::size_t>(tile.weights_per_row())) return false;
  if (any_alive(masked, without(block.accumulators, host.accumulators), host.rows) ||
      any_alive(masked, without(host.accumulators, block.accumulators), block.rows)) {
    return false;
  }
  host.accumulators = std::move(accumulators);
  host.rows.insert(host.rows.end(), block.rows.begin(), block.rows.end());
  host.band = std::min(host.band, block.band);
  return true;
}

/// First fit, the blocks of most rows first.
std::vector<Block> shared(const MaskedLayer& masked, const TileFormat& tile,
                          std::vector<Block> blocks) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.rows.size() > b.rows.size(); });
  std::vector<Block> hosts;
  for (Block& block : blocks) {
    const bool found = std::any_of(hosts.begin(), hosts.end(),
                                   [&](Block& host) { return merge(masked, tile, host, block); });
    if (!found) hosts.push_back(std::move(block));
  }
  std::stable_sort(hosts.begin(), hosts.end(), [](const Block& a, const Block& b) {
    return std::pair(a.part, a.band) < std::pair(b.part, b.band);
  });
  return hosts;
}

std::vector<Block> plan_bands(const MaskedLayer& masked, const TileFormat& tile,
                              const PlanOptions& options, bool compact) {
  const Ints channels = kept_channels(masked, channel_order(masked, options), compact);
  const auto bands = masked.layer->mapping == Mapping::kFolded
                         ? folded_bands(masked, tile, channels, compact)
                         : semi_folded_bands(masked, channels);
  std::vector<Block> blocks;
  for (const Band& band : bands) append_blocks(masked, band, options.rearrange, blocks);
  return options.share ? shared(masked, tile, std::move(blocks)) : blocks;
}

}  // namespace

std::vector<Block> plan(const MaskedLayer& masked, const TileFormat& tile,
                        const PlanOptions& options) {
  assert(tile.weights_per_row() >= 1);
  std::vector<Block> blocks = plan_bands(masked, tile, options, false);
  if (!options.compact) return blocks;
  std::vector<Block> compacted = plan_bands(masked, tile, options, true);
  return compacted.size() < blocks.size() ? compacted : blocks;
}

}  // namespace crossloop::compiler
