// The order of input channels that pruning left in the metadata of a network.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/network/network.hpp"

namespace crossloop::compiler {

/// The metadata `pruning.order.NODE`: the input channels of NODE, of all its groups, in the order
/// in which they meet the bands, with blanks between them; empty where there is none. Only which
/// inputs share a band depends on it. Throws InputError naming the entry where it is not a
/// permutation of 0 .. channels-1.
std::vector<std::int32_t> given_channel_order(const network::Network& network,
                                              const std::string& node, int channels);

/// Throws InputError for an order of a node that is absent or has no weight.
void check_channel_orders(const network::Network& network);

}  // namespace crossloop::compiler
