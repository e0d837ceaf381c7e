#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <type_traits>

#include "Vadc_inl.h"
#include "host/engine/adc.hpp"
#include "testbench/coverage_file.hpp"
#include "testbench/vector_file.hpp"
#include "tests/random_pages.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;

/// adc_inl has no reset, so it cannot be a Dut.
class AdcInlRtl : public ::testing::Test {
 protected:
  AdcInlRtl() {
    model_.clk_i = model_.valid_i = 0;
    model_.eval();
    for (int page = 0; page < DUT_PAGES; ++page) {
      tables_[page] = testing_support::random_inl(rng_);
      for (int word = 0; word < 64; ++word) write(page, word);
    }
  }

  void tick() {
    vectors_.before_edge(model_);
    for (const CData level : {CData{1}, CData{0}}) {
      model_.clk_i = level;
      model_.eval();
    }
  }

  void write(int page, int word) {
    std::uint32_t value = 0;
    for (int byte = 3; byte >= 0; --byte) {
      const auto entry = tables_[page][static_cast<std::size_t>(4 * word + byte)];
      value = value << 8 | static_cast<std::uint8_t>(entry);
    }
    model_.we_i = 1;
    model_.addr_i = static_cast<std::remove_reference_t<decltype(model_.addr_i)>>(page * 64 + word);
    model_.wdata_i = value;
    tick();
    model_.we_i = 0;
  }

  /// Moves one code on; the answer is there after the edge.
  void move(int page, int bits, int code, bool inl) {
    model_.valid_i = 1;
    model_.inl_i = inl;
    model_.page_i = static_cast<std::remove_reference_t<decltype(model_.page_i)>>(page);
    model_.bits_i = static_cast<CData>(bits);
    model_.code_i = static_cast<SData>(code);
    tick();
  }

  std::mt19937 rng_{static_cast<unsigned>(bench_seed())};
  analog::InlTable tables_[DUT_PAGES];
  VerilatedContext context_;
  Vadc_inl model_{&context_};
  testbench::CoverageFile<Vadc_inl> coverage_{context_};
  testbench::VectorFile<Vadc_inl> vectors_;
};

TEST_F(AdcInlRtl, MatchesTwinForEveryCodeOfEveryResolution) {
  SCOPED_TRACE(testing_support::replay_hint());
  for (int page = 0; page < DUT_PAGES; ++page) {
    for (int bits = 1; bits <= 12; ++bits) {
      for (int code = 0; code < 1 << bits; ++code) {
        move(page, bits, code, true);  // one a cycle
        ASSERT_EQ(model_.code_o,
                  static_cast<unsigned>(engine::corrected_code(code, bits, tables_[page])))
            << "page " << page << ", code " << code << " of " << bits << " bits";
      }
    }
  }
}

TEST_F(AdcInlRtl, PassesCodesWithoutAnInlAndHoldsThemWithoutANewOne) {
  for (const int code : {0, 1, 255, 256, 4095}) {
    move(0, 12, code, false);
    EXPECT_EQ(model_.code_o, static_cast<unsigned>(code));
    model_.valid_i = 0;
    model_.code_i = 17;
    model_.inl_i = 1;
    tick();
    EXPECT_EQ(model_.code_o, static_cast<unsigned>(code));
  }
}

}  // namespace
}  // namespace crossloop
