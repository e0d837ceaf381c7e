// Networks by name. docs/networks.md lists them with their sources and sizes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::network {

/// Names `make_network` knows, sorted.
std::vector<std::string> zoo_names();

/// A freshly initialised network: He et al. 2015 normal of the fan-out for convolutions, uniform
/// within 1/sqrt(inputs) for linear layers, zero biases, batch norms that change nothing. The same
/// name, shape, classes and seed give the same weights in every version.
///
/// The families made for ImageNet have two forms. An input whose shorter side is 64 pixels or more
/// gets the published one; below, the customary one for CIFAR:
///
///   name                     source                            below 64 pixels
///   linear                   one linear layer                  the same
///   lenet5                   LeCun et al. 1998                 28x28 (padded by 2) or 32x32 only
///   vgg8, _w64, _w128        after Simonyan, Zisserman 2015    the same
///   vgg11, vgg13, vgg16, _bn Simonyan, Zisserman 2015; A, B, D one linear layer of 512 inputs
///   vgg11_w32, _bn           A at half its width               one linear layer of 256 inputs
///   resnet8/14/20/32/56, _a  He et al. 2016, section 4.2       the same
///   resnet18, resnet50       He et al. 2016, stride in the 3x3 3x3 stem of stride 1, no max pool
///   alexnet                  Krizhevsky 2014                   stem padded by 5, 2x2 pools, one
///                                                              linear layer
///   mobilenet_v1             Howard et al. 2017, width 1       stem of stride 1
///   mobilenet_v2             Sandler et al. 2018, width 1      stem and second stage of stride 1
///   squeezenet1_1            Iandola et al. 2016, release 1.1  stem of stride 1, padded by 1
///
/// Throws InputError for an unknown name, listing the known ones, for fewer than 2 classes, and for
/// an input of a size the network does not take, naming those it takes.
Network make_network(const std::string& name, Shape input, int classes, std::uint64_t seed);

/// A network before it has weights, so that the largest costs nothing.
struct NetworkPlan {
  Network network;                      ///< every `weight` is empty
  std::map<std::string, Shape> shapes;  ///< of each value
  std::int64_t parameters = 0;          ///< as count_parameters() would count them
};

/// What make_network() initialises. Throws as it does.
NetworkPlan plan_network(const std::string& name, Shape input, int classes);

}  // namespace crossloop::network
