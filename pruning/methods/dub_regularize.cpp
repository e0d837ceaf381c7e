// D.U.B.: discrete, unstructured and balanced sparsity by a regulariser (methods.md 3.3) and the
// pruning step (3.4).
#include "pruning/hoyer_penalty.hpp"
#include "pruning/method.hpp"
#include "pruning/tile_quantise.hpp"

namespace crossloop::pruning {

namespace {

class DubRegularize : public Method {
 public:
  explicit DubRegularize(const MethodOptions& options) : options_(options) {}

  std::unique_ptr<Penalty> penalty(int /*stage*/, const network::Network& /*network*/,
                                   const PruningContext& context) const override {
    return hoyer_penalty(context.layers, context.tile, hoyer_options(options_));
  }

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    return quantise_layers("dub_regularize", options_, network, context);
  }

 private:
  MethodOptions options_;
};

}  // namespace

MethodInfo dub_regularize_method() {
  std::vector<OptionSpec> options = hoyer_option_specs();
  for (OptionSpec& option : tile_quantise_options()) options.push_back(std::move(option));
  return {
      .name = "dub_regularize",
      .summary = "Trains columns of a tile towards equal sparsity, then makes it discrete.",
      .source = "Ibrayev et al. 2024 (methods.md 3.3, 3.4); the mean over tiles is ours",
      .options = std::move(options),
      .make = [](const MethodOptions& given) { return std::make_unique<DubRegularize>(given); }};
}

}  // namespace crossloop::pruning
