// Time of the wire solver for a whole network: all tiles of VGG11 for 32 x 32 images, on all cores.
#include <atomic>

#include "bench/figures.hpp"
#include "host/analog/device.hpp"
#include "host/analog/wires.hpp"
#include "host/compiler/place.hpp"
#include "host/compiler/quantise.hpp"
#include "host/network/zoo.hpp"

namespace crossloop::bench {

namespace {

/// 64 x 64 cells of 2 bits: 4 slices of 8-bit weights, 2 columns a slice.
compiler::TileFormat tile_format(const analog::Device& device) {
  compiler::TileFormat tile;
  tile.code = analog::code_format(device, 2, 8, 5);
  return tile;
}

/// The crossbars of the network's initial weights, nothing pruned.
compiler::Deployment placed(network::Network net, const compiler::TileFormat& tile) {
  compiler::Deployment deployment;
  deployment.tile = tile;
  for (network::Node& node : net.nodes) {
    if (!network::has_weight(node)) continue;
    const network::WeightView view = network::weight_of(node);
    compiler::FoldedLayer folded;
    folded.outputs = view.outputs;
    folded.inputs = view.inputs;
    folded.weights.assign(view.values.begin(), view.values.end());
    const auto scale = compiler::choose_weight_scale(folded, tile.weight_limit());

    compiler::Layer layer;
    layer.name = node.name;
    layer.outputs = view.outputs;
    layer.inputs_per_output = view.inputs;
    layer.weights = compiler::quantise_weights(folded, {scale.begin(), scale.end()},
                                               tile.weight_limit(), node.name);
    const std::vector<std::uint8_t> alive(layer.weights.size(), 1);
    compiler::place(deployment, layer, static_cast<std::int32_t>(deployment.layers.size()), alive,
                    0);
    deployment.layers.push_back(std::move(layer));
  }
  return deployment;
}

Eigen::MatrixXd conductances(const compiler::Crossbar& crossbar, const analog::Device& device,
                             int cell_bits) {
  const double step_us = device.step_us(cell_bits);
  const int columns = crossbar.column_count();
  return Eigen::MatrixXd::NullaryExpr(
      crossbar.row_count(), columns, [&](Eigen::Index row, Eigen::Index column) {
        return device.g_min_us +
               step_us * crossbar.levels[static_cast<std::size_t>(row * columns + column)];
      });
}

std::map<std::string, Figure> measure() {
  const analog::Device device;  // 5 to 50 uS and the wires of configs/devices/default.toml
  const compiler::TileFormat tile = tile_format(device);
  const compiler::Deployment net = placed(network::make_network("vgg11", {3, 32, 32}, 10, 1), tile);
  std::atomic<std::size_t> solved = 0;
  const analog::ArrayStream arrays = {.count = net.crossbars.size(),
                                      .cells =
                                          [&](std::size_t k) {
                                            return conductances(net.crossbars[k], device,
                                                                tile.code.cell_bits);
                                          },
                                      .use =
                                          [&](std::size_t, const Eigen::MatrixXd& effective) {
                                            if (effective.minCoeff() > 0.0) ++solved;
                                          }};
  const double spent = seconds([&] { analog::solve_arrays(arrays, device.wires); });
  return {{"solver.vgg11_seconds", {spent, "s", 60.0, Better::kSmaller}},
          {"solver.vgg11_tiles", {static_cast<double>(solved), "tiles", 18000.0, Better::kLarger}}};
}

}  // namespace

Benchmark solver_vgg11() { return {{"solver.vgg11_seconds", "solver.vgg11_tiles"}, measure}; }

}  // namespace crossloop::bench
