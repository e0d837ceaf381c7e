// What the inputs of a layer have in common, from calibration images.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "pruning/method.hpp"

namespace crossloop::pruning {

/// X^T X [inputs][inputs] of the im2col windows X that `layer` (of one group, asserted) reads in
/// the float network for the first `images` images, divided by their number. At most 64 windows of
/// an image, drawn with `seed`.
Eigen::MatrixXd input_gram(const network::Network& network, const PrunableLayer& layer,
                           const data::Dataset& dataset, int images, std::uint64_t seed);

}  // namespace crossloop::pruning
