// The network the loop starts from.
#pragma once

#include <string>

#include "host/data/dataset.hpp"
#include "host/loop/loop_config.hpp"
#include "host/network/network.hpp"

namespace crossloop::loop {

struct StartingNetwork {
  network::Network network;
  std::string origin;  ///< "trained here", or the file it comes from
};

/// `config.model` as it is, with the normalisation of the configuration where that has one; else
/// `config.shipped` where it is the network of that name, trained on this data set, and images and
/// classes fit; else the network of the zoo, trained on `images` with a checkpoint in the run
/// folder. Throws InputError where a file is no model or the normalisation does not fit it.
StartingNetwork starting_network(const LoopConfig& config, const data::Dataset& images,
                                 const pruning::EpochObserver& observer);

/// The part that can be wrong before the images are there: throws InputError like
/// starting_network().
void check_starting_network(const LoopConfig& config);

}  // namespace crossloop::loop
