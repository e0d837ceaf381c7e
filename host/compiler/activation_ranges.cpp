#include "host/compiler/activation_ranges.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>

#include "host/error.hpp"
#include "host/network/executor.hpp"

namespace crossloop::compiler {
namespace {

constexpr int kCalibrationBatch = 50;
constexpr int kHalf = ValueHistogram::kBins / 2;
constexpr int kCandidates = 128;  // ends that kLeastError tries on either side of 0
constexpr double kCodes = 255.0;

/// Mean square of what ends cut off binned elements, from running sums over the bins of one sign,
/// nearest to 0 first.
class Tail {
 public:
  void add(double magnitude, std::int64_t count) {
    const double weight = static_cast<double>(count);
    magnitudes_.push_back(magnitude);
    counts_.push_back(counts_.back() + weight);
    sums_.push_back(sums_.back() + weight * magnitude);
    squares_.push_back(squares_.back() + weight * magnitude * magnitude);
  }
  /// Sum over the elements beyond `end` >= 0 of (magnitude - end)^2.
  double cut(double end) const {
    const auto first = static_cast<std::size_t>(std::distance(
        magnitudes_.begin(), std::upper_bound(magnitudes_.begin(), magnitudes_.end(), end)));
    const double count = counts_.back() - counts_[first];
    const double sum = sums_.back() - sums_[first];
    return std::max(0.0, squares_.back() - squares_[first] - 2.0 * end * sum + end * end * count);
  }

 private:
  std::vector<double> magnitudes_;
  std::vector<double> counts_ = {0.0}, sums_ = {0.0}, squares_ = {0.0};
};

/// How many of kCandidates ends there are on a side that ends at `end`: none where it is 0.
int candidates(float end) { return end == 0.0F ? 0 : kCandidates; }

float part_of(float end, int i) {
  return end * static_cast<float>(i) / static_cast<float>(kCandidates);
}

}  // namespace

std::string activation_range_name(ActivationRangePolicy policy) {
  return std::string(kActivationRangePolicies[static_cast<std::size_t>(policy)]);
}

std::optional<ActivationRangePolicy> activation_range_policy(std::string_view name) {
  const auto found =
      std::find(std::begin(kActivationRangePolicies), std::end(kActivationRangePolicies), name);
  if (found == std::end(kActivationRangePolicies)) return std::nullopt;
  return static_cast<ActivationRangePolicy>(found - std::begin(kActivationRangePolicies));
}

void ValueHistogram::add(std::span<const float> values) {
  if (values.empty()) return;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  assert(std::isfinite(*low) && std::isfinite(*high));
  extent_.low = std::min(extent_.low, *low);
  extent_.high = std::max(extent_.high, *high);
  while (std::ldexp(kHalf, exponent_) <= extent_.high ||
         std::ldexp(-kHalf, exponent_) > extent_.low) {
    grow();
  }
  const double per_unit = std::ldexp(1.0, -exponent_);
  for (const float value : values) {
    const double bin = std::floor(static_cast<double>(value) * per_unit);
    bins_[static_cast<std::size_t>(static_cast<int>(bin) + kHalf)] += 1;
    zeros_ += value == 0.0F ? 1 : 0;
  }
  count_ += static_cast<std::int64_t>(values.size());
}

/// Bins of twice the width: pairs of the old ones, around the same 0.
void ValueHistogram::grow() {
  std::vector<std::int64_t> wider(kBins);
  for (int bin = 0; bin < kBins; ++bin) {
    wider[static_cast<std::size_t>(bin / 2 + kHalf / 2)] += bins_[static_cast<std::size_t>(bin)];
  }
  bins_ = std::move(wider);
  ++exponent_;
}

double ValueHistogram::centre(int bin) const {
  const double middle = std::ldexp(static_cast<double>(bin - kHalf) + 0.5, exponent_);
  return std::clamp(middle, static_cast<double>(extent_.low), static_cast<double>(extent_.high));
}

ValueRange ValueHistogram::range(const ActivationRangeOptions& options) const {
  if (count_ == 0) return {};
  switch (options.policy) {
    case ActivationRangePolicy::kMax:
      return extent_;
    case ActivationRangePolicy::kPercentile:
      return percentile(options.percentile);
    case ActivationRangePolicy::kLeastError:
      break;
  }
  return least_error();
}

ValueRange ValueHistogram::percentile(double percent) const {
  const auto inside =
      static_cast<std::int64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_)));
  const std::int64_t wanted = std::clamp<std::int64_t>(inside, 1, count_);
  int high = 0, low = kBins - 1;
  for (std::int64_t seen = bins_[0]; seen < wanted;) {
    seen += bins_[static_cast<std::size_t>(++high)];
  }
  for (std::int64_t seen = bins_[kBins - 1]; seen < wanted;) {
    seen += bins_[static_cast<std::size_t>(--low)];
  }
  const auto edge = [this](int bin) {
    return static_cast<float>(std::ldexp(static_cast<double>(bin - kHalf), exponent_));
  };
  return {.low = std::clamp(edge(low), extent_.low, 0.0F),
          .high = std::clamp(edge(high + 1), 0.0F, extent_.high)};
}

ValueRange ValueHistogram::least_error() const {
  Tail above, below;
  for (int i = 0; i < kHalf; ++i) {
    const auto over = static_cast<std::size_t>(kHalf + i);
    const auto under = static_cast<std::size_t>(kHalf - 1 - i);
    if (bins_[over] != 0) above.add(centre(kHalf + i), bins_[over]);
    if (bins_[under] != 0) below.add(-centre(kHalf - 1 - i), bins_[under]);
  }
  const double quantised = static_cast<double>(count_ - zeros_) / 12.0;
  ValueRange best = extent_;
  double least = std::numeric_limits<double>::infinity();
  for (int i = candidates(extent_.low); i >= 0; --i) {
    const float low = part_of(extent_.low, i);
    const double cut_below = below.cut(-static_cast<double>(low));
    for (int j = candidates(extent_.high); j >= 0; --j) {
      const float high = part_of(extent_.high, j);
      const double step = (static_cast<double>(high) - low) / kCodes;
      const double error = cut_below + above.cut(high) + quantised * step * step;
      if (error >= least) continue;
      least = error;
      best = {.low = low, .high = high};
    }
  }
  return best;
}

std::map<std::string, ValueRange> observe_ranges(const network::Network& network,
                                                 const data::Dataset& images,
                                                 const ActivationRangeOptions& options) {
  std::map<std::string, ValueHistogram> histograms;
  const auto observe = [&histograms](const std::string& value, const network::Shape&, int,
                                     std::span<const float> content) {
    if (!std::all_of(content.begin(), content.end(), [](float v) { return std::isfinite(v); })) {
      throw InputError("value '" + value + "' is not finite on the calibration images");
    }
    histograms[value].add(content);
  };
  for (int first = 0; first < images.count; first += kCalibrationBatch) {
    const int batch = std::min(kCalibrationBatch, images.count - first);
    network::run(network, network::normalise(network, images, first, batch), batch, observe);
  }
  std::map<std::string, ValueRange> ranges;
  for (const auto& [value, histogram] : histograms) {
    const bool output = value == network.output_name;
    ranges[value] = output ? histogram.extent() : histogram.range(options);
  }
  return ranges;
}

}  // namespace crossloop::compiler
