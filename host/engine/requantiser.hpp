// Requantisation of whole rows of accumulators (numerics.md, step 8): requantise() of every one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/engine/requantise.hpp"

namespace crossloop::engine {

/// The output scales of a layer, laid out for vector instructions.
class Requantiser {
 public:
  Requantiser(std::span<const OutputScale> scales, const OutputRange& range);

  /// One accumulator and one value for each scale.
  void operator()(const std::int32_t* accumulators, std::int32_t* values) const;

 private:
  std::vector<std::int64_t> bias_, multiplier_, half_, shift_;
  std::int64_t zero_, low_, high_;
};

}  // namespace crossloop::engine
