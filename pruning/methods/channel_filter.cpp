// Whole channels and filters go: rows and columns of the weight matrices, so that what is left is a
// smaller dense network (methods "C/F" of Bhattacharjee et al. 2022).
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "host/error.hpp"
#include "pruning/channel_groups.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

namespace {

/// The norm of every filter of a layer over the mean of them, so that layers can be compared.
std::vector<double> filter_scores(const network::Network& network, std::size_t node, bool squared) {
  const auto weights = network::weight_values(network.nodes[node]);
  const auto outputs = static_cast<std::size_t>(layer_of(network, node).outputs);
  const std::size_t inputs = weights.size() / outputs;
  std::vector<double> scores;
  for (std::size_t o = 0; o < outputs; ++o) {
    double sum = 0.0;
    for (const float w : weights.subspan(o * inputs, inputs)) {
      sum += squared ? static_cast<double>(w) * w : std::abs(static_cast<double>(w));
    }
    scores.push_back(squared ? std::sqrt(sum) : sum);
  }
  const double mean =
      std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(outputs);
  for (double& score : scores) score = mean > 0.0 ? score / mean : 0.0;
  return scores;
}

/// How much each group matters: by its filters, or by the scale that batch norm gives it.
class Scores {
 public:
  Scores(const network::Network& network, std::string criterion)
      : network_(network), criterion_(std::move(criterion)) {}

  double of(const ChannelGroup& group) {
    return criterion_ == "gamma" ? mean_gamma(group) : mean_filter(group);
  }

 private:
  double mean_filter(const ChannelGroup& group) {
    double sum = 0.0;
    for (const Channel& channel : group.producers) {
      auto [found, is_new] = filters_.try_emplace(channel.node);
      if (is_new) found->second = filter_scores(network_, channel.node, criterion_ == "l2");
      sum += found->second[static_cast<std::size_t>(channel.index)];
    }
    return sum / static_cast<double>(group.producers.size());
  }

  double mean_gamma(const ChannelGroup& group) const {
    if (group.norms.empty()) {
      throw InputError("method channel_filter, option criterion: gamma found, but layer " +
                       network_.nodes[group.producers[0].node].name +
                       " has no batch norm, expected l1 or l2");
    }
    double sum = 0.0;
    for (const Channel& channel : group.norms) {
      const auto& norm = std::get<network::BatchNorm>(network_.nodes[channel.node].op);
      sum += std::abs(norm.gamma[static_cast<std::size_t>(channel.index)]);
    }
    return sum / static_cast<double>(group.norms.size());
  }

  const network::Network& network_;
  std::string criterion_;
  std::map<std::size_t, std::vector<double>> filters_;  ///< by node
};

/// Layers whose channels can only vanish together, such as those of one residual stage.
struct Cluster {
  struct Candidate {
    const ChannelGroup* group;
    double score;
  };
  std::vector<Candidate> candidates;  ///< the weakest first
  double ratio = 1.0;                 ///< smallest of its layers
  int alive = 0;                      ///< groups, with those that are fixed
};

/// The weakest channels of a cluster that bring it to the next multiple.
struct Bundle {
  std::vector<std::size_t> candidates;
  double mean_score = 0.0;
};

/// Takes bundles out of clusters and keeps enough of every layer.
class Pruner {
 public:
  Pruner(const network::Network& network, int round, double layer_limit)
      : network_(network), round_(round), layer_limit_(layer_limit) {}

  /// The weakest bundles go until about `target` groups are gone. Returns how many are.
  int prune(std::span<Cluster> clusters, int target) {
    int gone = 0;
    while (gone < target) {
      Cluster* weakest = nullptr;
      Bundle bundle;
      for (Cluster& cluster : clusters) {
        Bundle next = next_bundle(cluster);
        if (next.candidates.empty()) continue;
        if (weakest != nullptr && next.mean_score >= bundle.mean_score) continue;
        weakest = &cluster;
        bundle = std::move(next);
      }
      const int count = static_cast<int>(bundle.candidates.size());
      if (weakest == nullptr || gone + count - target > target - gone) break;
      take(*weakest, bundle);
      gone += count;
    }
    return gone;
  }

  const std::vector<const ChannelGroup*>& gone() const { return gone_; }

