// ISAAC's flip encoding: columns stored as their complement, so that the ADC needs a bit less.
//
// Pure integers: ISAAC's own rule, which goes by the most significant bit of a full crossbar's ADC.
// The compiler's `offset` encoding flips by the rows in use instead (host/compiler/place.cpp).
// Idea: Shafiee et al., ISCA 2016; the algebra is written out here and tested.
//
// A column of w-bit cells u_i with v-bit inputs x_i gives sum_i x_i u_i. With u'_i = 2^w - 1 - u_i
// and the sum S = sum_i x_i of a unit column (all cells 1),
//
//   sum_i x_i u_i = (2^w - 1) S - sum_i x_i u'_i
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace crossloop::analog {

/// What meets in one column.
struct ColumnFormat {
  int rows = 128;      ///< R, word lines of the crossbar, 1..4096
  int cell_bits = 2;   ///< w, 1..8
  int input_bits = 1;  ///< v, bits of one DAC step, 1..8
};

/// A column's levels as stored.
struct EncodedColumn {
  std::vector<std::uint8_t> levels;  ///< [used rows]
  bool flipped = false;              ///< the flag bit of the column
};

/// R (2^v - 1) (2^w - 1), the largest sum of any column. All functions here throw InputError for a
/// format out of range.
std::int64_t largest_sum(const ColumnFormat& format);

/// Bits that hold every sum of 0..largest: ceil(log2(largest + 1)). A proven bound; 0 for 0.
int bits_for_sum(std::int64_t largest);

/// Resolution that holds every sum of every column, without a flip or with it: bits_for_sum of
/// largest_sum, or one bit less.
int adc_bits(const ColumnFormat& format, bool with_flip);

/// ISAAC's own rule for the same (recalled, not checked against the paper): ceil(log2 R) + v + w,
/// one less where v or w is 1, one less with the flip. Never below adc_bits; 9 bits and 8 with the
/// flip for R = 128, v = 1, w = 2.
int isaac_adc_bits(const ColumnFormat& format, bool with_flip);

/// Whether inputs at their largest would set the most significant bit of an ADC of
/// adc_bits(format, false) bits. `levels`: at most R, each at most 2^w - 1; else InputError.
bool needs_flip(std::span<const std::uint8_t> levels, const ColumnFormat& format);

/// The levels, or their complement where needs_flip. No sum of the result needs more than
/// adc_bits(format, true) bits.
EncodedColumn encode_column(std::span<const std::uint8_t> levels, const ColumnFormat& format);

/// sum x u from what the column gave and from S, the sum of the unit column over the same rows. S
/// is best counted digitally, as P_t is (numerics.md, step 4): a unit column that is converted
/// needs the bit that the flip saves.
std::int64_t recover_sum(std::int64_t column_sum, std::int64_t unit_sum, bool flipped,
                         int cell_bits);

}  // namespace crossloop::analog
