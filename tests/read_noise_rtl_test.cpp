#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "Vread_noise.h"
#include "host/engine/noise.hpp"
#include "testbench/coverage_file.hpp"
#include "testbench/vector_file.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;

/// read_noise has no reset, so it cannot be a Dut.
class ReadNoiseRtl : public ::testing::Test {
 protected:
  ReadNoiseRtl() {
    model_.clk_i = 0;
    model_.eval();
  }

  std::int32_t noise(std::uint32_t word, std::int32_t sigma, bool enable = true) {
    model_.enable_i = enable;
    model_.word_i = word;
    model_.sigma_i = static_cast<SData>(sigma);
    vectors_.before_edge(model_);
    for (const CData level : {CData{1}, CData{0}}) {
      model_.clk_i = level;
      model_.eval();
    }
    return static_cast<std::int16_t>(model_.noise_o);
  }

  VerilatedContext context_;
  Vread_noise model_{&context_};
  testbench::CoverageFile<Vread_noise> coverage_{context_};
  testbench::VectorFile<Vread_noise> vectors_;
};

TEST_F(ReadNoiseRtl, MatchesTwin) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  for (int i = 0; i < 20'000; ++i) {
    const std::uint32_t corners[] = {0U, 0xFFFFFFFFU, 0x0F0F0F0FU, 0xF0F0F0F0U};
    const std::uint32_t word = i < 40 ? corners[i % 4] : testing_support::random_word(rng);
    const auto sigma = i % 10 == 0 ? 0 : i % 10 == 1 ? 65535 : static_cast<int>(rng() & 0xFFFF);
    ASSERT_EQ(noise(word, sigma), engine::scaled_noise(engine::nibble_noise(word), sigma))
        << "word " << word << ", sigma " << sigma;
  }
}

TEST_F(ReadNoiseRtl, HoldsWhileDisabled) {
  EXPECT_EQ(noise(0xFFFFFFFFU, 256), 60);
  EXPECT_EQ(noise(0, 256, /*enable=*/false), 60);
}

}  // namespace
}  // namespace crossloop
