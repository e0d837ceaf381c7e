// Which nodes of a network become one layer.
#pragma once

#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::compiler {

/// One layer to be: a Conv, Linear, Add or pool node and what runs after it for free. The pointers
/// borrow from the network.
struct FusedNode {
  const network::Node* node = nullptr;
  const network::BatchNorm* batch_norm = nullptr;  ///< nullptr where there is none
  bool relu = false;
  const network::Quantise* quantise = nullptr;  ///< the scale of its output; nullptr: to be chosen
  std::vector<std::string> inputs;              ///< values, Flatten looked through
  std::string output;                           ///< value after the last fused operator
};

/// Fuses Conv|Linear [-> BatchNorm] [-> Relu] [-> Quantise], Add [-> Relu] [-> Quantise] and pool
/// [-> Quantise]; Flatten vanishes, and so does a Quantise of the image, whose 8-bit pixels are
/// exact. The last element makes the network's output. Throws InputError naming the node for a
/// BatchNorm, Relu or Quantise that stands elsewhere (or whose input has another reader), and for a
/// value nobody reads.
std::vector<FusedNode> fuse(const network::Network& network);

}  // namespace crossloop::compiler
