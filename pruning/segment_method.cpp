#include "pruning/segment_method.hpp"

#include <utility>

#include "pruning/group_lasso.hpp"

namespace crossloop::pruning {

namespace {

class SegmentMethod : public Method {
 public:
  SegmentMethod(Grain grain, Bundling bundling, const MethodOptions& options)
      : grain_(grain),
        bundling_(std::move(bundling)),
        lambda_(options.number("lambda")),
        choice_(bundle_choice(options)) {}

  std::unique_ptr<Penalty> penalty(int /*stage*/, const network::Network& /*network*/,
                                   const PruningContext& context) const override {
    if (lambda_ == 0.0) return nullptr;
    return group_lasso(context.layers, context.tile, {.grain = grain_, .lambda = lambda_});
  }

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    return drop_weakest(bundles_of(network, context, bundling_), context, choice_);
  }

 private:
  Grain grain_;
  Bundling bundling_;
  double lambda_;
  BundleChoice choice_;
};

}  // namespace

std::vector<std::vector<WeightBundle>> bundles_of(const network::Network& network,
                                                  const PruningContext& context,
                                                  const Bundling& bundling) {
  std::vector<std::vector<WeightBundle>> bundles;
  for (const PrunableLayer& layer : context.layers) {
    bundles.push_back(
        bundling(network::weight_values(network.nodes[layer.node]), layer, context.tile));
  }
  return bundles;
}

std::vector<OptionSpec> segment_options() {
  std::vector<OptionSpec> options = {number_option(
      "lambda", 0.0, 0.0, 1e3, "weight of a group lasso in a training before; 0: none")};
  for (OptionSpec& option : bundle_options(0.4)) options.push_back(std::move(option));
  return options;
}

std::unique_ptr<Method> make_segment_method(Grain grain, Bundling bundling,
                                            const MethodOptions& options) {
  return std::make_unique<SegmentMethod>(grain, std::move(bundling), options);
}

}  // namespace crossloop::pruning
