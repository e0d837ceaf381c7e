// S-DUB: whole tiles leave first, by group lasso; D.U.B. prunes the others (methods.md 3.7).
#include "pruning/group_lasso.hpp"
#include "pruning/hoyer_penalty.hpp"
#include "pruning/segment_method.hpp"
#include "pruning/tile_quantise.hpp"

namespace crossloop::pruning {

namespace {

class SDub : public Method {
 public:
  explicit SDub(const MethodOptions& options) : options_(options) {}

  int stages() const override { return 2; }

  std::unique_ptr<Penalty> penalty(int stage, const network::Network& /*network*/,
                                   const PruningContext& context) const override {
    if (stage == 0) {
      return group_lasso(context.layers, context.tile,
                         {.grain = Grain::kTiles, .lambda = options_.number("lambda_tile")});
    }
    return hoyer_penalty(context.layers, context.tile, hoyer_options(options_));
  }

  Selection select(int stage, network::Network& network,
                   const PruningContext& context) const override {
    if (stage == 1) return quantise_layers("s_dub", options_, network, context);
    const auto tiles = [](const auto& weights, const auto& layer, const auto& tile) {
      return single_groups(weights, layer, tile, Grain::kTiles);
    };
    return drop_weakest(bundles_of(network, context, tiles), context,
                        {.ratio = options_.number("tile_ratio"),
                         .threshold = options_.number("tile_threshold"),
                         .layer_limit = options_.number("layer_limit")});
  }

 private:
  MethodOptions options_;
};

}  // namespace

MethodInfo s_dub_method() {
  std::vector<OptionSpec> options = {
      number_option("lambda_tile", 5e-3, 0.0, 1e3, "weight of the group lasso on tiles"),
      number_option("tile_ratio", 0.1, 0.0, 0.999,
                    "largest share of the weights that leaves in whole tiles"),
      number_option("tile_threshold", 0.0, 0.0, 1e3,
                    "above 0: instead, tiles whose root mean square is at most this share of that "
                    "of their layer"),
      number_option("layer_limit", 0.1, 0.0, 1.0,
                    "smallest share of its weights that a layer keeps when tiles leave")};
  for (auto& more : {hoyer_option_specs(), tile_quantise_options()}) {
    options.insert(options.end(), more.begin(), more.end());
  }
  return {.name = "s_dub",
          .summary = "Whole tiles leave by group lasso, then D.U.B. prunes the others.",
          .source = "released code of Ibrayev et al. 2024 (methods.md 3.7)",
          .options = std::move(options),
          .make = [](const MethodOptions& given) { return std::make_unique<SDub>(given); }};
}

}  // namespace crossloop::pruning
