#include "host/compiler/duplicate.hpp"

#include <algorithm>
#include <string>

#include "host/compiler/mapping.hpp"
#include "host/compiler/place.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

/// The crossbar layer of most steps, the first of equals.
Layer* slowest(Deployment& deployment) {
  Layer* found = nullptr;
  std::int64_t most = 0;
  for (Layer& layer : deployment.layers) {
    if (layer.kind != LayerKind::kCrossbar || steps_of(deployment, layer) <= most) continue;
    most = steps_of(deployment, layer);
    found = &layer;
  }
  return found;
}

/// Crossbars of copies 1 .. parts-1, as copies of those of copy 0.
void add_copies(Deployment& deployment, Layer& layer) {
  const std::vector<std::int32_t> first = layer.crossbars;
  for (std::int32_t part = 1; part < layer.parts; ++part) {
    for (const std::int32_t id : first) {
      Crossbar copy = deployment.crossbars[static_cast<std::size_t>(id)];
      copy.part = part;
      layer.crossbars.push_back(static_cast<std::int32_t>(deployment.crossbars.size()));
      deployment.crossbars.push_back(std::move(copy));
    }
  }
}

}  // namespace

std::int64_t steps_of(const Deployment& deployment, const Layer& layer) {
  const auto& shape = deployment.tensors.at(static_cast<std::size_t>(layer.output)).shape;
  return vectors_of_part(layer, shape, 0);
}

std::int64_t pipeline_steps(const Deployment& deployment) {
  std::int64_t most = 0;
  for (const Layer& layer : deployment.layers) {
    if (layer.kind == LayerKind::kCrossbar) most = std::max(most, steps_of(deployment, layer));
  }
  return most;
}

void duplicate_layers(Deployment& deployment, int budget) {
  const std::size_t before = deployment.crossbars.size();
  std::size_t used = before;
  if (static_cast<std::size_t>(std::max(0, budget)) < before) {
    throw InputError("a budget of " + std::to_string(budget) + " crossbars, the network takes " +
                     std::to_string(before));
  }
  for (Layer* layer = slowest(deployment); layer != nullptr; layer = slowest(deployment)) {
    const bool may = layer->mapping == Mapping::kFolded && steps_of(deployment, *layer) > 1;
    if (!may || used + layer->crossbars.size() > static_cast<std::size_t>(budget)) break;
    used += layer->crossbars.size();
    ++layer->parts;
  }
  for (Layer& layer : deployment.layers) {
    if (layer.kind == LayerKind::kCrossbar && layer.mapping == Mapping::kFolded) {
      add_copies(deployment, layer);
    }
  }
  report_pass(deployment, "duplicates", before, deployment.crossbars.size());
}

}  // namespace crossloop::compiler
