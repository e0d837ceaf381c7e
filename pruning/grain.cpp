#include "pruning/grain.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/error.hpp"
#include "host/network/executor.hpp"
#include "pruning/input_gram.hpp"
#include "pruning/pipeline.hpp"

namespace crossloop::pruning {

namespace {

using Weights = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Mask = std::vector<std::uint8_t>;

/// One layer in units (band, set of outputs), and the problem of each set.
class GrainLayer {
 public:
  GrainLayer(const network::Network& network, const PrunableLayer& layer, const GrainOptions& given,
             const PruningContext& context)
      : layer_(layer), options_(given), tile_(context.tile) {
    if (given.unit == GrainUnit::kCrossbar) width_ = tile_.outputs;
    const auto values = network::weight_values(network.nodes[layer.node]);
    weights_ = Eigen::Map<const Weights>(values.data(), layer.outputs, layer.inputs).cast<double>();
    gram_ = input_gram(network, layer, *context.images, context.calibration_images, context.seed);
    order_.resize(static_cast<std::size_t>(layer.channels()));
    std::iota(order_.begin(), order_.end(), 0);
    const bool is_conv = std::holds_alternative<network::Conv>(network.nodes[layer.node].op);
    if (given.reorder && is_conv) sort_channels();
    for (const int channel : order_) {
      for (int tap = 0; tap < layer.taps; ++tap) inputs_.push_back(channel * layer.taps + tap);
    }
    for (int set = 0; set < sets(); ++set) problems_.push_back(problem(set));
  }

  int bands() const { return (layer_.inputs + tile_.rows - 1) / tile_.rows; }
  int sets() const { return (layer_.outputs + width_ - 1) / width_; }
  const std::vector<int>& order() const { return order_; }

  /// For each set the bands that stay, rising, with `sparsity` of the units gone.
  std::vector<std::vector<int>> choose(double sparsity, std::uint64_t seed) const {
    const int kept = std::max(1, static_cast<int>(std::lround((1.0 - sparsity) * bands())));
    std::vector<std::vector<int>> chosen;
    for (int set = 0; set < sets(); ++set) {
      L0Options solver = options_.solver;
      solver.seed = seed;
      solver.item = layer_.node << 32U | static_cast<std::uint64_t>(set);
      chosen.push_back(solve_l0(problems_[static_cast<std::size_t>(set)], kept, solver).kept);
    }
    return options_.whole_layer ? by_crossbar(chosen, sparsity) : chosen;
  }

  int crossbars(const std::vector<std::vector<int>>& chosen) const {
    std::vector<int> alive(static_cast<std::size_t>(bands()), 0);
    for (int set = 0; set < sets(); ++set) {
      for (const int band : chosen[static_cast<std::size_t>(set)]) {
        alive[static_cast<std::size_t>(band)] += outputs_of(set);
      }
    }
    return std::accumulate(alive.begin(), alive.end(), 0, [&](int sum, int outputs) {
      return sum + (outputs + tile_.outputs - 1) / tile_.outputs;
    });
  }

  /// [outputs][inputs], in natural order.
  Mask mask(const std::vector<std::vector<int>>& chosen) const {
    Mask mask(static_cast<std::size_t>(weights_.size()), 0);
    each_kept(chosen, [&](std::size_t index, int, int) { mask[index] = 1; });
    return mask;
  }

  /// Multiplies what stays by the coefficients of least squares.
  void fold(const std::vector<std::vector<int>>& chosen, std::span<float> values) const {
    std::vector<Eigen::VectorXd> factors;
    for (std::size_t set = 0; set < chosen.size(); ++set) {
      factors.push_back(fit_l0(problems_[set], chosen[set]).coefficients);
    }
    each_kept(chosen, [&](std::size_t index, int set, int band) {
      values[index] *= static_cast<float>(factors[static_cast<std::size_t>(set)](band));
    });
  }

 private:
  int outputs_of(int set) const { return std::min(width_, layer_.outputs - set * width_); }
  int rows_of(int band) const { return std::min(tile_.rows, layer_.inputs - band * tile_.rows); }

  std::vector<int> inputs_of(int band) const {
    const auto first = inputs_.begin() + band * tile_.rows;
    return {first, first + rows_of(band)};
  }

  template <class Visit>
  void each_kept(const std::vector<std::vector<int>>& chosen, Visit visit) const {
    for (int set = 0; set < sets(); ++set) {
      for (const int band : chosen[static_cast<std::size_t>(set)]) {
        for (const int input : inputs_of(band)) {
          for (int o = set * width_; o < set * width_ + outputs_of(set); ++o) {
            visit(static_cast<std::size_t>(o * layer_.inputs + input), set, band);
          }
        }
      }
    }
  }

