// The limits of weight-constrained training.
#include "pruning/weight_clip.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "tests/chain_network.hpp"

namespace crossloop::pruning {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// A linear layer with these weights.
network::Network linear(const std::vector<float>& weights) {
  tests::Chain chain({1, 1, static_cast<int>(weights.size())});
  chain.add("flatten", network::Flatten{}).linear("fc", static_cast<int>(weights.size()), 1);
  auto values = network::weight_of(chain.net.node("fc")).values;
  std::copy(weights.begin(), weights.end(), values.begin());
  return chain.net;
}

TEST(ClipLimits, LeaveThatShareOfTheNonzeroWeightsAlone) {
  const auto net = linear({0.0F, -4.0F, 1.0F, 0.0F, 2.0F, 3.0F});
  EXPECT_THAT(clip_limits(net, 50.0), ElementsAre(Pair("fc", 2.0F)));
  EXPECT_THAT(clip_limits(net, 75.0), ElementsAre(Pair("fc", 3.0F)));
  EXPECT_THAT(clip_limits(net, 76.0), ElementsAre(Pair("fc", 4.0F)));
  EXPECT_THAT(clip_limits(net, 1.0), ElementsAre(Pair("fc", 1.0F)));
}

TEST(ClipLimits, AreNoneAtAHundredAndOfWhollyPrunedLayers) {
  EXPECT_THAT(clip_limits(linear({1.0F, 2.0F}), 100.0), IsEmpty());
  EXPECT_THAT(clip_limits(linear({0.0F, 0.0F}), 50.0), IsEmpty());
}

}  // namespace
}  // namespace crossloop::pruning
