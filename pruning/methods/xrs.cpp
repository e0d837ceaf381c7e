// Crossbar row sparsity: row segments leave, so many that bands share crossbars (methods.md 2.2).
#include "pruning/segment_method.hpp"

namespace crossloop::pruning {

MethodInfo xrs_method() {
  return {.name = "xrs",
          .summary =
              "Rows of tiles leave, in halves; the compiler stacks the rest where its pass share "
              "is on.",
          .source = "in the spirit of Bhattacharjee et al. 2022 (methods.md 2.2)",
          .options = segment_options(),
          .make = [](const MethodOptions& options) {
            return make_segment_method(Grain::kRows, row_bundles, options);
          }};
}

}  // namespace crossloop::pruning
