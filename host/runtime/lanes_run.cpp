#include "host/runtime/lanes_run.hpp"

#include <algorithm>
#include <map>

#include "host/error.hpp"
#include "host/runtime/executor.hpp"
#include "host/runtime/layer_errors.hpp"

namespace crossloop::runtime {

using compiler::Deployment;
using compiler::Layer;
using compiler::LayerKind;
using lanes::LaneKind;

namespace {

/// What encode() says against a layer; empty if it takes it.
std::string refusal(LaneKind kind, const lanes::LaneShape& shape, const Layer& layer) {
  try {
    lanes::encode(kind, shape, lane_geometry(layer), layer.weights);
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

/// By layer; digital ones have no entry.
std::map<int, LaneLayer> plan(const Deployment& deployment, LaneKind kind,
                              const lanes::LaneShape& shape) {
  std::map<int, LaneLayer> layers;
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Layer& layer = deployment.layers[i];
    if (layer.kind != LayerKind::kCrossbar) continue;
    const std::string reason =
        kind == LaneKind::kBalanced ? refusal(kind, shape, layer) : std::string();
    layers[static_cast<int>(i)] = {.name = layer.name, .reason = reason};
  }
  const bool none = !layers.empty() && std::ranges::all_of(layers, [](const auto& entry) {
    return !entry.second.reason.empty();
  });
  if (none) {
    throw InputError(
        "network " + deployment.network + ": no layer keeps at most " +
        std::to_string(shape.multipliers) + " of every " + std::to_string(shape.group) +
        " weights, as the balanced lane needs; first: " + layers.begin()->second.reason);
  }
  return layers;
}

/// Of one layer on `vectors` windows.
std::uint64_t layer_cycles(LaneKind kind, const Layer& layer, const lanes::LaneShape& shape,
                           std::size_t vectors) {
  const auto program = lanes::encode(kind, shape, lane_geometry(layer), layer.weights);
  std::uint64_t cycles = 0;
  for (const auto& tile : program.tiles) {
    cycles += lanes::tile_counters(program, tile, vectors).cycles;
  }
  return cycles;
}

}  // namespace

std::uint64_t lane_cycles(const Deployment& deployment, LaneKind kind,
                          const lanes::LaneShape& shape) {
  std::uint64_t cycles = 0;
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Layer& layer = deployment.layers[i];
    if (layer.kind != LayerKind::kCrossbar) continue;
    const bool fits = kind != LaneKind::kBalanced || refusal(kind, shape, layer).empty();
    const auto windows = static_cast<std::size_t>(positions_of(deployment, static_cast<int>(i)));
    cycles += layer_cycles(fits ? kind : LaneKind::kDense, layer, shape, windows);
  }
  return cycles;
}

void remove_converters(Deployment& deployment) {
  for (std::size_t i = 0; i < deployment.layers.size(); ++i) {
    const Layer& layer = deployment.layers[i];
    if (layer.kind != LayerKind::kCrossbar) continue;
    for (const std::int32_t id : layer.crossbars) {
      for (auto& column : deployment.crossbars[static_cast<std::size_t>(id)].tables.columns) {
        column.gain = compiler::kUnitGain;
        column.reference = deployment.tile.code.reference;
        column.sigma = 0;
        column.shift = compiler::kGainFractionBits + deployment.tile.code.fraction_bits;
      }
    }
    compiler::finish_layer(deployment, static_cast<int>(i));
  }
}

LanesRun run_on_lanes(Deployment deployment, LaneKind kind, const lanes::LaneShape& shape,
                      const LaneFactory& make, const data::Dataset& images) {
  LanesBackend backend(deployment, kind, shape, make);
  std::map<int, LaneLayer> layers = plan(deployment, kind, shape);
  remove_converters(deployment);
  program_all(backend, deployment);
  const auto observe = [&](const LayerEvent& event) {
    const auto found = layers.find(event.layer);
    if (found == layers.end()) return;
    LaneLayer& here = found->second;
    const Layer& layer = deployment.layers[static_cast<std::size_t>(event.layer)];
    const auto products = layer_products(deployment, event.layer, *event.activations);
    for (std::size_t i = 0; i < products.size(); ++i) {
      here.mismatches += event.accumulators[i] != products[i];
    }
    const std::size_t vectors = products.size() / static_cast<std::size_t>(layer.outputs);
    here.vectors += static_cast<std::int64_t>(vectors);
    here.dense_cycles += layer_cycles(LaneKind::kDense, layer, shape, vectors);
  };
  LanesRun run;
  run.logits = run_images(deployment, backend, images, {.batch = 1}, observe);
  for (auto& [index, layer] : layers) {
    const LaneUse& use = backend.layers()[static_cast<std::size_t>(index)];
    layer.kind = use.kind;
    layer.counters = use.counters;
    run.layers.push_back(std::move(layer));
  }
  return run;
}

}  // namespace crossloop::runtime
