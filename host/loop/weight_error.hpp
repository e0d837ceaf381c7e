// What the measured cells make of the weights, in the units of the float network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/network/network.hpp"
#include "host/runtime/measure.hpp"

namespace crossloop::loop {

/// Measured effective weight minus quantised weight by node, laid out as the node's weight
/// [outputs][K], in the node's own units (sign of gamma and input normalisation undone). Gains and
/// references are those of the deployment's tables.
std::map<std::string, std::vector<float>> weight_errors(const network::Network& network,
                                                        const compiler::Deployment& deployment,
                                                        const runtime::Measurement& measurement);

/// Gives weights of `network` that differ from `before` by less than `min_change` levels of w_q
/// their old values back: a re-programmed cell draws a new error, which a small step is not worth.
void undo_small_changes(network::Network& network, const network::Network& before,
                        const compiler::Deployment& deployment, int min_change);

}  // namespace crossloop::loop
