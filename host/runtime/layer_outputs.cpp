#include "host/runtime/layer_outputs.hpp"

#include <algorithm>

#include "host/runtime/layers.hpp"

namespace crossloop::runtime {

using compiler::Deployment;

LayerOutputs::LayerOutputs(const Deployment& deployment, int layer, Activations& activations)
    : layer_(layer_at(deployment, layer)),
      requantiser_(layer_.scales, layer_.range),
      outputs_(static_cast<std::size_t>(layer_.outputs)),
      positions_(static_cast<std::size_t>(positions_of(deployment, layer))) {
  const std::size_t size = static_cast<std::size_t>(activations.images) * positions_ * outputs_;
  if (is_last(deployment, layer)) {
    activations.logits.resize(size);
    logits_ = activations.logits.data();
  } else {
    auto& bytes = activations.tensors.at(static_cast<std::size_t>(layer_.output));
    bytes.resize(size);
    bytes_ = bytes.data();
  }
}

void LayerOutputs::write(std::size_t first, std::size_t count, const std::int32_t* accumulators) {
  std::vector<std::int32_t> values(count * outputs_);
  for (std::size_t at = 0; at < values.size(); at += outputs_) {
    requantiser_(accumulators + at, values.data() + at);
  }
  if (!layer_.table.codes.empty()) {
    for (std::int32_t& value : values) value = layer_.table(value);
  }
  if (bytes_ == nullptr) {
    std::copy(values.begin(), values.end(), logits_ + first * outputs_);
    return;
  }
  std::transform(values.begin(), values.end(), bytes_ + first * outputs_,
                 [](std::int32_t value) { return static_cast<std::uint8_t>(value); });
}

void OutputSink::take(int first, int last, const std::int32_t* accumulators) {
  const auto rows = static_cast<std::size_t>(last - first);
  if (parts_ == 1) return outputs_.write(static_cast<std::size_t>(first), rows, accumulators);
  const std::size_t channels = outputs_.channels();
  for (int vector = first; vector < last; ++vector, accumulators += channels) {
    const auto image = static_cast<std::size_t>(vector / per_image_);
    const auto position = static_cast<std::size_t>(vector % per_image_ * parts_ + part_);
    outputs_.write(image * outputs_.positions() + position, 1, accumulators);
  }
}

}  // namespace crossloop::runtime
