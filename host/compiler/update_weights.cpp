#include <algorithm>

#include "host/compiler/compile.hpp"
#include "host/compiler/fusion.hpp"
#include "host/compiler/place.hpp"
#include "host/compiler/quantise.hpp"
#include "host/compiler/silent.hpp"
#include "host/error.hpp"

namespace crossloop::compiler {
namespace {

void check_same_sign(const Layer& layer, const FoldedLayer& folded) {
  if (folded.bn_sign.size() != layer.bn_sign.size()) {
    throw InputError("layer '" + layer.name + "': batch norm " +
                     (folded.bn_sign.empty() ? "vanished" : "appeared") +
                     " since the deployment was compiled");
  }
  for (std::size_t o = 0; o < layer.bn_sign.size(); ++o) {
    const int before = layer.bn_sign[o];
    const int now = folded.bn_sign[o];
    if (now != before && now != 0) {
      throw InputError("layer '" + layer.name + "': the sign of gamma of channel " +
                       std::to_string(o) + " changed from " + std::to_string(before) + " to " +
                       std::to_string(now) + "; it is part of the programmed weights");
    }
  }
}

/// Refuses weights without a cell: what was pruned at compile time stays pruned.
void check_placed(const Deployment& deployment, const Layer& layer, const FoldedLayer& folded) {
  std::vector<bool> placed(folded.weights.size());
  const auto inputs = static_cast<std::size_t>(layer.inputs_per_output);
  for (const std::int32_t id : layer.crossbars) {
    const PageTables& tables = deployment.crossbars[static_cast<std::size_t>(id)].tables;
    for (const ColumnSetting& column : tables.columns) {
      if (column.output >= accumulators_of(layer)) continue;  // a unit column
      for (const std::int32_t row : tables.rows) {
        const std::ptrdiff_t index = weight_index(layer, column.output, row);
        if (index >= 0) placed[static_cast<std::size_t>(index)] = true;
      }
    }
  }
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (placed[i] || folded.weights[i] == 0.0) continue;
    throw InputError("layer '" + layer.name + "': weight " + std::to_string(i % inputs) +
                     " of output " + std::to_string(i / inputs) +
                     " was pruned and has no cell, but is not zero");
  }
}

void update_layer(Deployment& deployment, std::size_t index, const FusedNode& fused,
                  std::vector<std::int32_t>& changed) {
  Layer& layer = deployment.layers[index];
  const auto* normalisation = layer.inputs[0] == 0 ? &deployment.normalisation : nullptr;
  FoldedLayer folded = fold(fused, normalisation, layer.window.kernel_h * layer.window.kernel_w);
  if (folded.outputs != layer.outputs || folded.inputs != layer.inputs_per_output) {
    throw InputError("layer '" + layer.name + "': weights are " + std::to_string(folded.outputs) +
                     " x " + std::to_string(folded.inputs) + ", compiled for " +
                     std::to_string(layer.outputs) + " x " +
                     std::to_string(layer.inputs_per_output));
  }
  check_same_sign(layer, folded);
  silence(folded.weights, layer);
  check_placed(deployment, layer, folded);
  const std::vector<std::int8_t> compiled_sign = layer.bn_sign;
  set_terms(layer, folded, normalisation, deployment.tile.weight_limit());
  layer.bn_sign = compiled_sign;  // a gamma that reached 0 may come back on its own side
  for (const std::int32_t id : layer.crossbars) {
    Crossbar& crossbar = deployment.crossbars[static_cast<std::size_t>(id)];
    auto levels = target_levels(crossbar, layer, deployment.tile);
    if (levels != crossbar.levels) changed.push_back(id);
    crossbar.levels = std::move(levels);
  }
  set_output_scales(deployment, static_cast<int>(index));
}

}  // namespace

std::vector<std::int32_t> update_weights(Deployment& deployment, const network::Network& network) {
  const std::vector<FusedNode> fused = fuse(network);
  if (fused.size() != deployment.layers.size()) {
    throw InputError("network '" + network.name + "' has " + std::to_string(fused.size()) +
                     " layers, the deployment of '" + deployment.network + "' has " +
                     std::to_string(deployment.layers.size()));
  }
  if (network.normalisation.mean != deployment.normalisation.mean ||
      network.normalisation.std != deployment.normalisation.std) {
    throw InputError("network '" + network.name +
                     "': its input normalisation is not the deployment's");
  }
  Deployment updated = deployment;
  std::vector<std::int32_t> changed;
  for (std::size_t i = 0; i < fused.size(); ++i) {
    const Layer& layer = updated.layers[i];
    const bool crossbar = layer.kind == LayerKind::kCrossbar;
    if (fused[i].node->name != layer.name || network::has_weight(*fused[i].node) != crossbar) {
      throw InputError("layer " + std::to_string(i) + ": network '" + network.name + "' has '" +
                       fused[i].node->name + "', the deployment has '" + layer.name + "'");
    }
    if (crossbar) update_layer(updated, i, fused[i], changed);
  }
  check_silent(updated);
  std::sort(changed.begin(), changed.end());
  deployment = std::move(updated);
  return changed;
}

void update_activation_ranges(Deployment& deployment, network::Network network,
                              const data::Dataset& calibration,
                              const ActivationRangeOptions& options) {
  analog::Device device;  // of no consequence: the ranges come from the float network
  device.wires = {0.0, 0.0, 0.0, 0.0};
  TileFormat tile = deployment.tile;
  tile.code =
      analog::code_format(device, tile.code.cell_bits, tile.code.bits, tile.code.fraction_bits);
  const Deployment fresh =
      compile(network, tile, device, calibration, {.placement = {}, .activations = options});
  if (fresh.layers.size() != deployment.layers.size()) {
    throw InputError("network '" + network.name + "' has " + std::to_string(fresh.layers.size()) +
                     " layers, the deployment has " + std::to_string(deployment.layers.size()));
  }
  deployment.tensors = fresh.tensors;
  for (std::size_t i = 0; i < fresh.layers.size(); ++i) {
    Layer& layer = deployment.layers[i];
    layer.range = fresh.layers[i].range;
    layer.table = fresh.layers[i].table;
    layer.add = fresh.layers[i].add;
    layer.pad_values = fresh.layers[i].pad_values;
    if (layer.kind != LayerKind::kCrossbar) layer.scales = fresh.layers[i].scales;
    set_output_scales(deployment, static_cast<int>(i));
  }
}

}  // namespace crossloop::compiler
