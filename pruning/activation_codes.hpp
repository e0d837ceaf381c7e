// Fine-tuning with activations rounded to the codes that run between the layers of a chip.
#pragma once

#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::pruning {

/// The 8-bit codes of one value of the graph: real = scale * (code - zero).
struct ActivationCodes {
  std::string value;
  float scale = 1.0F;  ///< > 0
  int zero = 0;        ///< 0..255
};

/// A copy in which every named value is rounded to its codes where it is made, and read so by all;
/// its gradient is that of the identity. Other nodes keep their names and order. Throws InputError
/// for a value that no node makes or that is named twice.
network::Network with_activation_codes(const network::Network& network,
                                       const std::vector<ActivationCodes>& codes);

/// Takes weights, biases and batch norm from `trained`, the like-named nodes of a copy. Throws
/// InputError naming a node that is absent there or of another kind.
void take_parameters(network::Network& network, const network::Network& trained);

}  // namespace crossloop::pruning
