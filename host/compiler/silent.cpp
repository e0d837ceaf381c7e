#include "host/compiler/silent.hpp"

#include <algorithm>
#include <string>

#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// What step 8 makes of an accumulator that stays 0.
std::int32_t code_of_zero(const Layer& layer, const OutputScale& scale) {
  const OutputRange& range = layer.range;
  const std::int64_t half = scale.shift == 0 ? 0 : std::int64_t{1} << (scale.shift - 1);
  const std::int64_t value = (std::int64_t{scale.bias} * scale.multiplier + half) >> scale.shift;
  return layer.table(static_cast<std::int32_t>(
      std::clamp<std::int64_t>(value + range.zero, range.low, range.high)));
}

std::int32_t output_zero(const Deployment& deployment, const Layer& layer) {
  return deployment.tensors.at(static_cast<std::size_t>(layer.output)).zero;
}

std::vector<bool> silent_outputs(const Deployment& deployment, const Layer& layer) {
  std::vector<bool> silent(static_cast<std::size_t>(layer.outputs), true);
  for (const std::int32_t id : layer.crossbars) {
    for (const auto& column : deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
      // Columns of semi-folded layers are [column][output]; a unit column stands for no output.
      if (column.output < layer.outputs * layer.columns_per_vector) {
        silent[static_cast<std::size_t>(column.output % layer.outputs)] = false;
      }
    }
  }
  for (std::size_t o = 0; o < silent.size(); ++o) {
    silent[o] =
        silent[o] && code_of_zero(layer, layer.scales.at(o)) == output_zero(deployment, layer);
  }
  return silent;
}

/// Channels of a copy to which no part brings more than zero points; the rest is filled with them.
std::vector<bool> silent_copies(const std::vector<std::vector<bool>>& silent, const Layer& layer,
                                std::size_t channels) {
  std::vector<bool> made(channels, true);
  for (std::size_t i = 0; i < layer.copies.size(); ++i) {
    const CopyPart& part = layer.copies[i];
    const auto& from = silent.at(static_cast<std::size_t>(layer.inputs.at(i)));
    for (std::int32_t c = 0; c < part.count[0]; ++c) {
      const auto source = static_cast<std::size_t>(part.start[0] + c * part.step[0]);
      const auto target = static_cast<std::size_t>(part.offset[0] + c);
      made.at(target) = made.at(target) && from.at(source);
    }
  }
  return made;
}

/// A pool or add of nothing but zero points gives its own, if that is within the rails and a table
/// keeps it.
bool keeps_silence(const Deployment& deployment, const Layer& layer) {
  return layer.range.low <= layer.range.zero && layer.range.zero <= layer.range.high &&
         layer.table(layer.range.zero) == output_zero(deployment, layer);
}

}  // namespace

std::vector<std::vector<bool>> silent_channels(const Deployment& deployment) {
  std::vector<std::vector<bool>> silent;
  for (const TensorInfo& tensor : deployment.tensors) {
    silent.emplace_back(static_cast<std::size_t>(tensor.shape.channels), false);
  }
  for (const Layer& layer : deployment.layers) {
    auto& made = silent.at(static_cast<std::size_t>(layer.output));
    const auto& first = silent.at(static_cast<std::size_t>(layer.inputs.at(0)));
    if (layer.kind == LayerKind::kCrossbar) {
      made = silent_outputs(deployment, layer);
    } else if (layer.kind == LayerKind::kCopy) {
      made = silent_copies(silent, layer, made.size());
    } else if (layer.kind == LayerKind::kMaxPool) {
      made = first;
    } else if (layer.kind == LayerKind::kAveragePool && keeps_silence(deployment, layer)) {
      made = first;
    } else if (layer.kind == LayerKind::kAdd && keeps_silence(deployment, layer)) {
      const auto& second = silent.at(static_cast<std::size_t>(layer.inputs.at(1)));
      for (std::size_t c = 0; c < made.size(); ++c) made[c] = first[c] && second[c];
    }
  }
  return silent;
}

std::vector<std::int32_t> silent_inputs(const Deployment& deployment, const Layer& layer) {
  const auto input = static_cast<std::size_t>(layer.inputs.at(0));
  const std::vector<bool> silent = silent_channels(deployment).at(input);
  std::vector<std::int32_t> channels;
  for (std::size_t c = 0; c < silent.size(); ++c) {
    if (silent[c] && layer.pad_values.at(c) == deployment.tensors[input].zero) {
      channels.push_back(static_cast<std::int32_t>(c));
    }
  }
  return channels;
}

void check_silent(const Deployment& deployment) {
  const auto silent = silent_channels(deployment);
  for (const Layer& layer : deployment.layers) {
    for (const std::int32_t channel : layer.silent_inputs) {
      if (silent.at(static_cast<std::size_t>(layer.inputs[0])).at(std::size_t(channel))) continue;
      throw InputError("layer '" + layer.name + "': input channel " + std::to_string(channel) +
                       " was dropped because it always held the zero point; it does no more");
    }
  }
}

}  // namespace crossloop::compiler
