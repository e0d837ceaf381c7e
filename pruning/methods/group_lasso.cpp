// Group lasso on rows, columns or tiles of crossbars: pulled to zero in training, then pruned
// (methods.md 2.2).
#include "pruning/group_lasso.hpp"

#include "pruning/segment_method.hpp"

namespace crossloop::pruning {

namespace {

class GroupLassoMethod : public Method {
 public:
  explicit GroupLassoMethod(const MethodOptions& options)
      : grain_(grain_of(options.word("grain"))),
        lambda_(options.number("lambda")),
        choice_(bundle_choice(options)) {
    choice_.threshold = options.number("threshold");
  }

  std::unique_ptr<Penalty> penalty(int /*stage*/, const network::Network& /*network*/,
                                   const PruningContext& context) const override {
    return group_lasso(context.layers, context.tile, {.grain = grain_, .lambda = lambda_});
  }

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    const auto groups = [this](const auto& weights, const auto& layer, const auto& tile) {
      return single_groups(weights, layer, tile, grain_);
    };
    return drop_weakest(bundles_of(network, context, groups), context, choice_);
  }

 private:
  static Grain grain_of(const std::string& word) {
    return word == "rows" ? Grain::kRows : word == "columns" ? Grain::kColumns : Grain::kTiles;
  }

  Grain grain_;
  double lambda_;
  BundleChoice choice_;
};

}  // namespace

MethodInfo group_lasso_method() {
  std::vector<OptionSpec> options = {
      word_option("grain", {"tiles", "columns", "rows"},
                  "what leaves together: tiles, or their row or column segments"),
      number_option("lambda", 2e-3, 0.0, 1e3, "weight of the group lasso"),
      number_option("threshold", 0.0, 0.0, 1e3,
                    "above 0: instead of ratio, groups whose root mean square is at most this "
                    "share of that of their layer")};
  for (OptionSpec& option : bundle_options(0.3)) options.push_back(std::move(option));
  return {
      .name = "group_lasso",
      .summary = "Rows, columns or tiles are pulled to zero in training; the weakest leave.",
      .source = "baselines of Ibrayev et al. 2024 (methods.md 2.2)",
      .options = std::move(options),
      .make = [](const MethodOptions& given) { return std::make_unique<GroupLassoMethod>(given); }};
}

}  // namespace crossloop::pruning