  /// Importance of a channel: the sum over outputs of the norm of its part of the output.
  void sort_channels() {
    std::vector<double> importance;
    for (int c = 0; c < layer_.channels(); ++c) {
      const int first = c * layer_.taps;
      const auto block = gram_.block(first, first, layer_.taps, layer_.taps);
      const Eigen::MatrixXd part = weights_.middleCols(first, layer_.taps);
      const Eigen::VectorXd squares = (part * block).cwiseProduct(part).rowwise().sum();
      importance.push_back(squares.cwiseMax(0.0).cwiseSqrt().sum());
    }
    std::stable_sort(order_.begin(), order_.end(), [&](int a, int b) {
      return importance[static_cast<std::size_t>(a)] > importance[static_cast<std::size_t>(b)];
    });
  }

  /// A = Z^T Z over the bands, summed over the outputs of the set.
  Eigen::MatrixXd problem(int set) const {
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(bands(), bands());
    for (int o = set * width_; o < set * width_ + outputs_of(set); ++o) {
      Eigen::MatrixXd parts = Eigen::MatrixXd::Zero(layer_.inputs, bands());
      for (int band = 0; band < bands(); ++band) {
        for (const int input : inputs_of(band)) parts(input, band) = weights_(o, input);
      }
      sum += parts.transpose() * (gram_ * parts);
    }
    return 0.5 * (sum + sum.transpose());
  }

  /// Of each band of a set, given the others of `kept`: the loss that it spares where it is kept,
  /// and that it would spare where it is not.
  std::vector<double> values_of(int set, const std::vector<int>& kept) const {
    const Eigen::MatrixXd& gram = problems_[static_cast<std::size_t>(set)];
    const double now = fit_l0(gram, kept).loss;
    std::vector<double> values;
    for (int band = 0; band < bands(); ++band) {
      std::vector<int> other = kept;
      const auto place = std::lower_bound(other.begin(), other.end(), band);
      const bool stays = place != other.end() && *place == band;
      if (stays) {
        other.erase(place);
      } else {
        other.insert(place, band);
      }
      values.push_back(std::abs(fit_l0(gram, other).loss - now));
    }
    return values;
  }

  /// The crossbars worth most. The sets of a band stand by falling value, whether `solved` keeps
  /// them there or not, and each run of as many as fit one crossbar shares one; crossbars of all
  /// bands compete. `solved` only says which other bands a value takes as kept.
  std::vector<std::vector<int>> by_crossbar(const std::vector<std::vector<int>>& solved,
                                            double sparsity) const {
    struct Crossbar {
      double value = 0.0;
      int band = 0;
      std::vector<int> sets;
    };
    std::vector<std::vector<double>> values;
    for (int set = 0; set < sets(); ++set) {
      values.push_back(values_of(set, solved[static_cast<std::size_t>(set)]));
    }
    const std::size_t together = static_cast<std::size_t>(tile_.outputs / width_);
    std::vector<Crossbar> all;
    for (int band = 0; band < bands(); ++band) {
      const auto value = [&](int set) {
        return values[static_cast<std::size_t>(set)][static_cast<std::size_t>(band)];
      };
      std::vector<int> ranked(static_cast<std::size_t>(sets()));
      std::iota(ranked.begin(), ranked.end(), 0);
      std::stable_sort(ranked.begin(), ranked.end(),
                       [&](int a, int b) { return value(a) > value(b); });
      for (std::size_t i = 0; i < ranked.size(); ++i) {
        if (i % together == 0) all.push_back({.band = band, .sets = {}});
        all.back().sets.push_back(ranked[i]);
        all.back().value += value(ranked[i]);
      }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Crossbar& a, const Crossbar& b) { return a.value > b.value; });
    const auto count = static_cast<double>(all.size());
    all.resize(static_cast<std::size_t>(std::max(1L, std::lround((1.0 - sparsity) * count))));
    std::vector<std::vector<int>> chosen(static_cast<std::size_t>(sets()));
    for (const Crossbar& crossbar : all) {
      for (const int set : crossbar.sets) {
        chosen[static_cast<std::size_t>(set)].push_back(crossbar.band);
      }
    }
    for (auto& kept : chosen) std::sort(kept.begin(), kept.end());
    return chosen;
  }

