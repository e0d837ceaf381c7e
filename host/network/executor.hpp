// The plain float executor on Eigen: the reference for LibTorch, and calibration without it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::network {

/// Called with each value as it is made: its name and its NCHW content, valid during the call.
using ValueObserver = std::function<void(const std::string& value, const Shape& shape, int batch,
                                         std::span<const float> content)>;

/// Runs the graph on a batch of NCHW floats; returns the output [batch][features].
/// Throws InputError if the input size is not batch * input_shape.size(), or the network has
/// further inputs. An image's result does not depend on the others of its batch.
std::vector<float> run(const Network& network, std::span<const float> input, int batch,
                       const ValueObserver& observer = {});

/// The same with one NCHW batch per input: the primary input first, then Network::extra_inputs in
/// their order. Throws InputError if their number or a size does not fit.
std::vector<float> run(const Network& network, std::span<const std::span<const float>> inputs,
                       int batch, const ValueObserver& observer = {});

/// Normalises NHWC pixels into NCHW floats as network.normalisation says.
std::vector<float> normalise(const Network& network, const data::Dataset& images, int first,
                             int count);

/// Share of images (0..1) whose largest output is their label, batches of `batch`.
double accuracy(const Network& network, const data::Dataset& images, int batch = 50);

}  // namespace crossloop::network
