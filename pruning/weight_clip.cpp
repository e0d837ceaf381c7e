#include "pruning/weight_clip.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace crossloop::pruning {

namespace {

float percentile_of(std::span<const float> weights, double percentile) {
  std::vector<float> magnitudes;
  for (const float w : weights) {
    if (w != 0.0F) magnitudes.push_back(std::abs(w));
  }
  if (magnitudes.empty()) return 0.0F;
  const auto rank = static_cast<std::ptrdiff_t>(
      std::ceil(percentile / 100.0 * static_cast<double>(magnitudes.size())));
  const auto place = magnitudes.begin() + std::max<std::ptrdiff_t>(rank, 1) - 1;
  std::nth_element(magnitudes.begin(), place, magnitudes.end());
  return *place;
}

}  // namespace

std::map<std::string, float> clip_limits(const network::Network& network, double percentile) {
  std::map<std::string, float> limits;
  if (percentile >= 100.0) return limits;
  for (const network::Node& node : network.nodes) {
    if (!network::has_weight(node)) continue;
    const float limit = percentile_of(network::weight_values(node), percentile);
    if (limit > 0.0F) limits[node.name] = limit;
  }
  return limits;
}

}  // namespace crossloop::pruning
