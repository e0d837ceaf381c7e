// Accelerator-aware pruning (Kang 2020): every group of weights keeps equally many, so that lanes
// with as many multipliers are never idle and never wait for each other.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "host/error.hpp"
#include "pruning/method.hpp"
#include "pruning/weight_groups.hpp"

namespace crossloop::pruning {

namespace {

/// The weights pruned of every group, stage by stage: g/4, g/2, 5g/8, 3g/4 and 7g/8 as far as they
/// are below `target`, then that.
std::vector<int> usual_steps(int group, int target) {
  std::vector<int> steps;
  for (const int eighths : {2, 4, 5, 6, 7}) {
    const int step = group * eighths / 8;
    if (step >= target) break;
    if (step > 0 && (steps.empty() || step > steps.back())) steps.push_back(step);
  }
  steps.push_back(target);
  return steps;
}

class Balanced : public Method {
 public:
  explicit Balanced(const MethodOptions& options)
      : group_(options.integer("group")),
        pruned_(options.integer("pruned")),
        pruned_linear_(options.integer("pruned_linear")) {
    if (pruned_linear_ < 0) pruned_linear_ = pruned_;
    check("pruned", pruned_);
    check("pruned_linear", pruned_linear_);
    const std::vector<double> given = options.numbers("steps");
    if (given.empty()) {
      steps_ =
          options.word("schedule") == "once" ? std::vector{pruned_} : usual_steps(group_, pruned_);
      return;
    }
    for (const double step : given) steps_.push_back(static_cast<int>(step));
    steps_.push_back(pruned_);
    const bool ascending =
        std::adjacent_find(steps_.begin(), steps_.end(), std::greater_equal<>()) == steps_.end();
    if (ascending && std::equal(given.begin(), given.end(), steps_.begin())) return;
    throw InputError(fmt::format(
        "method balanced, option steps: found {}, expected ascending integers below pruned = {}",
        fmt::join(given, ","), pruned_));
  }

  int stages() const override { return static_cast<int>(steps_.size()); }

  Selection select(int stage, network::Network& network,
                   const PruningContext& context) const override {
    Selection selection;
    for (const PrunableLayer& layer : context.layers) {
      const bool linear = std::holds_alternative<network::Linear>(network.nodes[layer.node].op);
      selection.weights[layer.name] = mask_of(network, layer, survivors(stage, linear));
    }
    return selection;
  }

 private:
  void check(const std::string& option, int found) const {
    if (found < group_) return;
    throw InputError(
        fmt::format("method balanced, option {}: {} of every {} weights, expected "
                    "fewer than all",
                    option, found, group_));
  }

  /// Of a whole group. Linear layers approach their own target in the same stages.
  int survivors(int stage, bool linear) const {
    const int step = steps_[static_cast<std::size_t>(stage)];
    if (!linear || pruned_ == 0) return group_ - step;
    return group_ -
           static_cast<int>(std::lround(static_cast<double>(pruned_linear_) * step / pruned_));
  }

  std::vector<std::uint8_t> mask_of(const network::Network& network, const PrunableLayer& layer,
                                    int survivors) const {
    const auto weights = network::weight_values(network.nodes[layer.node]);
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const lanes::LayerGeometry geometry = lane_geometry(network, layer);
    std::vector<std::uint8_t> mask(weights.size(), 0);
    const int outputs_per_group = layer.outputs / layer.groups;
    for (int c = 0; c < layer.groups; ++c) {
      const auto groups = weight_groups(geometry, layer, c, group_);
      for (int o = c * outputs_per_group; o < (c + 1) * outputs_per_group; ++o) {
        const std::size_t row = static_cast<std::size_t>(o) * inputs;
        for (const lanes::Group& group : groups) {
          keep_largest(weights.subspan(row, inputs), group, survivors,
                       std::span(mask).subspan(row, inputs));
        }
      }
    }
    return mask;
  }

  /// Of equals the first stay.
  void keep_largest(std::span<const float> row, const lanes::Group& group, int survivors,
                    std::span<std::uint8_t> mask) const {
    std::vector<std::size_t> order;
    for (int i = 0; i < group.size; ++i) {
      order.push_back(static_cast<std::size_t>(group.first + i * group.step));
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(row[a]) > std::abs(row[b]);
    });
    order.resize(static_cast<std::size_t>(lanes::survivors_of(group.size, survivors, group_)));
    for (const std::size_t i : order) mask[i] = 1;
  }

  int group_;
  int pruned_;
  int pruned_linear_;
  std::vector<int> steps_;  ///< weights pruned of every group, by stage
};

}  // namespace

MethodInfo balanced_method() {
  return {
      .name = "balanced",
      .summary = "Every group of g weights loses its p smallest, as balanced lanes need it.",
      .source = "Kang 2020, (g, p) pruning; the steps and short groups are our own choice",
      .options =
          {integer_option("group", 16, 1, 4096,
                          "g: weights of one output at one kernel position that meet g consecutive "
                          "input channels"),
           integer_option("pruned", 12, 0, 4095,
                          "p: how many of them go; of g' < g at the end ceil((g - p) g' / g) stay"),
           integer_option("pruned_linear", -1, -1, 4095, "p of Linear layers; -1: the same"),
           word_option("schedule", {"steps", "once"},
                       "raise p over g/4, g/2, 5g/8, 3g/4, 7g/8 with a fine-tuning each, or not"),
           list_option("steps", 1.0, 4095.0, "values of p before the last instead of these")},
      .make = [](const MethodOptions& options) { return std::make_unique<Balanced>(options); }};
}

}  // namespace crossloop::pruning
