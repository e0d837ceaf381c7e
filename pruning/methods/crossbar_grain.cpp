// Blocks of a band and the outputs of one crossbar go, and the crossbar with them.
#include "pruning/grain.hpp"

namespace crossloop::pruning {

MethodInfo crossbar_grain_method() {
  return {
      .name = "crossbar_grain",
      .summary = "Blocks of a band and the outputs of one crossbar go, and the crossbar with them.",
      .source = "in the spirit of Liang et al. 2018 (methods.md section 1)",
      .options = grain_option_specs(),
      .make = [](const MethodOptions& options) {
        return make_grain_method(grain_options(GrainUnit::kCrossbar, options));
      }};
}

}  // namespace crossloop::pruning
