#include "host/runtime/adc_range.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "host/compiler/deployment.hpp"
#include "host/error.hpp"

namespace crossloop::runtime {
namespace {

constexpr int kLargestShift = 31;  // of the ADC, numerics.md step 6
constexpr double kNoiseMargin = 3.0;

double step_of(int shift) { return std::ldexp(1.0, shift - compiler::kGainFractionBits); }

float quantile(std::vector<float>& values, double share) {
  const std::size_t rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank),
                   values.end());
  return values[rank];
}

/// Two sums that the codes must hold.
struct Ends {
  double low = 0.0;
  double high = 0.0;
};

/// The range of steps of 2^shift that holds both ends, codes left over on both sides alike; nothing
/// where `bits` do not.
std::optional<AdcRange> range_at(const Ends& ends, int bits, int shift) {
  const double step = step_of(shift);
  const double below = std::max(0.0, std::ceil(-ends.low / step));
  const double spare = (1 << bits) - 1 - below - std::ceil(std::max(0.0, ends.high) / step);
  if (spare < 0.0) return std::nullopt;
  return AdcRange{shift, static_cast<std::int32_t>(below + std::floor(spare / 2.0))};
}

/// The smallest step whose codes hold both ends.
AdcRange range_of(const Ends& ends, const AdcRangeCase& range_case) {
  for (int shift = range_case.finest_shift; shift <= kLargestShift; ++shift) {
    if (const auto range = range_at(ends, range_case.bits, shift)) return *range;
  }
  throw InputError(range_case.where + ": " + std::to_string(range_case.bits) +
                   "-bit ADC cannot hold sums from " + std::to_string(ends.low) + " to " +
                   std::to_string(ends.high) + " code units");
}

/// Mean squares of what rails cut off a sample, from running sums over the sorted values.
class Clipping {
 public:
  /// Sorts the sample, which must outlive this.
  explicit Clipping(std::vector<float>& values) : values_(values) {
    std::sort(values.begin(), values.end());
    sum_.push_back(0.0);
    square_.push_back(0.0);
    for (const double value : values_) {
      sum_.push_back(sum_.back() + value);
      square_.push_back(square_.back() + value * value);
    }
  }

  /// Mean over all sums, moved by `shift`, of the square of what is beyond low or high.
  double error(double low, double high, double shift) const {
    const std::size_t all = values_.size();
    const double cut = part(0, count_below(low - shift), low - shift) +
                       part(count_below(high - shift), all, high - shift);
    return cut / static_cast<double>(all);
  }
  double highest() const { return values_.back(); }
  double lowest() const { return values_.front(); }

 private:
  std::size_t count_below(double limit) const {
    return static_cast<std::size_t>(
        std::distance(values_.begin(), std::lower_bound(values_.begin(), values_.end(), limit)));
  }
  /// Sum over values [first, last) of (v - rail)^2.
  double part(std::size_t first, std::size_t last, double rail) const {
    const double count = static_cast<double>(last - first);
    const double sum = sum_[last] - sum_[first];
    return std::max(0.0, square_[last] - square_[first] - 2.0 * rail * sum + rail * rail * count);
  }

  const std::vector<float>& values_;
  std::vector<double> sum_, square_;
};

/// Normal noise as three points with its first five moments (Gauss and Hermite).
double noisy_error(const Clipping& clipping, const AdcRange& range, int bits, double noise) {
  const double step = step_of(range.shift);
  const double low = -range.zero_code * step;
  const double high = low + ((1 << bits) - 1) * step;
  const double quantisation = step * step / 12.0;
  if (noise == 0.0) return clipping.error(low, high, 0.0) + quantisation;
  const double apart = std::sqrt(3.0) * noise;
  return quantisation + 2.0 / 3.0 * clipping.error(low, high, 0.0) +
         1.0 / 6.0 * (clipping.error(low, high, -apart) + clipping.error(low, high, apart));
}

/// The outermost sums with room for the points that stand for the noise.
Ends noisy_ends(double lowest, double highest, double noise) {
  const double margin = std::sqrt(3.0) * noise;
  return {lowest - margin, highest + margin};
}

