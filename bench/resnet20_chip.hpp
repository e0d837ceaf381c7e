// ResNet-20 for CIFAR-10 on a chip of 128 x 128 tiles with device errors, for the engine's figures.
#pragma once

#include <memory>

#include "host/compiler/deployment.hpp"
#include "host/data/dataset.hpp"
#include "host/network/network.hpp"
#include "host/runtime/engine_backend.hpp"

namespace crossloop::bench {

inline constexpr int kEngineThreads = 2;

/// The shipped model, trained on CIFAR-10.
network::Network resnet20();

/// `count` test images of CIFAR-10, or as many of shapes where the data set is not at hand.
data::Dataset cifar10_images(int count);

struct Resnet20Chip {
  compiler::Deployment deployment;
  std::unique_ptr<runtime::EngineBackend> backend;
};

/// 8-bit weights and inputs, 8-bit ADCs with calibrated ranges; cells programmed with 10 % spread
/// and 0.5 % faults, wires solved exactly. `read_noise` is that of the device `demo`, or none.
Resnet20Chip resnet20_chip(int cell_bits, bool read_noise, const data::Dataset& calibration);

}  // namespace crossloop::bench
