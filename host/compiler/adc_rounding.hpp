// What the steps of the ADCs cost a layer, as a noise on its outputs.
#pragma once

#include <vector>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Standard deviation of what the ADCs round off each output of a crossbar layer, [N], in units of
/// the pre-activation of the network (before bias and batch norm). Every conversion counts as a
/// uniform error over a step of n = 2^(shift - 8 - F) levels, variance (n^2 - 1) / 12 (none where a
/// step is one level or less, since sums of levels are integers then), weighted as numerics.md step
/// 7 adds codes: 4^(ck) and 4^p over slices k and phases p. The unit column of the offset encoding
/// counts with the square of its factor. Clipping is left out. Of a semi-folded layer the mean over
/// its parallel columns.
std::vector<float> adc_rounding_noise(const Deployment& deployment, int layer);

}  // namespace crossloop::compiler
