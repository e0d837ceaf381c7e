// Levels of sparsity tile by tile, so that ADCs take a given share of their energy.
#include "pruning/adc_budget.hpp"

namespace crossloop::pruning {

namespace {

class AdcBudgetMethod : public Method {
 public:
  explicit AdcBudgetMethod(const AdcBudget& budget) : budget_(budget) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    std::vector<std::span<const float>> weights;
    for (const PrunableLayer& layer : context.layers) {
      weights.push_back(network::weight_values(network.nodes[layer.node]));
    }
    const auto masks = spend_adc_budget(weights, context.layers, context.tile, budget_);
    Selection selection;
    for (std::size_t l = 0; l < masks.size(); ++l) {
      selection.weights[context.layers[l].name] = masks[l];
    }
    return selection;
  }

 private:
  AdcBudget budget_;
};

}  // namespace

MethodInfo adc_budget_method() {
  return {.name = "adc_budget",
          .summary =
              "Tile by tile the level of sparsity that brings ADC energy to a given share "
              "at the least weight lost.",
          .source = "ours; levels and counting of Ibrayev et al. 2024 (methods.md 3.2, 3.6)",
          .options = {number_option("saving", 4.0, 1.0, 1e3,
                                    "ADC energy of the pruned layers while dense over what is "
                                    "left of it"),
                      word_option("accounting", {"paper", "physical"},
                                  "a tile with one weight a column takes no bit, or one")},
          .make = [](const MethodOptions& options) {
            return std::make_unique<AdcBudgetMethod>(
                AdcBudget{.saving = options.number("saving"),
                          .accounting = options.word("accounting") == "paper"
                                            ? analog::AdcAccounting::kPaper
                                            : analog::AdcAccounting::kPhysical});
          }};
}

}  // namespace crossloop::pruning
