// Which real values the 8-bit activations between layers stand for, from calibration images.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/network/network.hpp"

namespace crossloop::compiler {

/// How the range of a tensor is chosen. A tensor that is nowhere negative begins at 0.
enum class ActivationRangePolicy {
  kMax,         ///< the smallest and the largest element
  kPercentile,  ///< two percentiles of the elements; what lies beyond clips
  kLeastError   ///< least mean square of clipping and quantisation over the elements
};

/// The names that command line and configuration use, in the order of the enumerators.
inline constexpr std::string_view kActivationRangePolicies[] = {"max", "percentile", "least-error"};
std::string activation_range_name(ActivationRangePolicy policy);
/// Nothing where there is no such policy.
std::optional<ActivationRangePolicy> activation_range_policy(std::string_view name);

struct ActivationRangeOptions {
  ActivationRangePolicy policy = ActivationRangePolicy::kMax;
  double percentile = 99.99;  ///< 50..100, for kPercentile: of the elements at or below the upper
                              ///< end, and of those at or above the lower one
};

/// Ends of a range of real values.
struct ValueRange {
  float low = 0.0F;
  float high = 0.0F;
  bool operator==(const ValueRange&) const = default;
};

/// The elements of one tensor, counted in bins of equal width. The width is the least power of two
/// at which kBins bins hold every element seen, so the histogram, of constant size, depends on the
/// elements alone and not on their order.
class ValueHistogram {
 public:
  static constexpr int kBins = 1 << 15;  ///< half of them below 0

  /// Adds elements, which must be finite (asserted).
  void add(std::span<const float> values);

  std::int64_t count() const { return count_; }
  /// Smallest and largest element, and 0. Exact.
  ValueRange extent() const { return extent_; }

  /// The range a policy gives. Percentiles are those of the bins, rounded outwards, and never
  /// beyond extent(); with 0 elements 0..0. kLeastError tries all pairs of i/128 of the lower and
  /// j/128 of the upper end of extent(); the error of a pair is the mean square of what it cuts off
  /// plus step^2 / 12 for every element that is not 0, step = (high - low) / 255. Of equals the
  /// widest wins.
  ValueRange range(const ActivationRangeOptions& options) const;

 private:
  void grow();
  double centre(int bin) const;
  ValueRange percentile(double percent) const;
  ValueRange least_error() const;

  static constexpr int kFinest = -120;  ///< below it a float is as good as 0
  int exponent_ = kFinest;  ///< bin b holds 2^exponent_ * [b - kBins / 2, b - kBins / 2 + 1)
  std::int64_t count_ = 0;
  std::int64_t zeros_ = 0;
  ValueRange extent_;
  std::vector<std::int64_t> bins_ = std::vector<std::int64_t>(kBins);
};

/// The range of each value of `network` over a set of images, batch by batch: memory is that of the
/// histograms. The output of the network keeps its extent under every policy. Throws InputError
/// naming a value that is not finite.
std::map<std::string, ValueRange> observe_ranges(const network::Network& network,
                                                 const data::Dataset& images,
                                                 const ActivationRangeOptions& options = {});

}  // namespace crossloop::compiler
