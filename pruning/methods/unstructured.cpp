// Unstructured magnitude pruning, the baseline of every structured method: it frees no crossbar.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "pruning/method.hpp"

namespace crossloop::pruning {

namespace {

/// The smallest |w| go first: over all layers together, or the same share of every layer.
class Unstructured : public Method {
 public:
  explicit Unstructured(const MethodOptions& options)
      : sparsity_(options.number("sparsity")),
        global_(options.word("scope") == "global"),
        ratios_(options.numbers("ratios")) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    check_ratios("unstructured", ratios_, context);
    std::vector<Weight> pool;
    Selection selection;
    for (std::size_t l = 0; l < context.layers.size(); ++l) {
      const network::Node& node = network.nodes[context.layers[l].node];
      const auto values = network::weight_values(node);
      selection.weights[node.name].assign(values.size(), 1);
      for (std::size_t i = 0; i < values.size(); ++i) {
        pool.push_back({std::abs(values[i]), l, i});
      }
      if (global_ && ratios_.empty()) continue;
      prune(pool, ratios_.empty() ? sparsity_ : ratios_[l], context, selection);
      pool.clear();
    }
    prune(pool, sparsity_, context, selection);
    return selection;
  }

 private:
  struct Weight {
    float magnitude;
    std::size_t layer, index;
    /// Ties: the later one goes first.
    bool operator<(const Weight& other) const {
      if (magnitude != other.magnitude) return magnitude < other.magnitude;
      return layer != other.layer ? layer > other.layer : index > other.index;
    }
  };

  static void prune(std::vector<Weight>& pool, double share, const PruningContext& context,
                    Selection& selection) {
    const auto count =
        static_cast<std::ptrdiff_t>(std::llround(share * static_cast<double>(pool.size())));
    std::nth_element(pool.begin(), pool.begin() + count, pool.end());
    for (auto weight = pool.begin(); weight != pool.begin() + count; ++weight) {
      selection.weights[context.layers[weight->layer].name][weight->index] = 0;
    }
  }

  double sparsity_;
  bool global_;
  std::vector<double> ratios_;
};

}  // namespace

MethodInfo unstructured_method() {
  return {
      .name = "unstructured",
      .summary = "The smallest weights go, wherever they are; frees no crossbar by itself.",
      .source = "baseline of Ibrayev et al. 2024 and of most work on pruning (Han et al. 2015)",
      .options = {number_option("sparsity", 0.8, 0.0, 0.999, "share of the weights that goes"),
                  word_option("scope", {"global", "layer"},
                              "compare weights over the network, or within each layer"),
                  list_option("ratios", 0.0, 1.0,
                              "share of each layer instead of sparsity, in graph order")},
      .make = [](const MethodOptions& options) { return std::make_unique<Unstructured>(options); }};
}

}  // namespace crossloop::pruning