  const PrunableLayer& layer_;
  const GrainOptions& options_;
  TileShape tile_;
  int width_ = 1;  ///< outputs of a set
  Eigen::MatrixXd weights_, gram_;
  std::vector<int> order_;   ///< channels
  std::vector<int> inputs_;  ///< im2col inputs in the order in which they meet the bands
  std::vector<Eigen::MatrixXd> problems_;
};

class GrainMethod : public Method {
 public:
  explicit GrainMethod(const GrainOptions& options) : options_(options) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    Selection selection;
    network::Network pruned = network;  // later layers see what earlier ones have lost
    for (const PrunableLayer& layer : context.layers) {
      if (layer.groups != 1) continue;
      const GrainLayer grains(pruned, layer, options_, context);
      const auto chosen = options_.rounds ? raised(grains, pruned, layer, context)
                                          : grains.choose(options_.sparsity, context.seed);
      const Mask mask = grains.mask(chosen);
      if (options_.fold) {
        grains.fold(chosen, network::weight_of(network.nodes[layer.node]).values);
        grains.fold(chosen, network::weight_of(pruned.nodes[layer.node]).values);
      }
      apply_zeros(pruned, {.weights = {{layer.name, mask}}, .channels = {}});
      selection.weights[layer.name] = mask;
      if (!std::is_sorted(grains.order().begin(), grains.order().end())) {
        selection.input_order[layer.name] = grains.order();
      }
    }
    return selection;
  }

 private:
  /// Step by step until accuracy, ratio or the crossbars freed by a step say stop (1.7).
  std::vector<std::vector<int>> raised(const GrainLayer& grains, const network::Network& network,
                                       const PrunableLayer& layer,
                                       const PruningContext& context) const {
    const int count = std::min(context.calibration_images, context.images->count);
    const data::Dataset proxy = context.images->slice(context.images->count - count, count);
    auto best = grains.choose(0.0, context.seed);
    for (int step = 1; step * options_.step <= options_.sparsity + 1e-9; ++step) {
      const auto next = grains.choose(step * options_.step, context.seed);
      const int freed = grains.crossbars(best) - grains.crossbars(next);
      if (freed < options_.crossbar_threshold) break;
      network::Network tried = network;
      apply_zeros(tried, {.weights = {{layer.name, grains.mask(next)}}, .channels = {}});
      if (network::accuracy(tried, proxy) < options_.acc_threshold) break;
      best = next;
    }
    return best;
  }

  GrainOptions options_;
};

}  // namespace

std::vector<OptionSpec> grain_option_specs() {
  return {
      number_option("sparsity", 0.5, 0.0, 0.99, "share of the units of each layer that goes"),
      word_option("solver", {"rpp", "iht", "greedy", "norm"}, "how the units are chosen"),
      integer_option("iterations", 100, 1, 10000, "projections of rpp and iht"),
      number_option("relaxation", 1.5, 1.0, 10.0, "candidates over units kept, at first (rpp)"),
      word_option("budget", {"layer", "output"},
                  "whole crossbars of a layer compete, or each output set keeps as many bands"),
      word_option("reorder", {"no", "yes"}, "channels of like importance share a band"),
      word_option("fold", {"no", "yes"}, "scale what stays by least squares"),
      word_option("mode", {"fixed", "round"},
                  "prune by sparsity, or raise each layer step by step until a condition stops it"),
      number_option("ratio_max", 0.8, 0.0, 0.99, "largest share of a layer (round)"),
      number_option("step", 0.1, 0.01, 1.0, "share by which a layer is raised (round)"),
      number_option("acc_threshold", 0.0, 0.0, 1.0, "least accuracy on training images (round)"),
      integer_option("crossbar_threshold", 1, 0, 1000000, "crossbars a step must free (round)")};
}

GrainOptions grain_options(GrainUnit unit, const MethodOptions& options) {
  const bool rounds = options.word("mode") == "round";
  return {.unit = unit,
          .solver = {.solver = l0_solver(options.word("solver")),
                     .iterations = options.integer("iterations"),
                     .relaxation = options.number("relaxation")},
          .sparsity = options.number(rounds ? "ratio_max" : "sparsity"),
          .whole_layer = options.word("budget") == "layer",
          .reorder = options.word("reorder") == "yes",
          .fold = options.word("fold") == "yes",
          .rounds = rounds,
          .step = options.number("step"),
          .acc_threshold = options.number("acc_threshold"),
          .crossbar_threshold = options.integer("crossbar_threshold")};
}

std::unique_ptr<Method> make_grain_method(const GrainOptions& options) {
  return std::make_unique<GrainMethod>(options);
}

}  // namespace crossloop::pruning
