// Pruning in units that free crossbars, layer by layer: in the spirit of Liang et al. 2018
// (methods.md section 1). Behind the methods crossbar_grain and column_grain.
#pragma once

#include <memory>
#include <vector>

#include "pruning/l0_solver.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// What leaves at once in one band of tile.rows inputs.
enum class GrainUnit {
  kCrossbar,  ///< the weights of tile.outputs consecutive outputs
  kColumn     ///< those of one output; the compiler packs what stays of a band
};

struct GrainOptions {
  GrainUnit unit = GrainUnit::kColumn;
  L0Options solver;
  double sparsity = 0.5;    ///< share of the units of each layer that leaves; rounds: the largest
  bool whole_layer = true;  ///< whole crossbars of the layer compete, else each output set keeps r
  bool reorder = false;     ///< input channels of a Conv by falling importance (1.6)
  bool fold = false;        ///< least-squares coefficients go into the weights that stay
  bool rounds = false;      ///< raise the share by `step` until a condition of 1.7 stops it
  double step = 0.1;
  double acc_threshold = 0.0;  ///< least share of right answers on the last calibration images
  int crossbar_threshold = 1;  ///< crossbars that a step must free to be worth it
};

/// The options both methods declare, and their values.
std::vector<OptionSpec> grain_option_specs();
GrainOptions grain_options(GrainUnit unit, const MethodOptions& options);

/// Grouped convolutions stay as they are.
std::unique_ptr<Method> make_grain_method(const GrainOptions& options);

}  // namespace crossloop::pruning
