// Resolutions that no sum of a column can exceed, and which ADCs of a deployment have them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/adc_group.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

inline constexpr int kLargestAdcBits = 12;  ///< B_g, numerics.md

/// Why the codes of an ADC are not proven to be the exact integer sums; the first that holds.
enum class AdcDoubt {
  kNone,        ///< proven
  kNoise,       ///< the read noise of the device is not 0
  kReference,   ///< the reference code is not that of level 0
  kGain,        ///< the gain is not 1
  kCoarseStep,  ///< a step of more than one level
  kOffset,      ///< a sum of 0 has another code than the zero code
  kClips        ///< the largest sum lies beyond the upper rail
};

/// "proven", or "statistical (read noise)" and the like.
std::string adc_doubt_text(AdcDoubt doubt);

/// Whether column sums come out of this ADC exactly, with every word line free to be 0 or 1.
/// `largest` is the sum of the column's target levels, >= 0. Proven means: given cells that hold
/// their nominal codes and an ADC without errors of its own, code minus zero code, times the step,
/// is the sum of levels. That the chip at hand has such cells is not for a deployment to know.
AdcDoubt adc_doubt(const ColumnSetting& column, std::int64_t largest,
                   const analog::CodeFormat& format);

/// The sum of target levels of each column: what it reads with all word lines driven.
std::vector<std::int64_t> column_level_sums(const Crossbar& crossbar);

/// Bits that tell 0..largest apart in steps of 1: ceil(log2(largest + 1)), at least 1.
int bits_for_sum(std::int64_t largest);

/// Gives every group of a layer the bits that hold the level sum of its fullest column, in steps of
/// one level from zero code 0, and calls finish_layer(). With unit gain, the nominal reference and
/// no noise the ADCs are then proven. Throws InputError naming layer, group and bits where a group
/// needs more than kLargestAdcBits, and what finish_layer() throws.
void prove_adcs(Deployment& deployment, int layer, AdcGroup group);

}  // namespace crossloop::compiler
