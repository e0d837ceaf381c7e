// Crossbar row sparsity: row segments leave, so many that bands share crossbars (methods.md 2.2).
#include "pruning/group_lasso.hpp"
#include "pruning/group_selection.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

namespace {

class Xrs : public Method {
 public:
  explicit Xrs(const MethodOptions& options)
      : lambda_(options.number("lambda")), choice_(bundle_choice(options)) {}

  std::unique_ptr<Penalty> penalty(int /*stage*/, const network::Network& /*network*/,
                                   const PruningContext& context) const override {
    if (lambda_ == 0.0) return nullptr;
    return group_lasso(context.layers, context.tile, {.grain = Grain::kRows, .lambda = lambda_});
  }

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    std::vector<std::vector<WeightBundle>> bundles;
    for (const PrunableLayer& layer : context.layers) {
      bundles.push_back(
          row_bundles(network::weight_values(network.nodes[layer.node]), layer, context.tile));
    }
    return drop_weakest(bundles, context, choice_);
  }

 private:
  double lambda_;
  BundleChoice choice_;
};

}  // namespace

MethodInfo xrs_method() {
  std::vector<OptionSpec> options = {number_option(
      "lambda", 0.0, 0.0, 1e3, "weight of a group lasso in a training before; 0: none")};
  for (OptionSpec& option : bundle_options(0.4)) options.push_back(std::move(option));
  return {.name = "xrs",
          .summary =
              "Rows of tiles leave, in halves; the compiler stacks the rest where its pass share "
              "is on.",
          .source = "in the spirit of Bhattacharjee et al. 2022 (methods.md 2.2)",
          .options = std::move(options),
          .make = [](const MethodOptions& given) { return std::make_unique<Xrs>(given); }};
}

}  // namespace crossloop::pruning
