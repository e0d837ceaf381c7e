// Network -> Deployment.
#pragma once

#include <filesystem>
#include <string>

#include "host/analog/device.hpp"
#include "host/compiler/activation_ranges.hpp"
#include "host/compiler/deployment.hpp"
#include "host/compiler/place.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// What compile() may do beyond the plain placement.
struct CompileOptions {
  PlacementOptions placement;
  /// Copies of slow layers until all their crossbars reach this number; 0: no copies. See
  /// duplicate.hpp.
  int crossbar_budget = 0;
  ActivationRangeOptions activations;
};

/// Fuses Conv/Linear + BatchNorm + Relu, Add + Relu, quantises weights and activations, slices and
/// places. Freezes node.weight_scale of `network` where it is empty, keeps it where it is not
/// (weights beyond scale * qmax are an InputError naming the node). `calibration` images give the
/// activation ranges by the policy of `options`, so give some dozens. A channel whose gamma
/// is 0 is a pruned one. Pruned segments (all weights of one output in one row band are zero) get
/// no columns, rows without a weight in a crossbar get no word line; both go into the tables. ADC
/// settings start at full scale (unit gain, range = largest possible column sum); see
/// runtime/calibrate.hpp for the calibrated ones. Throws InputError naming the node for an operator
/// without an integer rule, a tile too small for one weight (2 * slices columns), a wholly pruned
/// layer, or an accumulator that could overflow.
Deployment compile(network::Network& network, const TileFormat& tile, const analog::Device& device,
                   const data::Dataset& calibration, const CompileOptions& options = {});

/// Reads a tile file (configs/tiles/*.toml) strictly; the code format is completed by `device`.
TileFormat read_tile(const std::filesystem::path& path, const analog::Device& device);

/// Requantises the weights of a fine-tuned copy of the compiled network into `deployment`: new w_q,
/// levels and affine terms, same scales, same placement. Returns the ids of crossbars whose levels
/// changed. Throws InputError if a pruned segment came back, a weight left +-scale*qmax, or the
/// sign of a gamma flipped; the deployment is then as it was. Output scales become the uncalibrated
/// ones of the new weights.
std::vector<std::int32_t> update_weights(Deployment& deployment, const network::Network& network);

/// Takes the activation scales, zero points and rails that `network` needs on `calibration` into a
/// deployment of the same network: fine-tuned batch norm moves them, and no cell depends on them.
/// Output scales of crossbar layers are set again. Give the options it was compiled with. Throws
/// InputError if the layers differ.
void update_activation_ranges(Deployment& deployment, network::Network network,
                              const data::Dataset& calibration,
                              const ActivationRangeOptions& options = {});

}  // namespace crossloop::compiler
