#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include "Vcolumn_sum.h"
#include "testbench/coverage_file.hpp"
#include "testbench/vector_file.hpp"
#include "tests/rtl_random.hpp"

namespace crossloop {
namespace {

using testing_support::bench_seed;
using testing_support::chance;

constexpr int kRows = DUT_ROWS;
constexpr int kCodeWidth = DUT_CODE_WIDTH;
constexpr int kSumWidth = DUT_SUM_WIDTH;
constexpr int kPlaneWidth = (kRows + 31) / 32 * 32;

/// Sets bit `index` of a port of any width.
template <class Port>
void set_bit(Port& port, int index, bool value) {
  if constexpr (std::is_integral_v<Port>) {
    const Port mask = static_cast<Port>(Port{1} << index);
    port = static_cast<Port>(value ? port | mask : port & ~mask);
  } else {
    set_bit(port[static_cast<std::size_t>(index / 32)], index % 32, value);
  }
}

/// column_sum has no reset, so it cannot be a Dut.
class ColumnSumRtl : public ::testing::Test {
 protected:
  ColumnSumRtl() {
    model_.clk_i = 0;
    model_.eval();
  }

  /// Drives codes and x[row], both of kRows entries, and returns the sum.
  std::int64_t sum(const std::vector<int>& codes, const std::vector<int>& x, int reference) {
    int driven = 0;
    for (int row = 0; row < kPlaneWidth; ++row) {
      const auto r = static_cast<std::size_t>(row);
      set_bit(model_.x_i, row, row < kRows && x[r] == 1);
      driven += row < kRows ? x[r] : 0;
      for (int plane = 0; plane < kCodeWidth; ++plane) {
        const int code = row < kRows ? codes[r] : -1;  // unused bits must not matter
        set_bit(model_.planes_i, plane * kPlaneWidth + row, (code >> plane & 1) == 1);
      }
    }
    model_.driven_i = static_cast<std::decay_t<decltype(model_.driven_i)>>(driven);
    model_.reference_i = static_cast<SData>(reference);
    model_.enable_i = 1;
    tick();
    return read();
  }

  void tick() {
    vectors_.before_edge(model_);
    for (const CData level : {CData{1}, CData{0}}) {
      model_.clk_i = level;
      model_.eval();
    }
  }

  std::int64_t read() const {
    const auto raw = static_cast<std::int64_t>(model_.sum_o);
    return raw >= std::int64_t{1} << (kSumWidth - 1) ? raw - (std::int64_t{1} << kSumWidth) : raw;
  }

  VerilatedContext context_;
  Vcolumn_sum model_{&context_};
  testbench::CoverageFile<Vcolumn_sum> coverage_{context_};
  testbench::VectorFile<Vcolumn_sum> vectors_;
};

TEST_F(ColumnSumRtl, MatchesANaiveLoop) {
  SCOPED_TRACE(testing_support::replay_hint());
  std::mt19937 rng(static_cast<unsigned>(bench_seed()));
  for (int i = 0; i < 1000; ++i) {
    const unsigned density = i % 4 == 0 ? 100 : static_cast<unsigned>(rng() % 101);
    const int reference = i % 5 == 0 ? 65535 : static_cast<int>(rng() % 256);
    std::vector<int> codes;
    std::vector<int> x;
    std::int64_t expected = 0;
    for (int row = 0; row < kRows; ++row) {
      codes.push_back(static_cast<int>(rng() % (1U << kCodeWidth)));
      if (i % 7 == 0) codes.back() = (1 << kCodeWidth) - 1;
      x.push_back(chance(rng, density) ? 1 : 0);
      expected += x.back() * (codes.back() - reference);
    }
    ASSERT_EQ(sum(codes, x, reference), expected) << "case " << i;
  }
}

TEST_F(ColumnSumRtl, HoldsWhileDisabled) {
  const std::vector<int> codes(kRows, 1);
  const std::vector<int> x(kRows, 1);
  ASSERT_EQ(sum(codes, x, 0), kRows);
  model_.enable_i = 0;
  model_.reference_i = 9;
  tick();
  EXPECT_EQ(read(), kRows);
}

}  // namespace
}  // namespace crossloop
