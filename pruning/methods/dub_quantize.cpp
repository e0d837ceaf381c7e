// The pruning step of D.U.B. by itself, without training before it (methods.md 3.4): explains much
// of the gain, and so is the baseline of dub_regularize.
#include "pruning/method.hpp"
#include "pruning/tile_quantise.hpp"

namespace crossloop::pruning {

namespace {

class DubQuantize : public Method {
 public:
  explicit DubQuantize(const MethodOptions& options) : options_(options) {}

  Selection select(int /*stage*/, network::Network& network,
                   const PruningContext& context) const override {
    return quantise_layers("dub_quantize", options_, network, context);
  }

 private:
  MethodOptions options_;
};

}  // namespace

MethodInfo dub_quantize_method() {
  return {
      .name = "dub_quantize",
      .summary =
          "Every column of a tile gets the same discrete sparsity, 1/2, 3/4, ..: its ADC "
          "needs fewer bits. No training before it.",
      .source = "Ibrayev et al. 2024, the pruning step (methods.md 3.4)",
      .options = tile_quantise_options(),
      .make = [](const MethodOptions& options) { return std::make_unique<DubQuantize>(options); }};
}

}  // namespace crossloop::pruning
