// What `crossloop run --layer-errors` shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/runtime/layer_errors.hpp"

namespace crossloop::cli {

/// One line per layer: the four signal-to-error figures in dB ("exact", "no signal") and the share
/// of clipped conversions; then the layer that adds most error of its own.
std::string layer_error_table(const std::vector<runtime::LayerError>& layers);

/// [{"name", "integer_vs_float_db", "chip_vs_float_db", "chip_vs_integer_db", "own_db", "adc"}]; a
/// figure is a number or one of the texts above, "adc" null for digital layers.
nlohmann::json layer_error_json(const std::vector<runtime::LayerError>& layers);

}  // namespace crossloop::cli
