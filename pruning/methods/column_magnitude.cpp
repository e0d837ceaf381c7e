// Column segments by magnitude until few enough crossbars are left: the method of the demo.
#include <memory>

#include "pruning/method.hpp"
#include "pruning/prune.hpp"

namespace crossloop::pruning {

namespace {

class ColumnMagnitude : public Method {
 public:
  explicit ColumnMagnitude(const MethodOptions& options)
      : crossbar_ratio_(options.number("crossbar_ratio")),
        layer_limit_(options.number("layer_limit")) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    ColumnGrainOptions options{.rows = context.tile.rows,
                               .outputs_per_crossbar = context.tile.outputs,
                               .crossbar_ratio = crossbar_ratio_,
                               .layer_limit = layer_limit_};
    for (const PrunableLayer& layer : context.layers) options.prunable.push_back(layer.node);
    return {
        .weights = prune_column_grain(network, options).masks, .channels = {}, .input_order = {}};
  }

 private:
  double crossbar_ratio_;
  double layer_limit_;
};

}  // namespace

MethodInfo column_magnitude_method() {
  return {
      .name = "column_magnitude",
      .summary = "The weakest column segments of tile height go, in bundles that free a crossbar.",
      .source = "our magnitude reference for Liang et al. 2018, section of the column grain",
      .options = {number_option("crossbar_ratio", 0.6, 0.001, 1.0,
                                "largest share of the dense crossbars that stays"),
                  number_option("layer_limit", 0.25, 0.0, 1.0,
                                "smallest share of its segments that a band keeps")},
      .make = [](const MethodOptions& options) {
        return std::make_unique<ColumnMagnitude>(options);
      }};
}

}  // namespace crossloop::pruning
