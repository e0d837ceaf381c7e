// The ADC resolutions of a deployment as text and JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/compiler/adc_summary.hpp"

namespace crossloop::cli {

/// A section with a line per crossbar layer: conversions, mean bits, and the bits of each slice,
/// marked proven or statistical.
std::string adc_table(const compiler::Deployment& deployment);

/// conversions, mean_bits and groups of one layer.
nlohmann::json adc_json(const compiler::LayerAdcs& layer);

}  // namespace crossloop::cli
