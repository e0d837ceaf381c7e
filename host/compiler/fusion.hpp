// Which nodes of a network become one layer.
#pragma once

#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::compiler {

/// One layer to be: a node with an integer rule of its own and what runs after it for free. The
/// pointers borrow from the network.
struct FusedNode {
  const network::Node* node = nullptr;
  const network::BatchNorm* batch_norm = nullptr;  ///< nullptr where there is none
  network::Clip clip;                              ///< what its Relu and Clip make together
  const network::Node* table = nullptr;            ///< the activation behind them, by a table
  std::string table_input;                         ///< value the table reads; empty without one
  const network::Quantise* quantise = nullptr;  ///< the scale of its output; nullptr: to be chosen
  std::vector<std::string> inputs;              ///< values, Flatten looked through
  std::string output;                           ///< value after the last fused operator
};

/// Fuses Conv|Linear [-> BatchNorm] [-> Relu|Clip]... [-> table] [-> Quantise], Add [->
/// Relu|Clip]... [-> table] [-> Quantise] and pool|Concat|Pad|Slice [-> Quantise], where `table` is
/// an activation of output_table.hpp; Flatten vanishes, and so does a Quantise of the image, whose
/// 8-bit pixels are exact. The last element makes the network's output. Throws InputError naming
/// the node for an operator without an integer rule, for a BatchNorm, Relu, Clip, table or Quantise
/// that stands elsewhere (or whose input has another reader), for a table that makes the network's
/// output, and for a value nobody reads.
std::vector<FusedNode> fuse(const network::Network& network);

}  // namespace crossloop::compiler
