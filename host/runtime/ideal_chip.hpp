// What a deployment is worth on a chip without errors.
#pragma once

#include "host/analog/device.hpp"
#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"

namespace crossloop::runtime {

/// Accuracy (0..1) of the integer network: a chip of `ideal`, a device whose cells are what they
/// are programmed to, read without noise by the engine. ADCs round and clip as they are set.
double ideal_accuracy(const compiler::Deployment& deployment, const analog::Device& ideal,
                      const data::Dataset& images);

}  // namespace crossloop::runtime