 private:
  struct Outputs {
    int alive, least;
  };
  Outputs& outputs_of(std::size_t node) {
    const auto [found, is_new] = outputs_.try_emplace(node);
    if (is_new) {
      const int all = layer_of(network_, node).outputs;
      found->second = {all, std::max(1, static_cast<int>(std::ceil(layer_limit_ * all - 1e-9)))};
    }
    return found->second;
  }

  /// Takes one output of each producer off, or puts it back. False if a layer has too few then.
  bool take_outputs(const ChannelGroup& group, int count) {
    bool enough = true;
    for (const Channel& channel : group.producers) {
      Outputs& outputs = outputs_of(channel.node);
      outputs.alive -= count;
      enough = enough && outputs.alive >= outputs.least;
    }
    return enough;
  }

  Bundle next_bundle(const Cluster& cluster) {
    const int count = cluster.alive - (cluster.alive - 1) / round_ * round_;
    Bundle bundle;
    for (std::size_t i = 0; i < cluster.candidates.size(); ++i) {
      if (static_cast<int>(bundle.candidates.size()) == count) break;
      if (!take_outputs(*cluster.candidates[i].group, 1)) {
        take_outputs(*cluster.candidates[i].group, -1);
        continue;
      }
      bundle.candidates.push_back(i);
      bundle.mean_score += cluster.candidates[i].score / count;
    }
    for (const std::size_t i : bundle.candidates) take_outputs(*cluster.candidates[i].group, -1);
    if (static_cast<int>(bundle.candidates.size()) < count) bundle.candidates.clear();
    return bundle;
  }

  void take(Cluster& cluster, const Bundle& bundle) {
    for (auto i = bundle.candidates.rbegin(); i != bundle.candidates.rend(); ++i) {
      const auto candidate = cluster.candidates.begin() + static_cast<std::ptrdiff_t>(*i);
      take_outputs(*candidate->group, 1);
      gone_.push_back(candidate->group);
      cluster.candidates.erase(candidate);
    }
    cluster.alive -= static_cast<int>(bundle.candidates.size());
  }

  const network::Network& network_;
  int round_;
  double layer_limit_;
  std::map<std::size_t, Outputs> outputs_;  ///< by node
  std::vector<const ChannelGroup*> gone_;
};

class ChannelFilter : public Method {
 public:
  explicit ChannelFilter(const MethodOptions& options)
      : sparsity_(options.number("sparsity")),
        criterion_(options.word("criterion")),
        global_(options.word("scope") == "global"),
        round_(options.integer("round")),
        layer_limit_(options.number("layer_limit")),
        grouped_(options.word("grouped") == "equal" ? GroupedConv::kEqual : GroupedConv::kFree),
        ratios_(options.numbers("ratios")) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    check_ratios("channel_filter", ratios_, context);
    const std::vector<ChannelGroup> groups = channel_groups(network, grouped_);
    std::vector<Cluster> clusters = clusters_of(network, context, groups);
    Pruner pruner(network, round_, layer_limit_);
    if (global_ && ratios_.empty()) {
      prune_globally(network, clusters, pruner);
    } else {
      for (Cluster& cluster : clusters) {
        const double share = ratios_.empty() ? sparsity_ : cluster.ratio;
        pruner.prune(std::span(&cluster, 1), static_cast<int>(std::lround(share * cluster.alive)));
      }
    }
    Selection selection;
    for (const ChannelGroup* group : pruner.gone()) add_vanished(network, *group, selection);
    return selection;
  }

