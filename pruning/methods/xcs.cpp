// Crossbar column sparsity: column segments leave, in bundles that free crossbars (methods.md 2.2).
#include "pruning/segment_method.hpp"

namespace crossloop::pruning {

MethodInfo xcs_method() {
  return {.name = "xcs",
          .summary = "Columns of tiles leave; what stays is packed into fewer crossbars.",
          .source = "in the spirit of Bhattacharjee et al. 2022 (methods.md 2.2)",
          .options = segment_options(),
          .make = [](const MethodOptions& options) {
            return make_segment_method(Grain::kColumns, column_bundles, options);
          }};
}

}  // namespace crossloop::pruning
