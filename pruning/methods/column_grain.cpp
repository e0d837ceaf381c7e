// Segments of one output in one band go; what stays of a band is packed.
#include "pruning/grain.hpp"

namespace crossloop::pruning {

MethodInfo column_grain_method() {
  return {.name = "column_grain",
          .summary = "Segments of one output in one band go; what stays of a band is packed.",
          .source = "in the spirit of Liang et al. 2018 (methods.md section 1)",
          .options = grain_option_specs(),
          .make = [](const MethodOptions& options) {
            return make_grain_method(grain_options(GrainUnit::kColumn, options));
          }};
}

}  // namespace crossloop::pruning
