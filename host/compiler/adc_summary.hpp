// The ADC resolutions of a deployment, and which of them are proven.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/compiler/adc_proof.hpp"
#include "host/compiler/deployment.hpp"

namespace crossloop::compiler {

/// Columns of one slice of a layer (or its unit columns) that are proven, or in doubt for the same
/// reason.
struct AdcColumns {
  std::int32_t slice = 0;
  bool unit = false;
  AdcDoubt doubt = AdcDoubt::kNone;
  std::int64_t columns = 0;
  int fewest_bits = kLargestAdcBits;
  int most_bits = 0;
  bool operator==(const AdcColumns&) const = default;
};

struct LayerAdcs {
  int layer = 0;                    ///< index into Deployment::layers
  std::int64_t conversions = 0;     ///< per image, every phase converted
  double mean_bits = 0.0;           ///< over the conversions
  std::vector<AdcColumns> columns;  ///< by slice, unit columns last; proven ones first
  bool operator==(const LayerAdcs&) const = default;
};

/// The crossbar layers in order of execution.
std::vector<LayerAdcs> summarise_adcs(const Deployment& deployment);

/// Mean over the conversions of all layers; 0 without any.
double mean_bits(const std::vector<LayerAdcs>& layers);

}  // namespace crossloop::compiler
