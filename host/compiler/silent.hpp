// Channels that always hold the zero point, because all their weights were pruned.
#pragma once

#include <vector>

#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Per tensor and channel whether every element is exactly the tensor's zero point whatever the
/// image: outputs of a crossbar layer without a column whose bias gives the zero point, and what
/// pools, adds and copies make of such channels. Of the tensors that the layers placed so far make.
std::vector<std::vector<bool>> silent_channels(const Deployment& deployment);

/// Channels of the input of crossbar layer `layer` that are silent and padded with their zero
/// point, ascending.
std::vector<std::int32_t> silent_inputs(const Deployment& deployment, const Layer& layer);

/// Zeroes the weights [N][K] of the layer's silent inputs.
template <class Weight>
void silence(std::vector<Weight>& weights, const Layer& layer) {
  const auto inputs = static_cast<std::size_t>(layer.inputs_per_output);
  const auto taps = static_cast<std::size_t>(layer.window.kernel_h * layer.window.kernel_w);
  for (const std::int32_t channel : layer.silent_inputs) {
    const std::size_t first = static_cast<std::size_t>(channel) * taps;
    for (std::size_t row = 0; row < weights.size(); row += inputs) {
      for (std::size_t tap = 0; tap < taps; ++tap) weights[row + first + tap] = Weight{};
    }
  }
}

/// Throws InputError naming the first layer one of whose silent inputs is silent no more.
void check_silent(const Deployment& deployment);

}  // namespace crossloop::compiler