 private:
  /// Those with a channel that may vanish, in the order of their first layers.
  std::vector<Cluster> clusters_of(const network::Network& network, const PruningContext& context,
                                   const std::vector<ChannelGroup>& groups) const {
    std::map<std::size_t, double> ratio_of;  // of the layers that may be pruned
    for (std::size_t l = 0; l < context.layers.size(); ++l) {
      ratio_of[context.layers[l].node] = ratios_.empty() ? sparsity_ : ratios_[l];
    }
    std::map<std::size_t, Cluster> clusters;  // by first node
    Scores scores(network, criterion_);
    const auto first_nodes = joined_nodes(groups);
    for (const ChannelGroup& group : groups) {
      Cluster& cluster = clusters[first_nodes.at(group.producers[0].node)];
      ++cluster.alive;
      bool prunable = group.may_vanish();
      for (const Channel& producer : group.producers) {
        const auto ratio = ratio_of.find(producer.node);
        prunable = prunable && ratio != ratio_of.end();
        if (ratio != ratio_of.end()) cluster.ratio = std::min(cluster.ratio, ratio->second);
      }
      if (prunable) cluster.candidates.push_back({&group, scores.of(group)});
    }
    std::vector<Cluster> found;
    for (auto& [node, cluster] : clusters) {
      if (cluster.candidates.empty()) continue;
      sort_weakest_first(cluster);
      found.push_back(std::move(cluster));
    }
    if (found.empty()) {
      throw InputError("method channel_filter: network " + network.name +
                       " has no channel that may vanish, in the layers to prune");
    }
    return found;
  }

  /// Of equals the later one goes first.
  static void sort_weakest_first(Cluster& cluster) {
    std::reverse(cluster.candidates.begin(), cluster.candidates.end());
    std::stable_sort(cluster.candidates.begin(), cluster.candidates.end(),
                     [](const auto& a, const auto& b) { return a.score < b.score; });
  }

  /// The first node of the cluster that each node with filters is in.
  static std::map<std::size_t, std::size_t> joined_nodes(const std::vector<ChannelGroup>& groups) {
    std::map<std::size_t, std::size_t> first;
    for (const ChannelGroup& group : groups) {
      for (const Channel& channel : group.producers) first.try_emplace(channel.node, channel.node);
    }
    for (const ChannelGroup& group : groups) {
      for (const Channel& channel : group.producers) {
        const std::size_t a = first.at(group.producers[0].node);
        const std::size_t b = first.at(channel.node);
        if (a == b) continue;
        for (auto& [node, leader] : first) {
          if (leader == std::max(a, b)) leader = std::min(a, b);
        }
      }
    }
    return first;
  }

  void prune_globally(const network::Network& network, std::vector<Cluster>& clusters,
                      Pruner& pruner) const {
    int all = 0;
    for (const Cluster& cluster : clusters) all += cluster.alive;
    const int target = static_cast<int>(std::lround(sparsity_ * all));
    const int gone = pruner.prune(clusters, target);
    if (target - gone < round_) return;
    throw InputError(fmt::format(
        "method channel_filter: sparsity {} asks for {} of {} channels of network {}, but only {} "
        "may vanish with layer_limit {}",
        sparsity_, target, all, network.name, gone, layer_limit_));
  }

  double sparsity_;
  std::string criterion_;
  bool global_;
  int round_;
  double layer_limit_;
  GroupedConv grouped_;
  std::vector<double> ratios_;
};

}  // namespace

MethodInfo channel_filter_method() {
  return {
      .name = "channel_filter",
      .summary = "Whole output channels go, and what reads them: a smaller dense network is left.",
      .source =
          "in the spirit of C/F pruning in Bhattacharjee et al. 2022; filter norms as in Li "
          "et al. 2017, gammas as in Liu et al. 2017",
      .options =
          {number_option("sparsity", 0.5, 0.0, 0.999,
                         "share of the channels that goes, counting those that vanish together "
                         "once"),
           word_option("criterion", {"l1", "l2", "gamma"},
                       "the smallest norm of the filter relative to its layer, or |gamma| of its "
                       "batch norms, goes first; the mean over what vanishes together"),
           word_option("scope", {"layer", "global"},
                       "the same share of every set of joined layers, or compare channels over the "
                       "network"),
           integer_option("round", 1, 1, 4096,
                          "channels kept are a multiple of it where any go, the nearest to the "
                          "share"),
           number_option("layer_limit", 0.1, 0.0, 1.0,
                         "smallest share of its outputs that a layer keeps; one stays always"),
           word_option("grouped", {"equal", "free"},
                       "grouped convolutions lose the same places of every group, or any"),
           list_option("ratios", 0.0, 1.0,
                       "share of each layer instead of sparsity, in graph order; of joined layers "
                       "the smallest counts")},
      .make = [](const MethodOptions& options) {
        return std::make_unique<ChannelFilter>(options);
      }};
}

}  // namespace crossloop::pruning
