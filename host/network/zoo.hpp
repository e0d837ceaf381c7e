// Networks by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::network {

/// Names `make_network` knows.
std::vector<std::string> zoo_names();

/// A freshly initialised network (He et al. 2015 normal, fan-out, for convolutions). The CIFAR
/// ResNets (He et al. 2016, section 4.2) have 6n+2 layers, 16/32/64 channels and, where the shape
/// changes, a projection shortcut (1x1 convolution and batch norm, option B). Throws InputError
/// for an unknown name, listing the known ones.
Network make_network(const std::string& name, Shape input, int classes, std::uint64_t seed);

}  // namespace crossloop::network
