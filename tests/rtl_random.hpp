// The replayable seed of a bench: prints itself with every failure.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

namespace crossloop::testing_support {

/// The seed of this run; give it to the Dut and to a std::mt19937.
inline int bench_seed() { return ::testing::UnitTest::GetInstance()->random_seed(); }

inline std::string replay_hint() {
  return "replay with --gtest_random_seed=" + std::to_string(bench_seed());
}

inline std::uint32_t random_word(std::mt19937& rng) { return static_cast<std::uint32_t>(rng()); }

/// True with a probability of `percent` / 100.
inline bool chance(std::mt19937& rng, unsigned percent) { return rng() % 100 < percent; }

}  // namespace crossloop::testing_support
