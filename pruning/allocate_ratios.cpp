// The knapsack of sensitivity.hpp: one point of every layer, the least loss within a budget.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "host/error.hpp"
#include "pruning/sensitivity.hpp"

namespace crossloop::pruning {

namespace {

/// One combination of points of the layers so far.
struct State {
  double cost = 0.0;
  double loss = 0.0;         ///< above that of the whole network
  std::uint32_t former = 0;  ///< among the states of the layers before
  std::uint32_t point = 0;   ///< of the last layer
};

void check(const std::vector<LayerSensitivity>& layers,
           const std::vector<std::vector<double>>& cost) {
  if (layers.size() != cost.size()) {
    throw InputError(
        fmt::format("ratios: costs of {} layers, expected {}", cost.size(), layers.size()));
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerSensitivity& layer = layers[l];
    if (layer.points.empty() || layer.points.size() != cost[l].size()) {
      throw InputError(fmt::format("ratios: layer {} has {} costs, expected {} and at least 1",
                                   layer.layer, cost[l].size(), layer.points.size()));
    }
    for (std::size_t p = 0; p < cost[l].size(); ++p) {
      if (std::isfinite(cost[l][p]) && cost[l][p] >= 0.0 && std::isfinite(layer.points[p].loss)) {
        continue;
      }
      throw InputError(
          fmt::format("ratios: layer {}, ratio {}: loss {} and cost {}, expected finite numbers, "
                      "the cost at least 0",
                      layer.layer, layer.points[p].ratio, layer.points[p].loss, cost[l][p]));
    }
  }
}

/// Drops every state that another one beats or equals in both; what is left ascends in cost and
/// descends in loss.
void keep_unbeaten(std::vector<State>& states) {
  std::sort(states.begin(), states.end(), [](const State& a, const State& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    if (a.loss != b.loss) return a.loss < b.loss;
    return a.former != b.former ? a.former < b.former : a.point < b.point;
  });
  double least = std::numeric_limits<double>::infinity();
  std::erase_if(states, [&](const State& state) {
    if (state.loss >= least) return true;
    least = state.loss;
    return false;
  });
}

/// Of each of `bins` equal intervals of cost the state of the least loss, and the cheapest of all.
void thin(std::vector<State>& states, std::size_t bins) {
  const double low = states.front().cost;
  const double width = (states.back().cost - low) / static_cast<double>(bins);
  std::vector<State> kept = {states.front()};
  for (std::size_t i = 1; i < states.size(); ++i) {
    const bool last_of_bin =
        i + 1 == states.size() || std::floor((states[i].cost - low) / width) !=
                                      std::floor((states[i + 1].cost - low) / width);
    if (last_of_bin) kept.push_back(states[i]);
  }
  states = std::move(kept);
}

/// What the layers from each on cost at least; one entry more than layers.
std::vector<double> least_costs(const std::vector<std::vector<double>>& cost) {
  std::vector<double> least(cost.size() + 1, 0.0);
  for (std::size_t l = cost.size(); l-- > 0;) {
    least[l] = least[l + 1] + *std::min_element(cost[l].begin(), cost[l].end());
  }
  return least;
}

/// A budget that is met but for the rounding of the sums.
double with_rounding(double budget) { return budget + 1e-9 * std::abs(budget); }

}  // namespace

Allocation allocate_ratios(const std::vector<LayerSensitivity>& layers,
                           const std::vector<std::vector<double>>& cost, double budget,
                           std::size_t states) {
  check(layers, cost);
  const std::vector<double> least = least_costs(cost);
  if (layers.empty() || !(least[0] <= with_rounding(budget))) {
    throw InputError(
        fmt::format("ratios of {} layers: budget {}, expected at least {}, the cost "
                    "of the cheapest points",
                    layers.size(), budget, least[0]));
  }
  Allocation result;
  std::vector<std::vector<State>> fronts = {{State{}}};
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::vector<State> next;
    const auto& former = fronts.back();
    for (std::uint32_t s = 0; s < former.size(); ++s) {
      for (std::uint32_t p = 0; p < cost[l].size(); ++p) {
        const double sum = former[s].cost + cost[l][p];
        if (sum + least[l + 1] > with_rounding(budget)) continue;
        const double added = layers[l].points[p].loss - layers[l].points[0].loss;
        next.push_back({sum, former[s].loss + added, s, p});
      }
    }
    keep_unbeaten(next);
    if (next.size() > states) {
      thin(next, std::max<std::size_t>(states / 2, 1));
      result.exact = false;
    }
    fronts.push_back(std::move(next));
  }
  const State best = fronts.back().back();  // dearest, so of the least loss
  result.cost = best.cost;
  result.loss = layers[0].points[0].loss + best.loss;
  result.points.resize(layers.size());
  result.ratios.resize(layers.size());
  State state = best;
  for (std::size_t l = layers.size(); l-- > 0;) {
    result.points[l] = state.point;
    result.ratios[l] = layers[l].points[state.point].ratio;
    state = fronts[l][state.former];
  }
  return result;
}

}  // namespace crossloop::pruning
