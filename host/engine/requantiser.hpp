// Requantisation of whole rows (numerics.md, step 8): what requantise.hpp says, of every element.
#pragma once

#include <cstddef>
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

/// values[i] = requantised_add(a[i], b[i], scale, range) for i < count.
void requantise_sums(const std::uint8_t* a, const std::uint8_t* b, std::size_t count,
                     const AddScale& scale, const OutputRange& range, std::int32_t* values);

}  // namespace crossloop::engine
