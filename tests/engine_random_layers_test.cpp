// A thousand random layers: the engine on every instruction set against the reference.
#include <gtest/gtest.h>

#include <cstdlib>

#include "host/engine/instruction_set.hpp"
#include "tests/random_layers.hpp"

namespace crossloop::engine {
namespace {

TEST(EngineRandomLayers, EqualTheReferenceOnEveryInstructionSet) {
  const int seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE("replay with --gtest_random_seed=" + std::to_string(seed));
  std::mt19937 rng(static_cast<unsigned>(seed));
  for (int round = 0; round < 1000; ++round) {
    const testing_support::RandomLayer layer(rng);
    const JobResult expected = layer.expected();
    for (const InstructionSet& set : instruction_sets()) {
      ::setenv("CROSSLOOP_ENGINE", set.name.c_str(), 1);
      ASSERT_EQ(testing_support::mismatches(layer.run(), expected), 0)
          << "round " << round << " on " << set.name;
    }
  }
  ::unsetenv("CROSSLOOP_ENGINE");
}

}  // namespace
}  // namespace crossloop::engine
