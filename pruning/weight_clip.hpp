// The limits of weight-constrained training (methods.md 2.5).
#pragma once

#include <map>
#include <string>

#include "host/network/network.hpp"

namespace crossloop::pruning {

/// By node: the |w| that `percentile` percent (above 0, at most 100) of its nonzero weights do not
/// exceed, for FinetuneConstraints::weight_limit; nodes of zeros alone are not named. None at 100.
std::map<std::string, float> clip_limits(const network::Network& network, double percentile);

}  // namespace crossloop::pruning
