#include "pruning/prune.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>

#include "host/error.hpp"

namespace crossloop::pruning {

namespace {

/// The outputs that would leave one band together, and what that costs.
struct Drop {
  std::vector<int> outputs;
  double loss = 0.0;  ///< their sum of squared weights over that of the layer
};

/// One weight matrix cut into bands of `rows` inputs. Every drop frees one crossbar.
class BandedLayer {
 public:
  BandedLayer(std::span<const float> weights, int outputs, const ColumnGrainOptions& options)
      : outputs_(outputs),
        inputs_(static_cast<int>(weights.size()) / std::max(outputs, 1)),
        rows_(options.rows),
        per_crossbar_(options.outputs_per_crossbar),
        least_alive_(static_cast<int>(std::ceil(options.layer_limit * outputs - 1e-9))),
        bands_of_output_(static_cast<std::size_t>(outputs), 0) {
    const int bands = (inputs_ + rows_ - 1) / rows_;
    double total = 0.0;
    for (const float weight : weights) total += static_cast<double>(weight) * weight;
    for (int b = 0; b < bands; ++b) {
      Band& band = bands_.emplace_back();
      band.alive = outputs;
      for (int o = 0; o < outputs; ++o) {
        double energy = 0.0;
        for (const float w : segment(weights, b, o)) energy += static_cast<double>(w) * w;
        band.energy.push_back(total > 0.0 ? energy / total : 0.0);
      }
      band.kept.assign(static_cast<std::size_t>(outputs), true);
    }
    std::fill(bands_of_output_.begin(), bands_of_output_.end(), bands);
  }

  int bands() const { return static_cast<int>(bands_.size()); }
  int crossbars() const {
    return std::accumulate(bands_.begin(), bands_.end(), 0, [this](int sum, const Band& band) {
      return sum + (band.alive + per_crossbar_ - 1) / per_crossbar_;
    });
  }

  /// The cheapest drop in any band; nothing when all are at their limit. Cached between drops.
  const std::optional<Drop>& cheapest() {
    if (fresh_) return cheapest_;
    fresh_ = true;
    cheapest_.reset();
    for (int b = 0; b < bands(); ++b) {
      Band& band = bands_[static_cast<std::size_t>(b)];
      if (!band.fresh) band.next = next_drop(band);
      band.fresh = true;
      if (!band.next || (cheapest_ && band.next->loss >= cheapest_->loss)) continue;
      cheapest_ = band.next;
      cheapest_band_ = static_cast<std::size_t>(b);
    }
    return cheapest_;
  }

  void drop_cheapest() {
    Band& band = bands_[cheapest_band_];
    bool newly_protected = false;
    for (const int output : cheapest_->outputs) {
      const auto o = static_cast<std::size_t>(output);
      band.kept[o] = false;
      newly_protected |= --bands_of_output_[o] == 1;
    }
    band.alive -= static_cast<int>(cheapest_->outputs.size());
    band.fresh = fresh_ = false;
    if (newly_protected) {
      for (Band& other : bands_) other.fresh = false;
    }
  }

  /// 1 for every weight of a kept segment, laid out as the weight.
  std::vector<std::uint8_t> mask() const {
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(outputs_) *
                                   static_cast<std::size_t>(inputs_));
    for (int b = 0; b < bands(); ++b) {
      for (int o = 0; o < outputs_; ++o) {
        const bool kept = bands_[static_cast<std::size_t>(b)].kept[static_cast<std::size_t>(o)];
        const auto part = segment(std::span(mask), b, o);
        std::fill(part.begin(), part.end(), kept ? std::uint8_t{1} : std::uint8_t{0});
      }
    }
    return mask;
  }

 private:
  struct Band {
    std::vector<double> energy;  ///< per output, relative to the layer
    std::vector<bool> kept;
    int alive = 0;
    bool fresh = false;  ///< whether `next` is up to date
    std::optional<Drop> next;
  };

  template <class T>
  std::span<T> segment(std::span<T> values, int band, int output) const {
    const int first = band * rows_;
    const int count = std::min(rows_, inputs_ - first);
    return values.subspan(static_cast<std::size_t>(output) * static_cast<std::size_t>(inputs_) +
                              static_cast<std::size_t>(first),
                          static_cast<std::size_t>(count));
  }

  /// Down to the next multiple of outputs per crossbar, weakest segments first, sparing the last
  /// segment of an output.
  std::optional<Drop> next_drop(const Band& band) const {
    const int target = (band.alive - 1) / per_crossbar_ * per_crossbar_;
    if (band.alive == 0 || target < least_alive_) return std::nullopt;
    std::vector<int> candidates;
    for (int o = 0; o < outputs_; ++o) {
      const auto i = static_cast<std::size_t>(o);
      if (band.kept[i] && bands_of_output_[i] > 1) candidates.push_back(o);
    }
    const auto count = static_cast<std::ptrdiff_t>(band.alive - target);
    if (static_cast<std::ptrdiff_t>(candidates.size()) < count) return std::nullopt;
    const auto energy = [&](int o) { return band.energy[static_cast<std::size_t>(o)]; };
    std::partial_sort(
        candidates.begin(), candidates.begin() + count, candidates.end(),
        [&](int a, int b) { return energy(a) != energy(b) ? energy(a) < energy(b) : a < b; });
    Drop drop{{candidates.begin(), candidates.begin() + count}, 0.0};
    for (const int output : drop.outputs) drop.loss += energy(output);
    return drop;
  }

