// Mean and standard deviation of samples, and how far they may be from what was configured.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace crossloop::testing_support {

inline constexpr int kSamples = 100'000;

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
  double kurtosis = 3.0;  ///< fourth central moment over the square of the variance
};

inline Moments moments_of(const std::vector<double>& samples) {
  const auto n = static_cast<double>(samples.size());
  Moments moments;
  for (const double x : samples) moments.mean += x / n;
  double second = 0.0, fourth = 0.0;
  for (const double x : samples) {
    const double square = (x - moments.mean) * (x - moments.mean);
    second += square / n;
    fourth += square * square / n;
  }
  moments.deviation = std::sqrt(second);
  moments.kurtosis = second > 0.0 ? fourth / (second * second) : 3.0;
  return moments;
}

inline std::vector<double> samples_of(const std::function<double(int)>& draw) {
  std::vector<double> samples(kSamples);
  for (int i = 0; i < kSamples; ++i) samples[static_cast<std::size_t>(i)] = draw(i);
  return samples;
}

/// Holds mean and deviation to within three standard errors: deviation / sqrt(n) of the mean,
/// deviation sqrt((kurtosis - 1) / 4n) of the deviation.
inline void expect_moments(const std::vector<double>& samples, double mean, double deviation) {
  const Moments found = moments_of(samples);
  const auto n = static_cast<double>(samples.size());
  EXPECT_NEAR(found.mean, mean, 3.0 * deviation / std::sqrt(n));
  EXPECT_NEAR(found.deviation, deviation,
              3.0 * deviation * std::sqrt((found.kurtosis - 1.0) / (4.0 * n)));
}

/// Holds a share to within three standard errors of a binomial.
inline void expect_share(const std::vector<double>& zeros_and_ones, double share) {
  const Moments found = moments_of(zeros_and_ones);
  const auto n = static_cast<double>(zeros_and_ones.size());
  EXPECT_NEAR(found.mean, share, 3.0 * std::sqrt(share * (1.0 - share) / n));
}

}  // namespace crossloop::testing_support