AdcRange least_error(const AdcRangeCase& range_case, std::vector<float>& sums) {
  const Clipping clipping(sums);
  AdcRange best;
  int last = 0;  // of the zero codes as good as best
  double least = std::numeric_limits<double>::infinity();
  // No step beyond the first that holds everything can be better.
  const int coarsest =
      range_of(noisy_ends(clipping.lowest(), clipping.highest(), range_case.noise), range_case)
          .shift;
  for (int shift = coarsest; shift >= range_case.finest_shift; --shift) {
    for (int zero = 0; zero < 1 << range_case.bits; ++zero) {
      const AdcRange range{shift, zero};
      const double error = noisy_error(clipping, range, range_case.bits, range_case.noise);
      if (error < least) best = range;
      if (error <= least && best.shift == shift) last = zero;
      least = std::min(least, error);
    }
  }
  best.zero_code += (last - best.zero_code) / 2;
  return best;
}

/// The ends of the policies that have some; not kMinimumError.
Ends ends_of(const AdcRangeOptions& options, const AdcRangeCase& range_case,
             std::vector<float>& values) {
  const double margin = kNoiseMargin * range_case.noise;
  if (options.policy == AdcRangePolicy::kFixed) return {-margin, range_case.full_scale};
  if (options.policy == AdcRangePolicy::kMax) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return {*low - margin, *high};
  }
  const double low = quantile(values, 1.0 - options.percentile / 100.0) - margin;
  return {low, quantile(values, options.percentile / 100.0)};
}

/// What `range` holds of the outermost sums of a sample.
Ends held_ends(const AdcRangeCase& range_case, const AdcRange& range,
               const std::vector<float>& values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  const Ends ends = noisy_ends(*lowest, *highest, range_case.noise);
  const double step = step_of(range.shift);
  const double low = -range.zero_code * step;
  return {std::max(ends.low, low), std::min(ends.high, low + ((1 << range_case.bits) - 1) * step)};
}

/// The range of one policy; reorders the sample.
AdcRange range_for(const AdcRangeOptions& options, const AdcRangeCase& range_case,
                   std::vector<float>& sums) {
  if (options.policy == AdcRangePolicy::kMinimumError) return least_error(range_case, sums);
  return range_of(ends_of(options, range_case, sums), range_case);
}

}  // namespace

std::string adc_range_name(AdcRangePolicy policy) {
  return std::string(kAdcRangePolicies[static_cast<std::size_t>(policy)]);
}

std::optional<AdcRangePolicy> adc_range_policy(std::string_view name) {
  const auto found = std::find(std::begin(kAdcRangePolicies), std::end(kAdcRangePolicies), name);
  if (found == std::end(kAdcRangePolicies)) return std::nullopt;
  return static_cast<AdcRangePolicy>(found - std::begin(kAdcRangePolicies));
}

std::string adc_resolution_name(AdcResolution resolution) {
  return std::string(kAdcResolutions[static_cast<std::size_t>(resolution)]);
}

std::optional<AdcResolution> adc_resolution(std::string_view name) {
  const auto found = std::find(std::begin(kAdcResolutions), std::end(kAdcResolutions), name);
  if (found == std::end(kAdcResolutions)) return std::nullopt;
  return static_cast<AdcResolution>(found - std::begin(kAdcResolutions));
}

AdcRange choose_adc_range(const AdcRangeOptions& options, const AdcRangeCase& range_case,
                          std::vector<float> sums) {
  if (sums.empty()) sums.push_back(0.0F);
  return range_for(options, range_case, sums);
}

AdcSetting choose_adc_setting(const AdcRangeOptions& options, const AdcRangeCase& range_case,
                              std::vector<float> sums) {
  assert(options.resolution != AdcResolution::kProven);
  if (sums.empty()) sums.push_back(0.0F);
  const AdcRange widest = range_for(options, range_case, sums);
  const AdcSetting setting{range_case.bits, widest};
  const bool coarse = widest.shift > range_case.finest_shift;
  if (options.resolution == AdcResolution::kTile || coarse) return setting;
  const Ends ends = options.policy == AdcRangePolicy::kMinimumError
                        ? held_ends(range_case, widest, sums)
                        : ends_of(options, range_case, sums);
  for (int bits = 1; bits < range_case.bits; ++bits) {
    if (const auto range = range_at(ends, bits, widest.shift)) return {bits, *range};
  }
  return setting;
}

}  // namespace crossloop::runtime