  int outputs_;
  int inputs_;
  int rows_;
  int per_crossbar_;
  int least_alive_;
  std::vector<Band> bands_;
  std::vector<int> bands_of_output_;  ///< bands in which an output is alive
  bool fresh_ = false;
  std::optional<Drop> cheapest_;
  std::size_t cheapest_band_ = 0;
};

void check_options(const ColumnGrainOptions& options) {
  const auto refuse = [](const std::string& what, double found, const std::string& expected) {
    throw InputError("column-grain pruning: " + what + " is " + std::to_string(found) +
                     ", expected " + expected);
  };
  if (options.rows < 1) refuse("rows", options.rows, "at least 1");
  if (options.outputs_per_crossbar < 1) {
    refuse("outputs_per_crossbar", options.outputs_per_crossbar, "at least 1");
  }
  if (!(options.crossbar_ratio > 0.0 && options.crossbar_ratio <= 1.0)) {
    refuse("crossbar_ratio", options.crossbar_ratio, "above 0 and at most 1");
  }
  if (!(options.layer_limit >= 0.0 && options.layer_limit <= 1.0)) {
    refuse("layer_limit", options.layer_limit, "0 to 1");
  }
}

struct Candidate {
  std::size_t node = 0;
  int dense = 0;
  bool stays_dense = false;
  BandedLayer layer;
};

std::vector<Candidate> candidates_of(const network::Network& network,
                                     const ColumnGrainOptions& options) {
  std::vector<Candidate> found;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    network::Node node = network.nodes[i];
    if (!network::has_weight(node)) continue;
    const auto* conv = std::get_if<network::Conv>(&node.op);
    if (conv != nullptr && conv->groups != 1) continue;
    BandedLayer layer(network::weight_values(node), network::weight_of(node).outputs, options);
    found.push_back({i, layer.crossbars(), false, std::move(layer)});
  }
  if (found.empty()) {
    throw InputError("network " + network.name + ": no Conv or Linear to prune in columns");
  }
  const std::vector<std::size_t>& chosen = options.prunable;
  for (Candidate& candidate : found) {
    candidate.stays_dense = std::find(chosen.begin(), chosen.end(), candidate.node) == chosen.end();
    if (chosen.empty()) {
      candidate.stays_dense = &candidate == &found.front() || &candidate == &found.back();
    }
  }
  return found;
}

/// Drops bundles over the whole network, the least loss first, until `target` crossbars are left.
/// Returns how many are left.
int drop_until(std::vector<Candidate>& layers, int crossbars, int target) {
  while (crossbars > target) {
    BandedLayer* best = nullptr;
    for (Candidate& candidate : layers) {
      if (candidate.stays_dense || !candidate.layer.cheapest()) continue;
      if (best == nullptr || candidate.layer.cheapest()->loss < best->cheapest()->loss) {
        best = &candidate.layer;
      }
    }
    if (best == nullptr) break;
    best->drop_cheapest();
    --crossbars;
  }
  return crossbars;
}

/// Shortest text that reads back as the same number.
std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

}  // namespace

PruningResult prune_column_grain(const network::Network& network,
                                 const ColumnGrainOptions& options) {
  check_options(options);
  network::infer_shapes(network);
  std::vector<Candidate> layers = candidates_of(network, options);
  const int dense = std::accumulate(layers.begin(), layers.end(), 0,
                                    [](int sum, const Candidate& c) { return sum + c.dense; });
  // Guards against a product such as 0.6 * 5 that is just below its integer.
  const int target = static_cast<int>(std::floor(options.crossbar_ratio * dense + 1e-9));
  const int left = drop_until(layers, dense, target);
  if (left > target) {
    throw InputError("network " + network.name + ": crossbar_ratio " +
                     number_text(options.crossbar_ratio) + " asks for " + std::to_string(target) +
                     " of " + std::to_string(dense) + " crossbars, but " + std::to_string(left) +
                     " must stay with layer_limit " + number_text(options.layer_limit) +
                     " and every output kept");
  }
  PruningResult result;
  for (const Candidate& candidate : layers) {
    const network::Node& node = network.nodes[candidate.node];
    const std::vector<std::uint8_t> mask = candidate.layer.mask();
    const auto kept = static_cast<double>(std::count(mask.begin(), mask.end(), 1));
    result.layers.push_back({node.name, candidate.dense, candidate.layer.crossbars(),
                             kept / static_cast<double>(mask.size())});
    result.masks[node.name] = mask;
  }
  return result;
}

Masks masks_of(const network::Network& network) {
  Masks masks;
  for (const network::Node& node : network.nodes) {
    if (!network::has_weight(node)) continue;
    std::vector<std::uint8_t>& mask = masks[node.name];
    for (const float weight : network::weight_values(node)) mask.push_back(weight != 0.0F ? 1 : 0);
  }
  return masks;
}

}  // namespace crossloop::pruning
