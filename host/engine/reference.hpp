// The plain reference of numerics.md, steps 4-7: one page, one input vector. It is the
// specification that the fast engine and rtl/tile.v are held to.
#pragma once

#include <cstdint>
#include <span>

#include "host/analog/inl_table.hpp"
#include "host/compiler/deployment.hpp"
#include "host/engine/noise.hpp"

namespace crossloop::engine {

/// One crossbar's contents: codes are [rows][columns], 0..2^W-1.
struct PageView {
  std::span<const std::uint16_t> codes;
  const compiler::PageTables* tables = nullptr;
  const analog::InlTable* inl = nullptr;  ///< of its ADC; null: all corrections are 0
};

struct RunSettings {
  int input_bits = 8;     ///< phases, least significant bit first, 1..8
  bool skip_zero = true;  ///< a phase with P_t = 0 contributes exactly 0
  std::uint32_t seed = 1;
};

struct ConversionCounters {
  std::int64_t column_reads = 0;  ///< columns * phases, skipped phases included
  std::int64_t conversions = 0;   ///< without skipped phases
  std::int64_t clipped_low = 0;
  std::int64_t clipped_high = 0;
  ConversionCounters& operator+=(const ConversionCounters& other);
  bool operator==(const ConversionCounters&) const = default;
};

/// S_j = sum_r x_t[r] * q[r][j] - b_j * P_t for one phase (step 4).
std::int32_t column_sum(const PageView& page, std::span<const std::uint8_t> input, int bit,
                        int column);

/// Adds what `page` (noise key (settings.seed, crossbar)) contributes for the input `vector` to the
/// layer's accumulators. `input` is the layer's whole input vector; the row table picks from it.
/// Indices in the tables must be valid (asserted).
void accumulate_page(const PageView& page, std::uint32_t crossbar, const RunSettings& settings,
                     std::uint32_t vector, std::span<const std::uint8_t> input,
                     std::span<std::int32_t> accumulators, ConversionCounters& counters);

}  // namespace crossloop::engine
