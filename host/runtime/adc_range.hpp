// Which sums the codes of an ADC shall cover: shift and zero code from a sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/compiler/adc_group.hpp"

namespace crossloop::runtime {

/// How the range of an ADC is chosen.
enum class AdcRangePolicy {
  kFixed,        ///< full scale: all word lines driven, all cells at the highest level
  kMax,          ///< the largest and the smallest sum of the sample
  kPercentile,   ///< two percentiles of the sample; what lies beyond clips
  kMinimumError  ///< least mean square of clipping and quantisation over the sample
};

/// The names that command line and configuration use, in the order of the enumerators.
inline constexpr std::string_view kAdcRangePolicies[] = {"fixed", "max", "percentile",
                                                         "minimum-error"};
std::string adc_range_name(AdcRangePolicy policy);
/// Nothing where there is no such policy.
std::optional<AdcRangePolicy> adc_range_policy(std::string_view name);

/// How the resolution of an ADC is chosen.
enum class AdcResolution {
  kTile,       ///< the tile's adc_bits
  kProven,     ///< what holds every sum the target levels can make, compiler::prove_adcs()
  kCalibrated  ///< the fewest bits whose steps of one level hold the range the policy gives
};
inline constexpr std::string_view kAdcResolutions[] = {"tile", "proven", "calibrated"};
std::string adc_resolution_name(AdcResolution resolution);
/// Nothing where there is no such resolution.
std::optional<AdcResolution> adc_resolution(std::string_view name);

struct AdcRangeOptions {
  AdcRangePolicy policy = AdcRangePolicy::kPercentile;
  double percentile = 99.99;  ///< 50..100, for kPercentile: of the sums below the upper rail, and
                              ///< of those above the lower one
  compiler::AdcGroup group = compiler::AdcGroup::kSlice;
  AdcResolution resolution = AdcResolution::kTile;
};

/// What is known about the columns that share a range. Sums are in code units, after the gain.
struct AdcRangeCase {
  int bits = 8;             ///< B_g, 1..12
  int finest_shift = 0;     ///< no finer step than 2^finest_shift
  double noise = 0.0;       ///< standard deviation of the read noise
  double full_scale = 0.0;  ///< the largest sum there can be, for kFixed; the smallest is 0
  std::string where;        ///< for errors: `layer conv1, slice 0`
};

struct AdcRange {
  std::int32_t shift = 0;
  std::int32_t zero_code = 0;
  bool operator==(const AdcRange&) const = default;
};

/// The range a policy gives for `sums` (any order; read as noise-free). Steps are powers of two.
/// All policies but kMinimumError take the smallest step that holds their two ends, the lower one
/// three sigma of the noise further down, lest noise around zero be rectified; spare codes go to
/// both ends alike. kMinimumError has the least step^2 / 12 plus mean square of what the rails cut
/// off, over sums with their noise, of all steps and zero codes; of equals the coarsest step wins,
/// and the middle one of its zero codes. An empty sample counts as one sum of 0. Throws InputError
/// naming `where` if no step is wide enough.
AdcRange choose_adc_range(const AdcRangeOptions& options, const AdcRangeCase& range_case,
                          std::vector<float> sums);

/// A range and the resolution that holds it.
struct AdcSetting {
  int bits = 8;
  AdcRange range;
  bool operator==(const AdcSetting&) const = default;
};

/// choose_adc_range(), with range_case.bits under kTile. Under kCalibrated the fewest bits, at most
/// range_case.bits, with which steps of 2^finest_shift hold the two ends of the policy;
/// kMinimumError's are the outermost sums, sqrt(3) sigma further apart, as far as its range at
/// range_case.bits holds them. Where no such bits do, range_case.bits and coarser steps. kProven is
/// not for a sample to say (asserted).
AdcSetting choose_adc_setting(const AdcRangeOptions& options, const AdcRangeCase& range_case,
                              std::vector<float> sums);

}  // namespace crossloop::runtime
