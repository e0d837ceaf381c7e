#include "host/compiler/channel_order.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "host/error.hpp"

namespace crossloop::compiler {

namespace {

const std::string kPrefix = "pruning.order.";

[[noreturn]] void refuse(const std::string& node, const std::string& what, int channels) {
  throw InputError("metadata " + kPrefix + node + ": " + what +
                   ", expected a permutation of 0 to " + std::to_string(channels - 1));
}

}  // namespace

std::vector<std::int32_t> given_channel_order(const network::Network& network,
                                              const std::string& node, int channels) {
  const auto entry = network.metadata.find(kPrefix + node);
  if (entry == network.metadata.end()) return {};
  std::vector<std::int32_t> order;
  std::vector<bool> seen(static_cast<std::size_t>(channels), false);
  std::istringstream words(entry->second);
  for (std::string word; words >> word;) {
    std::int32_t channel = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), channel);
    if (error != std::errc{} || end != word.data() + word.size()) {
      refuse(node, "'" + word + "' is not a number", channels);
    }
    if (channel < 0 || channel >= channels) refuse(node, "channel " + word, channels);
    if (seen[static_cast<std::size_t>(channel)])
      refuse(node, "channel " + word + " twice", channels);
    seen[static_cast<std::size_t>(channel)] = true;
    order.push_back(channel);
  }
  if (static_cast<int>(order.size()) != channels) {
    refuse(node, std::to_string(order.size()) + " channels", channels);
  }
  return order;
}

void check_channel_orders(const network::Network& network) {
  for (const auto& [key, value] : network.metadata) {
    if (!key.starts_with(kPrefix)) continue;
    const std::string name = key.substr(kPrefix.size());
    const auto node = std::find_if(network.nodes.begin(), network.nodes.end(),
                                   [&](const network::Node& one) { return one.name == name; });
    if (node == network.nodes.end() || !network::has_weight(*node)) {
      throw InputError("metadata " + key + ": network '" + network.name +
                       "' has no such node with a weight, expected a Conv or Linear");
    }
  }
}

}  // namespace crossloop::compiler
